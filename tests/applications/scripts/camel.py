"""Signs or decrypts standard input with libcamel (run by the system's Python): VERB NICKNAME DIRECTORY."""

import sys
from pathlib import Path

import gi

gi.require_version("Camel", "1.2")
from gi.repository import Camel, GLib  # noqa: E402

REFUSED = 3


def main() -> None:
    """Do the verb and write the message that comes of it."""
    verb, nickname, directory = sys.argv[1:]
    Camel.init(str(Path.home() / ".local/share/evolution"), True)
    session = Camel.Session(user_data_dir=directory + "/camel-data", user_cache_dir=directory + "/camel-cache")
    context = Camel.SMIMEContext.new(session)
    given, made = Camel.MimePart.new(), Camel.MimePart.new()
    message = sys.stdin.buffer.read()
    try:
        if verb == "sign":
            context.set_sign_mode(Camel.SMIMESign.CLEARSIGN)
            given.set_content(message, "text/plain")
            context.sign_sync(nickname, Camel.CipherHash.SHA256, given, made, None)
        else:
            given.construct_from_stream_sync(Camel.StreamMem.new_with_buffer(message), None)
            context.decrypt_sync(given, made, None)
    except GLib.Error as error:
        print(error.message, file=sys.stderr)
        sys.exit(REFUSED)
    stream = Camel.StreamMem.new()
    made.write_to_stream_sync(stream, None)
    sys.stdout.buffer.write(bytes(stream.get_byte_array()))


main()
