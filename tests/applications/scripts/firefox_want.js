// The certificate (DER in base64) to pick when asked.
Services.env.set("CHECK_WANTED", args[0]);
