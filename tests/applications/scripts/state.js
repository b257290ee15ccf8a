// What the person before the application has met so far.
return JSON.parse(Services.env.get("CHECK_STATE"));
