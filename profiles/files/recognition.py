"""Which kind of store a file is, by what is in it and never by its name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from profiles import asn1
from profiles.errors import Error, Unsupported
from profiles.files import armour, pvk
from profiles.files.loose import Loose, shape_of
from profiles.files.reading import named, read
from profiles.model import Location

if TYPE_CHECKING:
    from pathlib import Path

_ELSEWHERE = (
    (b"\xfe\xed\xfe\xed", "a Java keystore (JKS)", "keytool -importkeystore -deststoretype PKCS12"),
    (b"\xce\xce\xce\xce", "a Java keystore (JCEKS)", "keytool -importkeystore -deststoretype PKCS12"),
    (b"\0\0\0\1\0\0\0", "a BouncyCastle keystore (BKS or UBER)", "keytool -importkeystore -deststoretype PKCS12"),
    (b"\0\0\0\2\0\0\0", "a BouncyCastle keystore (BKS or UBER)", "keytool -importkeystore -deststoretype PKCS12"),
    (b"PuTTY-User-Key-File", "a PuTTY key", ""),
    (b"ssh-", "an SSH public key", ""),
    (b"SSH PRIVATE KEY FILE FORMAT 1.1", "an SSH-1 private key", ""),
    (b"openssh-key-v1\0", "an OpenSSH private key", ""),
)
_BROKEN_PFX = re.compile(rb"0(?:\x80|[\0-\x7f]|\x81.|\x82..|\x83...|\x84....)\x02\x01\x030", re.DOTALL)
"""How a PFX begins; opening it says what is wrong with it."""


def recognise(path: Path) -> Location | None:
    """The location of a file that can be opened as a store; None for any other file.

    ``Unsupported`` names what else is known to hold keys. Raises as ``reading.read`` where it cannot be read.
    """
    with named(str(path)):
        return _recognise(path)


def _recognise(path: Path) -> Location | None:
    data = read(path)
    if armour.armoured(data):
        Loose.parse((data,))
        return Location("pem", str(path))
    for magic, what, command in _ELSEWHERE:
        if data.startswith(magic):
            raise Unsupported(f"{path} is {what}, which is not handled here",
                              f"Convert it first: {command}" if command else "It holds no certificate.")
    if data.startswith(pvk.MAGIC):
        return Location("pem", str(path))
    try:
        shape = shape_of(asn1.parse(armour.unwrapped(data), trailing=True))
    except Error:
        return Location("p12", str(path)) if _BROKEN_PFX.match(data) else None
    if not shape:
        return None
    return Location("p12" if shape == "pfx" else "pem", str(path))
