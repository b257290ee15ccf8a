// Answers the primary-password dialog, and notes any other one before closing it: Thunderbird reports a failed
// signature that way.
const password = args[0], state = {asked: 0, alerts: []};
const save = () => Services.env.set("CHECK_STATE", JSON.stringify(state));
Services.obs.addObserver({ observe(subject) {
  try {
    const dialog = subject.document.getElementById("commonDialog");
    if (subject.args.promptType == "promptPassword" && password !== null && !state.asked
        && /primary password|security device|software security/i.test(subject.args.text)) {
      state.asked++;
      subject.document.getElementById("password1Textbox").value = password;
      dialog.acceptDialog();
    } else {
      state.alerts.push(subject.args.promptType + ": " + subject.args.text);
      dialog.cancelDialog();
    }
  } catch (error) { state.alerts.push(String(error)); }
  save();
}}, "common-dialog-loaded");
save();
