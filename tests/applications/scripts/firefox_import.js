// Imports PKCS#12 files [path, ...] under one password, as the certificate manager does: for each, 0 or the error code.
const [paths, password] = args;
const db = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB);
return paths.map(path => {
  const file = Cc["@mozilla.org/file/local;1"].createInstance(Ci.nsIFile);
  file.initWithPath(path);
  return db.importPKCS12File(file, password);
});
