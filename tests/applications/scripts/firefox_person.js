// Plays the person before Firefox: types secrets into its password dialog and picks the wanted certificate in its
// "User Identification Request" dialog. Marionette's own alert commands hang on these window-modal dialogs.
const secrets = args[0];                  // {primary, token}, null when not given
const state = {asked: [], error: null};
const save = () => Services.env.set("CHECK_STATE", JSON.stringify(state));

function password(subject) {
  const dialog = subject.document.getElementById("commonDialog");
  if (subject.args.promptType != "promptPassword") { return; }
  const text = subject.args.text;
  const secret = /primary password/i.test(text) ? secrets.primary : secrets.token ?? secrets.primary;
  const again = state.asked.includes(text);
  if (secret === null || secret === undefined || again) {
    state.error = (again ? "rejected: " : "not given: ") + text;
    dialog.cancelDialog();
  } else {
    subject.document.getElementById("password1Textbox").value = secret;
    dialog.acceptDialog();
  }
  state.asked.push(text);
}

function choice(subject) {
  const win = subject.ownerGlobal || subject.documentGlobal;
  const at = Array.from(win.certArray, c => c.getBase64DERString()).indexOf(Services.env.get("CHECK_WANTED"));
  if (at < 0) {
    state.error = "certificate not offered for this server";
    subject.cancelDialog();
    return;
  }
  const menu = win.document.getElementById("nicknames");
  menu.selectedIndex = at;
  menu.value = String(at);
  subject.acceptDialog();
}

const observer = { observe(subject, topic) {
  try {
    (topic == "common-dialog-loaded" ? password : choice)(subject);
  } catch (error) { state.error = String(error); }
  save();
}};
for (const topic of ["common-dialog-loaded", "cert-dialog-loaded"]) { Services.obs.addObserver(observer, topic); }
Services.prefs.setStringPref("security.default_personal_cert", "Ask Every Time");
save();
