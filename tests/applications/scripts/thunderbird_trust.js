// Trusts a CA (DER in base64) for e-mail.
Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB).addCertFromBase64(args[0], ",C,");
