// Mail identities and what their certificate settings resolve to.
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const db = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB);
const find = key => {
  try { return key && db.findCertByDBKey(key)?.getBase64DERString() || null; } catch (error) { return null; }
};
return Array.from(MailServices.accounts.allIdentities, id => ({
  key: id.key,
  email: id.email,
  sign: find(id.getCharAttribute("signing_cert_dbkey")),
  encrypt: find(id.getCharAttribute("encryption_cert_dbkey")),
}));
