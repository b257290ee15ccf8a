"""How mutt and neomutt lay their S/MIME directory out: certificates/, keys/, an index in each, a bundle of roots."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from profiles.certificate import Certificate
from profiles.directories import traces
from profiles.directories.held import Contents, Held
from profiles.directories.together import Edit
from profiles.errors import Malformed, Unsupported
from profiles.files.reading import read_if_there
from profiles.model import NO_TRUST, Level, Problem, Trust
from profiles.mutt import index
from profiles.mutt.keyfile import KeyFile
from profiles.mutt.shelf import CERTIFICATES, KEYS, Shelf
from profiles.mutt.step import Step, with_root, without_root
from profiles.pkcs12.dialects import STRONG, Dialect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from profiles.directories.held import Additions, Note

SYSTEM_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
TRUSTED = Trust(email=Level.TRUSTED)
_OURS = re.compile(r"(certificates|keys)/[0-9a-f]{8}\.[0-9]+")


@dataclass(frozen=True)
class MuttForm:
    """See ``Form``."""

    dialect: Dialect = STRONG
    """How keys are sealed."""
    system_bundle: Path = SYSTEM_BUNDLE
    product: str = "mutt and neomutt (smime_keys)"
    passphrase_of: str = field(default="passphrase of the S/MIME key", repr=False)

    def read(self, directory: Path) -> Contents:
        """See ``Form``."""
        shelf = Shelf.read(directory)
        keys, problems = _keys(directory, shelf.keys)
        held = []
        used: set[str] = set()
        for der, certificate in shelf.all().items():
            names = [name for name in shelf.names.get(der, ()) if name in keys]
            used.update(names)
            held.append(Held(certificate, shelf.nicknames.get(der, ""), TRUSTED if der in shelf.roots else NO_TRUST,
                             keys[names[0]] if names else None))
        alone = sorted(keys.keys() - used)
        problems += [Problem(Unsupported.code, f"the key keys/{name} has no certificate and stays") for name in alone]
        return Contents(tuple(held), (*shelf.problems, *problems))

    def require_writable(self, directory: Path) -> None:
        """See ``Form``."""

    @contextmanager
    def guarded(self, directory: Path) -> Iterator[None]:  # noqa: ARG002 - the protocol's
        """See ``Form``: mutt only reads, and ``smime_keys`` takes no lock."""
        yield

    def tidy(self, directory: Path) -> None:
        """See ``Form``."""

    def added(self, directory: Path, additions: Additions) -> tuple[list[Edit], Note]:
        """See ``Form``."""
        return Step(directory, additions, self.dialect, self.system_bundle).run()

    def removed(self, directory: Path, note: Note) -> tuple[list[Edit], list[str]]:
        """See ``Form``."""
        edits, kept = [], []
        for name in (*note.get("keys", ()), *note.get("files", ())):
            if not (directory / name).exists() or not _OURS.fullmatch(name):
                continue
            if _as_written(directory, name, traces.of_note(note)):
                edits.append(Edit.of(directory, name, None))
            else:
                kept.append(name)
        stays = {Path(name).name for name in kept}
        for place, kind in ((CERTIFICATES, "lines"), (KEYS, "key lines")):
            name = f"{place}/{index.INDEX}"
            added = (line.partition(" ") for line in note.get(kind, ()))
            gone = {(mailbox, file) for mailbox, _, file in added if file not in stays}
            data = read_if_there(directory / name)
            if data is not None and gone:
                edits.append(self._left(name, index.without(data, gone), note, directory))
        if note.get("trust"):
            shelf = Shelf.read(directory)
            edits.append(self._untrusted(shelf, note, directory))
        return edits, [f"{directory / name} stays: it was changed since" for name in kept]

    def _untrusted(self, shelf: Shelf, note: Note, directory: Path) -> Edit:
        data = shelf.bundle_data or b""
        for line in note["trust"]:
            der, was, now = line.split(" ")
            certificate = Certificate.parse(bytes.fromhex(der))
            if (certificate.der in shelf.roots) != bool(int(now)) or was == now:
                continue
            data = with_root(data, certificate) if int(was) else without_root(data, certificate)
        if data == (read_if_there(self.system_bundle) or b"") and shelf.bundle in note.get("made", ()):
            data = b""
        return self._left(shelf.bundle, data, note, directory)

    @staticmethod
    def _left(name: str, new: bytes, note: Note, directory: Path) -> Edit:
        """What is left of a file; nothing of one that the step made and nothing else came into."""
        return Edit.of(directory, name, None if not new and name in note.get("made", ()) else new)

    def settle(self, directory: Path) -> None:
        """See ``Form``."""

    def advice(self, directory: Path, notes: Sequence[Note]) -> tuple[str, ...]:
        """See ``Form``: which certificate is used stands in muttrc, which is a program of its own."""
        names = {Path(name).name for note in notes for name in note.get("keys", ())}
        if not names:
            return ()
        lines = index.lines(read_if_there(directory / KEYS / index.INDEX) or b"")
        purposes = {line.name: (line.mailbox, line.purpose) for line in lines if line.name in names}
        said = [f'set {"smime_sign_as" if purpose == "s" else "smime_default_key"} = "{name}"  # {mailbox}'
                for name, (mailbox, purpose) in purposes.items()]
        if directory != Path("~/.smime").expanduser():
            said += [f'set smime_certificates = "{directory / CERTIFICATES}"', f'set smime_keys = "{directory / KEYS}"']
        if any(note.get("trust") for note in notes):
            said.append(f'set smime_ca_location = "{directory / Shelf.read(directory).bundle}"')
        return ("for mutt to use it, write into your muttrc:", *said)

    def narrowed(self, certificate: Certificate, trust: Trust) -> Trust:
        """See ``Form``: the bundle knows roots, and no distrust."""
        return TRUSTED if certificate.self_issued and trust.email is Level.TRUSTED else NO_TRUST


def _as_written(directory: Path, name: str, written: Mapping[str, traces.Trace]) -> bool:
    """Whether a file is what the step wrote; a key with another passphrase is, beside the certificate as it was."""
    names = [name, name.replace(KEYS, CERTIFICATES, 1)]
    return name not in written or any(
        written[one].holds(read_if_there(directory / one)) for one in names if one in written)


def _keys(directory: Path, names: Iterable[str]) -> tuple[dict[str, KeyFile], list[Problem]]:
    """The keys that can be read, by the names of their files, and what is wrong with the others."""
    keys, problems = {}, []
    for name in sorted(names):
        try:
            keys[name] = KeyFile.parse(read_if_there(directory / KEYS / name) or b"")
        except (Malformed, Unsupported) as error:
            problems.append(Problem(error.code, f"keys/{name} cannot be read: {error.message}"))
    return keys, problems
