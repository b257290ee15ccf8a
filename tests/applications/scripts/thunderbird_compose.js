// Writes a message in the real compose window, chooses S/MIME and presses "Send".
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const [key, to, subject, body, encrypt] = args;
const fields = Cc["@mozilla.org/messengercompose/composefields;1"].createInstance(Ci.nsIMsgCompFields);
Object.assign(fields, {to, subject, body});
const params = Cc["@mozilla.org/messengercompose/composeparams;1"].createInstance(Ci.nsIMsgComposeParams);
params.composeFields = fields;
params.identity = MailServices.accounts.getIdentity(key);
params.type = Ci.nsIMsgCompType.New;
params.format = Ci.nsIMsgCompFormat.PlainText;
const opened = new Promise(resolve => {
  const listener = {
    onOpenWindow(xulWindow) { Services.wm.removeListener(listener); resolve(xulWindow.docShell.domWindow); },
    onCloseWindow() {},
  };
  Services.wm.addListener(listener);
});
MailServices.compose.OpenComposeWindowWithParams(null, params);
const win = await opened;
await new Promise(resolve => win.addEventListener("compose-editor-ready", resolve, {once: true}));
await new Promise(resolve => win.setTimeout(resolve, 300));
while (!win.gLoadingComplete) { await new Promise(resolve => win.setTimeout(resolve, 50)); }
if (win.gSelectedTechnologyIsPGP) { win.onEncryptionChoice("SMIME"); }
if (win.gSendEncrypted != encrypt) {
  // It looks for the certificates of the recipients meanwhile, and does not find one that it has not looked for.
  const checked = new Promise(resolve =>
    win.document.addEventListener("encryption-state-checked", resolve, {once: true}));
  win.toggleEncryptMessage();
  await checked;
}
if (!win.gSendSigned) { win.toggleGlobalSignMessage(); }
win.setTimeout(() => win.goDoCommand("cmd_sendNow"), 0);
return win.isSmimeSigningConfigured();
