"""Files of private-keys-v1.d: one private key each, open, sealed with a passphrase, or standing for one on a card.

Source: GnuPG, agent/keyformat.txt (both the naked S-expression and the extended format) and agent/protect.c.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from profiles.errors import KeyNotExportable, Malformed, PasswordNeeded, Unsupported
from profiles.files.armour import escaped, unescaped
from profiles.gnupg import numbers, protection, sexp
from profiles.pkcs12 import limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from profiles.gnupg.sexp import Sexp
    from profiles.model import Secret
    from profiles.pkcs12.keys import PrivateKey

_OPEN, _SEALED, _SHADOWED = b"private-key", b"protected-private-key", b"shadowed-private-key"
_NAME = re.compile(rb"([A-Za-z][A-Za-z0-9-]*):")
_WIDTH = 64


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A private key as it lies in its file."""

    expression: Sexp = field(repr=False)
    label: str = ""
    """``Label:``, a short name for people; only the extended format has one."""

    @classmethod
    def parse(cls, data: bytes) -> KeyFile:
        """Read either format; ``Malformed``, ``Unsupported``."""
        limits.file_size(len(data))
        if data.lstrip()[:1] == b"(":
            expression, label = sexp.parse(data), ""
        else:
            named = _values(data)
            if b"key" not in named:
                raise Malformed("a private key file has no key in it")
            expression = sexp.parse(named[b"key"])
            label = unescaped(named.get(b"label", b"").decode("utf-8", "replace"))
        if sexp.name(expression) not in (_OPEN, _SEALED, _SHADOWED):
            raise Unsupported("a private key file holds something other than a private key")
        return cls(expression, label)

    @property
    def sealed(self) -> bool:
        """Whether it takes a passphrase."""
        return sexp.name(self.expression) == _SEALED

    @property
    def on_card(self) -> bool:
        """Whether the key itself is on a smart card or in a TPM."""
        return sexp.name(self.expression) == _SHADOWED

    def open(self, password: Secret | None) -> PrivateKey:
        """The key; ``WrongPassword``, ``PasswordNeeded`` without one, ``KeyNotExportable`` for one on a card."""
        if self.on_card:
            raise KeyNotExportable("the key is on a smart card or in the computer's TPM, which never hands it out",
                                   "Use the card with the new program, or ask for a new certificate.")
        parts = sexp.items(self.expression)
        if len(parts) < 2:
            raise Malformed("a private key file has no key in it")
        algorithm = sexp.items(parts[1])
        if self.sealed:
            if password is None:
                raise PasswordNeeded("the key is sealed with a passphrase", "Give its passphrase.")
            algorithm = protection.unsealed(algorithm, password)
        return numbers.private_key(algorithm)


def written(key: PrivateKey, label: str, password: Secret, octets: int) -> bytes:
    """A new file in the extended format, sealed if there is a password, with ``octets`` of S2K work.

    ``Unsupported`` by name for kinds of keys that gpgsm cannot use.
    """
    public, secret = numbers.expressions(key)
    if password:
        expression: Sexp = (_SEALED, protection.sealed(public, secret, password, octets))
    else:
        expression = (_OPEN, (*public, *secret))
    created = time.strftime("%Y%m%dT%H%M%S", time.gmtime()).encode()
    lines = [b"Created: " + created]
    if label:
        lines.append(b"Label: " + _on_one_line(label))
    lines.append(b"\n ".join(_wrapped(b"Key: " + sexp.advanced(expression))))
    return b"\n".join([*lines, b""])


def _on_one_line(label: str) -> bytes:
    """With blanks at its ends written out, which readers pass over."""
    inner = label.strip(" ")
    before = len(label) - len(label.lstrip(" "))
    after = len(label) - before - len(inner)
    return (r"\u{20}" * before + escaped(inner) + r"\u{20}" * after).encode()


def _wrapped(text: bytes) -> Iterator[bytes]:
    """Lines that do not end with a blank, which readers would lose."""
    while text:
        width = len(text[:_WIDTH].rstrip()) or _WIDTH
        yield text[:width]
        text = text[width:]


def _values(data: bytes) -> dict[bytes, bytes]:
    """The values of the extended format by lower-case name, continuation lines joined."""
    found: dict[bytes, bytes] = {}
    name = b""
    for line in data.splitlines():
        if line[:1] in (b" ", b"\t"):
            if not line.strip().startswith(b"#") or name == b"key":
                found[name] = found.get(name, b"") + line[1:]
        elif start := _NAME.match(line):
            name = start[1].lower()
            if name in found and name == b"key":
                raise Malformed("a private key file has two keys in it")
            found[name] = line[start.end():].lstrip()
        elif line.strip() and not line.startswith(b"#"):
            raise Malformed("a private key file has a line that is not of its format")
    return found
