"""How gpgsm lays out its directory: pubring.kbx, private-keys-v1.d, trustlist.txt."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from profiles.certificate import Certificate
from profiles.directories.held import Contents, Held
from profiles.directories.together import Edit
from profiles.errors import Malformed, ToolFailed, Unsupported
from profiles.files.reading import read_if_there
from profiles.gnupg import dotlock, keybox
from profiles.gnupg.grip import keygrip
from profiles.gnupg.keyfile import KeyFile, written
from profiles.gnupg.program import KEYBOX, program, reload_agent, with_certificates
from profiles.gnupg.protection import OCTETS
from profiles.gnupg.roots import TRUSTLIST, Roots
from profiles.model import NO_TRUST, Level, Problem, Trust

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from profiles.directories.held import Additions, Note

KEYS = "private-keys-v1.d"
_KEYBOXD, _COMMON = "public-keys.d/pubring.db", "common.conf"
_USES_KEYBOXD = re.compile(rb"^\s*use-keyboxd\b", re.MULTILINE)
_KEY_NAME = re.compile(r"[0-9A-F]{40}\.key")
SYSTEM_TRUST = Path("/etc/gnupg/trustlist.txt")


@dataclass(frozen=True)
class GnupgForm:
    """See ``Form``."""

    octets: int = OCTETS
    """How much work a guess at the passphrase of a new key costs."""
    system_trust: Path = SYSTEM_TRUST
    product: str = "GnuPG for S/MIME (gpgsm)"
    passphrase_of: str = field(default="passphrase of the S/MIME key", repr=False)

    def read(self, directory: Path) -> Contents:
        """See ``Form``."""
        problems: list[Problem] = []
        roots = Roots.read(directory, self.system_trust)
        said = roots.said()
        problems += [Problem(Malformed.code, text) for text in roots.wrong()]
        held, used = [], set()
        for der in _certificates(directory):
            try:
                certificate = Certificate.parse(der)
            except Malformed as error:
                problems.append(Problem(error.code, f"a certificate in the keybox cannot be read: {error.message}"))
                continue
            grip = keygrip(certificate.public_key)
            key = _key(directory, grip, problems) if grip else None
            used.add(grip if key else None)
            trust = said.get(certificate.thumbprint, NO_TRUST) if certificate.self_issued else NO_TRUST
            held.append(Held(certificate, key.label if key else "", trust, key))
        alone = _key_names(directory) - used
        if alone:
            text = (f"{len(alone)} private key{'s' if len(alone) > 1 else ''} here belong to no S/MIME certificate "
                    "(to OpenPGP, to SSH, or to a request) and stay")
            problems.append(Problem("not-smime", text))
        return Contents(tuple(held), tuple(problems), said)

    def require_writable(self, directory: Path) -> None:
        """See ``Form``."""
        if _uses_keyboxd(directory):
            raise Unsupported(f"GnuPG keeps the certificates of {directory} in keyboxd, which only it can write",
                              "Make a file with `certferry backup`, then import it: gpgsm --import FILE.p12")
        program("gpgsm")

    @contextmanager
    def guarded(self, directory: Path) -> Iterator[None]:
        """See ``Form``."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with dotlock.held(directory / KEYBOX):
            yield

    def tidy(self, directory: Path) -> None:
        """See ``Form``."""
        dotlock.sweep(directory / KEYBOX)

    def added(self, directory: Path, additions: Additions) -> tuple[list[Edit], Note]:
        """See ``Form``."""
        edits: list[Edit] = []
        note: Note = {"certificates": [], "keys": [], "trust": [], "made": [], "joined": []}
        for item in additions.keys:
            if item.key is None:
                continue
            name = f"{KEYS}/{keygrip(item.key.public)}.key"
            data = written(item.key, item.nickname, additions.password, self.octets)
            if read_if_there(directory / name) is None and name not in note["keys"]:
                edits.append(Edit(name, None, data))
                note["keys"].append(name)
        old = read_if_there(directory / KEYBOX)
        there = set(keybox.certificates(old or b""))
        note["joined"] = [one.sha256 for grip, one in _grips(old or b"") if f"{KEYS}/{grip}.key" in note["keys"]]
        new = [certificate for certificate, _ in additions.certificates if certificate.der not in there]
        if new:
            edits.append(Edit.of(directory, KEYBOX, with_certificates(old, new)))
            note["certificates"] = [one.sha256 for one in new]
        if additions.trust:
            edit, note["trust"] = Roots.read(directory, self.system_trust).with_trust(additions.trust)
            edits.append(edit)
        note["made"] = [edit.name for edit in edits if edit.old is None]
        return edits, note

    def removed(self, directory: Path, note: Note) -> tuple[list[Edit], list[str]]:
        """See ``Form``."""
        edits = []
        if note.get("trust") and (directory / TRUSTLIST).exists():
            made = TRUSTLIST in note.get("made", ())
            edits.append(Roots.read(directory, self.system_trust).without(note["trust"], made=made))
        old = read_if_there(directory / KEYBOX) or b""
        left = keybox.without(old, note.get("certificates", ()))
        if left != old:
            header_alone = KEYBOX in note.get("made", ()) and len(list(keybox.blobs(left))) <= 1
            edits.append(Edit.of(directory, KEYBOX, None if header_alone else left))
        needed = {grip: certificate for grip, certificate in _grips(left)
                  if certificate.sha256 not in note.get("joined", ())}
        kept = []
        for name in note.get("keys", ()):
            if Path(name).stem in needed:
                who = needed[Path(name).stem].common_name
                kept.append(f"the private key {name} stays: a certificate of {who} that came since needs it")
            elif _KEY_NAME.fullmatch(Path(name).name) and Path(name).parent == Path(KEYS):
                edits.append(Edit.of(directory, name, None))
        return edits, kept

    def settle(self, directory: Path) -> None:
        """See ``Form``."""
        try:
            reload_agent(directory)
        except ToolFailed:
            return  # without the program no agent runs

    def advice(self, directory: Path, notes: Sequence[Note]) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        """See ``Form``: the mail programs find the certificate by its address."""
        return ()

    def narrowed(self, certificate: Certificate, trust: Trust) -> Trust:
        """See ``Form``: the list knows roots, and for e-mail only."""
        if not certificate.self_issued or trust.email not in (Level.TRUSTED, Level.DISTRUSTED):
            return NO_TRUST
        return Trust(email=trust.email)


def _certificates(directory: Path) -> list[bytes]:
    if _uses_keyboxd(directory):
        database = directory / _KEYBOXD
        return keybox.from_keyboxd(database) if database.exists() else []
    return keybox.certificates(read_if_there(directory / KEYBOX) or b"")


def _grips(data: bytes) -> Iterator[tuple[str, Certificate]]:
    """The certificates of a keybox, each with the name of the key that belongs to it."""
    for der in keybox.certificates(data):
        with suppress(Malformed):
            certificate = Certificate.parse(der)
            yield keygrip(certificate.public_key) or "", certificate


def _uses_keyboxd(directory: Path) -> bool:
    return _USES_KEYBOXD.search(read_if_there(directory / _COMMON) or b"") is not None


def _key(directory: Path, grip: str, problems: list[Problem]) -> KeyFile | None:
    data = read_if_there(directory / KEYS / f"{grip}.key")
    if data is None:
        return None
    try:
        return KeyFile.parse(data)
    except (Malformed, Unsupported) as error:
        problems.append(Problem(error.code, f"{grip}.key cannot be read: {error.message}"))
        return None


def _key_names(directory: Path) -> set[str | None]:
    try:
        return {path.stem for path in (directory / KEYS).iterdir() if _KEY_NAME.fullmatch(path.name)}
    except OSError:
        return set()

