// Certificates outside the built-in roots: [type, common name, DER]; type 2 is one Firefox calls its own.
const db = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB);
return Array.from(await db.getCerts())
  .filter(c => c.tokenName != "Builtin Object Token" && c.tokenName != "Builtin Roots Module")
  .map(c => [c.certType, c.commonName, c.getBase64DERString()]);
