// Sets the primary password as the settings page does.
const [old, fresh] = args;
const token = Cc["@mozilla.org/security/internalkeytoken;1"].getService(Ci.nsIPKCS11Token);
if (token.needsUserInit) { token.initPassword(fresh); } else { token.changePassword(old, fresh); }
return token.hasPassword;
