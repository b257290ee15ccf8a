// Lets one identity send through a server on loopback, without copies.
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const [key, port] = args;
const server = MailServices.outgoingServer.createServer("smtp");
const prefix = "mail.smtpserver." + server.key + ".";
Services.prefs.setStringPref(prefix + "hostname", "127.0.0.1");
Services.prefs.setIntPref(prefix + "port", port);
Services.prefs.setIntPref(prefix + "try_ssl", 0);
Services.prefs.setIntPref(prefix + "authMethod", 1);
const identity = MailServices.accounts.getIdentity(key);
identity.smtpServerKey = server.key;
identity.doFcc = false;
Services.prefs.setBoolPref("mail.identity." + key + ".fcc", false);
Services.prefs.setBoolPref("mail.collect_email_address_outgoing", false);
Services.prefs.setBoolPref("mail.SpellCheckBeforeSend", false);
