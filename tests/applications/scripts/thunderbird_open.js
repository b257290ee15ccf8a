// Opens a message file in a message window: its text and the icons for encryption and signature.
const [path, nonce, wantSigned] = args;
const file = Cc["@mozilla.org/file/local;1"].createInstance(Ci.nsIFile);
file.initWithPath(path);
const uri = Services.io.newFileURI(file).mutate().setQuery("type=application/x-message-display").finalize();
const opened = new Promise(resolve => {
  const listener = {
    onOpenWindow(xulWindow) { Services.wm.removeListener(listener); resolve(xulWindow.docShell.domWindow); },
    onCloseWindow() {},
  };
  Services.wm.addListener(listener);
});
const features = "all,chrome,dialog=no,status,toolbar";
Services.ww.openWindow(null, "chrome://messenger/content/messageWindow.xhtml", "_blank", features, uri);
const win = await opened, shown = {text: null, encrypted: null, signed: null, error: null};
const pause = () => new Promise(resolve =>
  Cc["@mozilla.org/timer;1"].createInstance(Ci.nsITimer).initWithCallback(resolve, 100, 0));
for (let i = 0; i < 60; i++) {
  await pause();
  try {
    const browser = win.messageBrowser || win.document.getElementById("messageBrowser");
    const icon = id => (browser.contentDocument.getElementById(id)?.src || "").replace(/.*[/]/, "");
    shown.text = browser.contentWindow.getMessagePaneBrowser().contentDocument.body.textContent;
    shown.encrypted = icon("encryptedHdrIcon");
    shown.signed = icon("signedHdrIcon");
    if (shown.text.includes(nonce) && shown.encrypted && (shown.signed || !wantSigned)) { break; }
  } catch (error) { shown.error = String(error); }
}
win.close();
return shown;
