"""Which kind of store a file is, by what is in it and never by its name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from profiles import asn1
from profiles.errors import Error, Unsupported
from profiles.files import armour, iis, pvk
from profiles.files.java import store as keystore
from profiles.files.loose import Loose
from profiles.files.reading import named, read
from profiles.files.shapes import bcfks, shape_of
from profiles.model import Location

if TYPE_CHECKING:
    from pathlib import Path

_ELSEWHERE = (
    (b"PuTTY-User-Key-File", "a PuTTY key"),
    (b"ssh-", "an SSH public key"),
    (b"SSH PRIVATE KEY FILE FORMAT 1.1", "an SSH-1 private key"),
    (b"openssh-key-v1\0", "an OpenSSH private key"),
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
    kind = _kind(path, data)
    return Location(kind, str(path)) if kind else None


def _kind(path: Path, data: bytes) -> str:
    if iis.is_backup(data):
        return "iis"
    bare = armour.unwrapped(data)
    if bare is data and armour.armoured(data):
        Loose.parse((data,))
        return "pem"
    for magic, what in _ELSEWHERE:
        if data.startswith(magic):
            raise Unsupported(f"{path} is {what}, which is not handled here", "It holds no certificate.")
    if data.startswith(pvk.MAGIC):
        return "pem"
    if keystore.is_keystore(data):
        return "jks"
    try:
        shape = shape_of(asn1.parse(bare, trailing=True))
    except Error:
        shape = "pfx" if _BROKEN_PFX.match(bare) else ""
    if shape == "bcfks":
        raise bcfks(path)
    return "p12" if shape == "pfx" else "pem" if shape else ""
