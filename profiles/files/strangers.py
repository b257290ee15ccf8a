"""What a file is that is no store at all, by how it begins: people save web pages, mails and archives as ``.p12``."""

from __future__ import annotations

import re
from typing import NamedTuple

from profiles.files import iis


class Stranger(NamedTuple):
    """What a file is, and what its owner should do instead."""

    what: str
    advice: str


_AGAIN = "Fetch the file itself once more: the server or the mail program gave you something else."
_UNPACK = "Unpack it; the file with the certificate may be inside."
_ATTACHED = "Open it in the mail program and save the attachment with the certificate from there."
_PICTURE = "Ask for the file with the certificate and its key; a picture of it is of no use."

_BEGINNINGS = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Stranger("an Outlook message (.msg) or an old Office document", _ATTACHED)),
    (b"PK\x03\x04", Stranger("a ZIP archive, or an Office document", _UNPACK)),
    (b"\x1f\x8b", Stranger("a gzip archive", _UNPACK)),
    (b"7z\xbc\xaf\x27\x1c", Stranger("a 7-Zip archive", _UNPACK)),
    (b"Rar!\x1a\x07", Stranger("a RAR archive", _UNPACK)),
    (b"%PDF-", Stranger("a PDF document", _AGAIN)),
    (b"{\\rtf", Stranger("a text document (RTF)", _AGAIN)),
    (b"\x89PNG", Stranger("a picture (PNG)", _PICTURE)),
    (b"\xff\xd8\xff", Stranger("a picture (JPEG)", _PICTURE)),
    (b"SQLite format 3\0", Stranger("an SQLite database",
                                    "If it is cert9.db or key4.db, name the directory that it is in.")),
    (b"MZ", Stranger("a program for Windows", _AGAIN)),
    (b"\x7fELF", Stranger("a program for Linux", _AGAIN)),
    (b"bplist00", Stranger("a property list of macOS or iOS",
                           "If it is a configuration profile, the certificate is inside: ask for it as .p12.")),
)
_PAGE = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|script|meta|title)\b",
                   re.IGNORECASE | re.DOTALL)
_XML = re.compile(rb"\s*<(?:\?xml|!doctype|plist)\b", re.IGNORECASE)
_MAIL = re.compile(rb"(?:[A-Za-z][A-Za-z0-9-]*:[^\n]*\n(?:[ \t][^\n]*\n)*){2,}", re.IGNORECASE)
_MAIL_FIELDS = re.compile(rb"^(?:received|mime-version|content-type|return-path|from|subject|message-id):",
                          re.IGNORECASE | re.MULTILINE)
_BASE64 = re.compile(rb"[A-Za-z0-9+/=\s]*")
_HTML = Stranger("a web page (HTML)", "The download gave a page instead, often one to log in or an error: open it in a "
                 "browser to read it, then fetch the file once more.")
_LOOKED_AT = 4096


def stranger(data: bytes) -> Stranger | None:
    """What the content of a file is, where it is known to be none of certificates or keys."""
    if iis.is_backup(data):  # whatever stands before the key in it
        return None
    if not data:
        return Stranger("empty", "It was not saved, or its transfer broke off: fetch it once more.")
    if not data.strip(b"\0"):
        return Stranger("nothing but zeros", "Its transfer or its disk failed: fetch it once more.")
    for beginning, found in _BEGINNINGS:
        if data.startswith(beginning):
            return found
    return _text(_plain(data[:_LOOKED_AT]))


def _plain(start: bytes) -> bytes:
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return start.decode("utf-16", "ignore").encode()
    return start.removeprefix(b"\xef\xbb\xbf")


def _text(start: bytes) -> Stranger | None:
    if _PAGE.match(start):
        return _HTML
    if _XML.match(start):
        return Stranger("an XML document", _AGAIN)
    if _MAIL.match(start) and len(_MAIL_FIELDS.findall(start)) > 1:
        return Stranger("an e-mail message", _ATTACHED)
    if not _readable(start) or b"-----BEGIN " in start or _BASE64.fullmatch(start):
        return None
    return Stranger("a text of the kind programs exchange (JSON)" if start.lstrip()[:1] in (b"{", b"[")
                    else "plain text", _AGAIN)


def _readable(start: bytes) -> bool:
    return not re.search(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]", start)
