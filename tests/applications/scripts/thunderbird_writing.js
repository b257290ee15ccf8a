// How many messages are being written or sent: a window closes when its message has gone and its draft is removed.
return [...Services.wm.getEnumerator("msgcompose")].length;
