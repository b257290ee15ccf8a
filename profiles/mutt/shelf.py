"""What lies in mutt's directory: files of certificates by name, the bundle of roots, and the chains they make."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from profiles.certificate import Certificate
from profiles.errors import Malformed
from profiles.files.armour import armoured, blocks
from profiles.files.reading import read_if_there
from profiles.files.trusted import split
from profiles.model import Problem
from profiles.mutt.index import INDEX, lines
from profiles.mutt.naming import subject_hash

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CERTIFICATES, KEYS = "certificates", "keys"
BUNDLES = ("ca-certificates.crt", "ca-bundle.crt")
"""In the order in which the configuration that Debian ships looks for them."""
_LABELS = ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE")
_MAX_FILES = 20_000


@dataclass
class Shelf:
    """The certificates of a directory."""

    files: dict[str, tuple[Certificate, ...]] = field(default_factory=dict)
    """What each file in certificates/ holds, by its name."""
    names: dict[bytes, list[str]] = field(default_factory=dict)
    """The files that begin with a certificate, by its DER: those with it alone come first."""
    keys: set[str] = field(default_factory=set)
    """The names of the files in keys/."""
    nicknames: dict[bytes, str] = field(default_factory=dict)
    bundle: str = BUNDLES[1]
    """Which file has the roots."""
    bundle_data: bytes | None = None
    roots: dict[bytes, Certificate] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @classmethod
    def read(cls, directory: Path) -> Shelf:
        """Everything in it, also where it is not there."""
        shelf = cls(keys=set(_names(directory / KEYS)))
        labels = {line.name: line.label for line in lines(read_if_there(directory / CERTIFICATES / INDEX) or b"")}
        for name in _names(directory / CERTIFICATES):
            data = read_if_there(directory / CERTIFICATES / name)
            if data is None or not armoured(data):
                continue
            found = list(shelf._certificates(data, f"{CERTIFICATES}/{name}"))
            if not found:
                continue
            shelf.files[name] = tuple(certificate for certificate, _ in found)
            first, nickname = found[0]
            shelf.names.setdefault(first.der, []).append(name)
            label = labels.get(name, "-")
            for certificate, said in found:
                shelf.nicknames.setdefault(certificate.der, said)
            if not nickname and label != "-":
                shelf.nicknames[first.der] = label
        for names in shelf.names.values():
            names.sort(key=lambda name: len(shelf.files[name]))
        shelf.bundle = next((one for one in BUNDLES if (directory / one).exists()), BUNDLES[1])
        shelf.bundle_data = read_if_there(directory / shelf.bundle)
        for certificate, said in shelf._certificates(shelf.bundle_data or b"", shelf.bundle):
            shelf.roots[certificate.der] = certificate
            shelf.nicknames.setdefault(certificate.der, said)
        return shelf

    def _certificates(self, data: bytes, where: str) -> Iterator[tuple[Certificate, str]]:
        try:
            for block in blocks(data) if armoured(data) else ():
                if block.label in _LABELS:
                    yield Certificate.parse(split(block.der)[0]), block.nickname
        except Malformed as error:
            self.problems.append(Problem(error.code, f"{where} cannot be read: {error.message}"))

    def all(self) -> dict[bytes, Certificate]:
        """Every certificate once, those with a file of their own first."""
        own = {one.der: one for name in self.files for one in self.files[name]}
        return own | {der: one for der, one in self.roots.items() if der not in own}

    def put(self, certificates: tuple[Certificate, ...]) -> str:
        """A free name for a file that begins with that certificate, as ``smime_keys`` would choose it.

        A key that stands there without its certificate has its name taken too.
        """
        stem, taken = subject_hash(certificates[0].subject), self.keys | set(self.files)
        name = next(name for number in range(_MAX_FILES) if (name := f"{stem}.{number}") not in taken)
        self.files[name] = certificates
        self.names.setdefault(certificates[0].der, []).append(name)
        return name

    def free_for_key(self, certificate: Certificate) -> str | None:
        """A file that begins with the certificate and has no key beside it."""
        return next((name for name in self.names.get(certificate.der, ()) if name not in self.keys), None)

    def chain(self, certificate: Certificate) -> list[Certificate]:
        """The certificates above one, the nearest first, as far as they are here."""
        known = self.all()
        above: list[Certificate] = []
        while not certificate.self_issued and len(above) < 16:
            issuer = next((one for one in known.values() if one.issued(certificate) and one not in above), None)
            if issuer is None:
                break
            above.append(issuer)
            certificate = issuer
        return above


def _names(directory: Path) -> list[str]:
    try:
        found = sorted(os.listdir(directory))  # noqa: PTH208 - names are all that is wanted
    except OSError:
        return []
    return [name for name in found if not name.startswith(".")][:_MAX_FILES]
