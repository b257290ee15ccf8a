"""What one step writes into mutt's directory: files, lines of the two indexes, and the bundle of roots."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from profiles.directories.together import Edit
from profiles.errors import Unsupported
from profiles.files.armour import armour
from profiles.files.pem import keys_pem
from profiles.files.reading import read_if_there
from profiles.mutt.index import INDEX, Line, lines, with_lines
from profiles.mutt.naming import mailbox, word
from profiles.mutt.shelf import CERTIFICATES, KEYS, Shelf

if TYPE_CHECKING:
    from pathlib import Path

    from profiles.certificate import Certificate
    from profiles.directories.held import Additions, Note
    from profiles.pkcs12.contents import Item
    from profiles.pkcs12.dialects import Dialect


class Step:
    """The edits of one step and its note, gathered."""

    def __init__(self, directory: Path, additions: Additions, dialect: Dialect, system: Path) -> None:
        self.directory, self.additions, self.dialect, self.system = directory, additions, dialect, system
        self.shelf = Shelf.read(directory)
        self.edits: list[Edit] = []
        self.note: Note = {kind: [] for kind in
                           ("certificates", "keys", "files", "made", "trust", "lines", "key lines")}
        self.lines: dict[str, list[Line]] = {CERTIFICATES: [], KEYS: []}

    def run(self) -> tuple[list[Edit], Note]:
        """All of it: keys first, indexes last."""
        self._trust()
        names: dict[bytes, str] = {}
        for certificate, nickname in self.additions.certificates:
            names[certificate.der] = self._put((certificate,), nickname)
            self.note["certificates"].append(certificate.sha256)
        keyed = {item.certificate.der for item in self.additions.keys if item.certificate}
        for item in self.additions.keys:
            self._key(item)
        for certificate, nickname in self.additions.certificates:
            if certificate.der not in keyed and not certificate.is_ca:
                self._index(certificate, names[certificate.der], nickname, CERTIFICATES)
        for place, added in self.lines.items():
            old = read_if_there(self.directory / place / INDEX)
            there = {(line.mailbox, line.name) for line in lines(old or b"")}
            self.note["lines" if place == CERTIFICATES else "key lines"] = [
                f"{line.mailbox} {line.name}" for line in added if (line.mailbox, line.name) not in there]
            if added:
                self._edit(f"{place}/{INDEX}", with_lines(old, added))
        return self.edits, self.note

    def _edit(self, name: str, new: bytes) -> None:
        edit = Edit.of(self.directory, name, new)
        if edit.old is None:
            self.note["made"].append(name)
        if edit.old != new:
            self.edits.append(edit)

    def _put(self, certificates: tuple[Certificate, ...], nickname: str = "") -> str:
        name = self.shelf.put(certificates)
        nicknames = (nickname, *("" for _ in certificates[1:]))
        data = b"".join(armour("CERTIFICATE", one.der, said)
                        for one, said in zip(certificates, nicknames, strict=True))
        self.edits.append(Edit(f"{CERTIFICATES}/{name}", None, data))
        self.note["files"].append(f"{CERTIFICATES}/{name}")
        return name

    def _key(self, item: Item) -> None:
        certificate = item.certificate
        if certificate is None:
            return
        if not any(map(mailbox, certificate.emails)):
            who = certificate.common_name
            raise Unsupported(f"mutt finds certificates by their e-mail address, and {who} has none",
                              "Move it to another program, or ask for a certificate with your address.")
        name = self.shelf.free_for_key(certificate) or self._put((certificate,), item.nickname)
        pem = keys_pem([item], self.additions.password, self.dialect)
        self.edits.insert(0, Edit(f"{KEYS}/{name}", None, pem))
        self.note["keys"].append(f"{KEYS}/{name}")
        self.shelf.keys.add(name)
        self._index(certificate, name, item.nickname, CERTIFICATES, KEYS)

    def _index(self, certificate: Certificate, name: str, nickname: str, *places: str) -> None:
        issuer, trust, purpose = self._issuer(certificate), self._trusted(certificate), _purpose(certificate)
        for address in filter(None, map(mailbox, certificate.emails)):
            for place in places:
                above = issuer if place == CERTIFICATES else "?"
                self.lines[place].append(Line(address, name, word(nickname), above, trust, purpose))

    def _issuer(self, certificate: Certificate) -> str:
        """The file with the certificates above one, which mutt sends along: the root only where nothing is between."""
        chain = self.shelf.chain(certificate)
        above = tuple(one for one in chain if not one.self_issued) or tuple(chain[:1])
        if not above:
            return "?"
        there = next((name for name, held in self.shelf.files.items() if held == above), None)
        return there or self._put(above)

    def _trusted(self, certificate: Certificate) -> str:
        first, last = certificate.validity
        if not first <= datetime.now(UTC) <= last:
            return "e"
        chain = self.shelf.chain(certificate)
        return "t" if chain and chain[-1].der in self.shelf.roots else "u"

    def _trust(self) -> None:
        """The bundle with new roots in it; one that is not there begins with the system's, which it will hide."""
        if not self.additions.trust:
            return
        shelf = self.shelf
        data = shelf.bundle_data
        if data is None:
            data = read_if_there(self.system) or b""
        for certificate, trust in self.additions.trust:
            was = certificate.der in shelf.roots
            self.note["trust"].append(f"{certificate.der.hex()} {int(was)} {int(bool(trust))}")
            if trust and not was:
                data = with_root(data, certificate)
                shelf.roots[certificate.der] = certificate
            elif was and not trust:
                data = without_root(data, certificate)
                del shelf.roots[certificate.der]
        self._edit(shelf.bundle, data)


def with_root(data: bytes, certificate: Certificate) -> bytes:
    """The bundle with one more root."""
    gap = b"" if not data or data.endswith(b"\n") else b"\n"
    return data + gap + armour("CERTIFICATE", certificate.der)


def without_root(data: bytes, certificate: Certificate) -> bytes:
    """The bundle without a root that certferry wrote into it; other text stays."""
    return data.replace(armour("CERTIFICATE", certificate.der), b"")


def _purpose(certificate: Certificate) -> str:
    found = certificate.extensions
    if found.usages and not {"email", "any"} & set(found.usages):
        return "-"
    return ("s" if found.signs else "") + ("e" if found.encrypts else "") or "-"
