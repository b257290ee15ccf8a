// The certificate (DER in base64) that mail to an address would be encrypted with, as the compose window looks it up.
const composeSecure = Cc["@mozilla.org/messengercompose/composesecure;1"].createInstance(Ci.nsIMsgComposeSecure);
const [address] = args;
return new Promise(resolve => composeSecure.asyncFindCertByEmailAddr(address, {
  QueryInterface: ChromeUtils.generateQI(["nsIDoneFindCertForEmailCallback"]),
  findCertDone(_address, certificate) { resolve(certificate ? certificate.getBase64DERString() : null); },
}));
