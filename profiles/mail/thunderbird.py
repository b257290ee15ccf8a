"""Thunderbird, Betterbird and SeaMonkey Mail: the identities in a profile's prefs.js and the certificates they name.

Settings and their meaning: mail/extensions/smime in comm-central, measured with Thunderbird 153. The certificate is
found by its ``dbkey`` alone, but an empty name means that nothing is set.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from profiles.errors import AccessDenied, Error, Malformed, NoMatch, StoreInUse, Unsupported
from profiles.files import writing
from profiles.files.reading import explained, read, read_if_there
from profiles.mail.client import Account, Choice, Foreseen, Requirements, foreseen
from profiles.mail.prefs import Prefs, Value, literal_of, value_of
from profiles.mail.record import Recorded, Records

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from profiles.certificate import Certificate
    from profiles.mail.client import Association, MailClient
    from profiles.model import Entry
    from profiles.store import Store

_NAMES = {"thunderbird": "Thunderbird", "betterbird": "Betterbird", "seamonkey": "SeaMonkey"}
_ACCOUNTS = "mail.accountmanager.accounts"
_USES = ("signing", "encryption")
_NEVER, _ALWAYS = 0, 2
"""Values of ``encryptionpolicy``; 1 was "if possible" once, and any value above 0 now opens messages encrypted."""


def client(store: Store) -> MailClient | None:
    """The mail program of a profile; None for a database or a browser's profile without mail accounts."""
    directory, kind = Path(store.path), store.location.kind
    name = _NAMES.get(kind)
    if name is None:
        with suppress(Error):  # what cannot be read may have accounts: then they say why they cannot be seen
            if _ACCOUNTS.encode() not in _read(directory / "prefs.js"):
                return None
    return Thunderbird(store, directory, name or "the mail program")


class Thunderbird(Recorded):
    """A ``MailClient`` over one profile."""

    any_use = False  # "certificate type not approved for application"

    def __init__(self, store: Store, directory: Path, name: str) -> None:
        self.name, self._store, self._directory = name, store, directory
        self._file = PrefsFile(directory / "prefs.js")
        self._records = Records(directory / ".certferry", self._file, _same)

    def accounts(self) -> tuple[Account, ...]:
        """See ``MailClient``."""
        prefs = self._file.parsed()
        effective = {name: prefs.value(name) for name in prefs.names} | self._overrides()
        held = self._held() if any(name.endswith("_cert_dbkey") for name in effective) else {}
        found: dict[str, Account] = {}
        for account in _listed(effective.get(_ACCOUNTS)):
            for identity in _listed(effective.get(f"mail.account.{account}.identities")):
                found.setdefault(identity, _account(identity, effective, held))
        return tuple(found.values())

    def _held(self) -> dict[str, Entry]:
        """What is in the store, by the key that the settings name it by; one with a key before one without."""
        held: dict[str, Entry] = {}
        for entry in self._store.list().entries:
            key = db_key(entry.certificate)
            if key not in held or (entry.has_key and not held[key].has_key):
                held[key] = entry
        return held

    def _overrides(self) -> dict[str, Value | None]:
        """What user.js sets at every start, whatever prefs.js says."""
        prefs = Prefs(_read(self._directory / "user.js"))
        try:
            return {name: prefs.value(name) for name in prefs.names}
        except Malformed as error:
            raise Malformed(f"{self._directory / 'user.js'}: {error.message}", "Correct the file.") from error

    def requirements(self, association: Association) -> Requirements:  # noqa: ARG002 - the same for all of them
        """See ``MailClient``: without either, Thunderbird refuses even to sign (SEC_ERROR_UNKNOWN_ISSUER)."""
        return Requirements(email_trust=True, chain=True)

    def foresee(self, associations: Sequence[Association]) -> list[Foreseen]:
        """See ``MailClient``."""
        return [foreseen(one, partial(self._require_free, _settings(one))) for one in associations]

    def require_writable(self) -> None:
        """See ``MailClient``; a running program would write its own settings over ours when it ends."""
        from profiles.products.running import profile_user

        user = profile_user(self._directory, self.name)
        if user is not None:
            raise StoreInUse(f"{user} is running, and would overwrite its settings when it is closed",
                             "Close it, then try again.")
        self._file.require_writable()

    def prepare(self, associations: Sequence[Association]) -> str:
        """See ``MailClient``."""
        self.require_writable()
        present = {account.id for account in self.accounts()}
        wanted: dict[str, Value] = {}
        for one in associations:
            if one.account not in present:
                raise NoMatch(f"{self.name} has no account {one.account} any more", "Look again: certferry mail.")
            wanted |= _settings(one)
        self._require_free(wanted)
        needs = {certificate.sha256 for one in associations for certificate in one.needs}
        owners = {name: one.email for one in associations for name in _settings(one)}
        return self._records.prepare({name: literal_of(value) for name, value in wanted.items()}, needs, owners)

    def _require_free(self, wanted: Mapping[str, Value]) -> None:
        """``Unsupported`` where user.js would set something else at the next start."""
        fixed = self._overrides()
        for name, value in wanted.items():
            if name in fixed and fixed[name] != value:
                raise Unsupported(f"user.js in {self._directory} sets {name} at every start",
                                  "Remove that line from user.js, then try again.")

    def associate(self, point: str) -> None:
        """See ``MailClient``."""
        self.require_writable()
        self._file.sweep()
        self._records.associate(point)

    def restore(self, point: str) -> tuple[str, ...]:
        """See ``MailClient``."""
        self.require_writable()
        self._file.sweep()
        return self._records.restore(point)


@dataclass(frozen=True)
class PrefsFile:
    """A profile's prefs.js as ``Settings``: names of preferences and their literals."""

    path: Path

    def parsed(self) -> Prefs:
        """What is in it now; an empty one where there is none yet."""
        prefs = Prefs(_read(self.path))
        try:
            _ = prefs.statements
        except Malformed as error:
            raise Malformed(f"{self.path}: {error.message}", error.hint) from error
        return prefs

    def values(self, names: Collection[str]) -> dict[str, str | None]:
        """See ``Settings``."""
        prefs = self.parsed()
        return {name: prefs.literal(name) for name in names}

    def write(self, values: Mapping[str, str | None]) -> None:
        """See ``Settings``; every byte that is not of these values stays."""
        target = self.require_writable()
        data = read(target)
        with explained(target):
            mode = stat.S_IMODE(target.stat().st_mode)
        writing.replace(target, Prefs(data).edited(values), data, mode)

    def sweep(self) -> None:
        """Remove what a run that was killed while writing left beside it."""
        writing.sweep(Path(os.path.realpath(self.path)))

    def require_writable(self) -> Path:
        """The file itself, where the profile has a link to it; ``AccessDenied`` where it is not to be changed."""
        with explained(self.path):
            target = Path(os.path.realpath(self.path))
            link, status = self.path.lstat(), target.stat()
        if status.st_uid != link.st_uid:
            raise AccessDenied(f"{self.path} is a link to a file of another user", "Look where it leads.")
        if not status.st_mode & 0o222 or not os.access(target, os.W_OK):
            raise AccessDenied(f"{self.path} may not be written", "It was meant to stay as it is; check its mode.")
        writing.writable(target)
        return target


def _read(path: Path) -> bytes:
    """What is in a file of settings; nothing where there is none."""
    try:
        return read_if_there(path) or b""
    except Unsupported as error:
        raise Unsupported(f"{path}: {error.message}", "Look in it for what made it so large: settings are smaller."
                          ) from error


def db_key(certificate: Certificate) -> str:
    """How Mozilla's settings name a certificate (``nsNSSCertificate::GetDbKey``): by its issuer and serial number."""
    serial, issuer = certificate.serial, certificate.issuer
    lengths = bytes(8) + len(serial).to_bytes(4, "big") + len(issuer).to_bytes(4, "big")
    return base64.b64encode(lengths + serial + issuer).decode()


def display_name(certificate: Certificate) -> str:
    """What Thunderbird shows (``nsNSSCertificate::GetDisplayName``), and never an empty text."""
    from profiles.names import attribute

    named = (attribute(certificate.subject, oid) for oid in ("2.5.4.3", "2.5.4.11", "2.5.4.10"))
    options = (*named, certificate.subject_text(), *certificate.emails)
    return next((name for name in options if name), "").replace("\0", "") or certificate.sha256[:16]


def _settings(one: Association) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for use, certificate in zip(_USES, (one.signing, one.encryption), strict=True):
        if certificate is not None:
            found[f"mail.identity.{one.account}.{use}_cert_name"] = display_name(certificate)
            found[f"mail.identity.{one.account}.{use}_cert_dbkey"] = db_key(certificate)
    if one.sign is not None:
        found[f"mail.identity.{one.account}.sign_mail"] = one.sign
    if one.encrypt is not None:
        found[f"mail.identity.{one.account}.encryptionpolicy"] = _ALWAYS if one.encrypt else _NEVER
    return found


def _account(identity: str, prefs: Mapping[str, Value | None], held: Mapping[str, Entry]) -> Account:
    def text(key: str) -> str:
        value = prefs.get(f"mail.identity.{identity}.{key}")
        return value if isinstance(value, str) else ""

    def choice(use: str) -> Choice | None:
        label, key = text(f"{use}_cert_name"), text(f"{use}_cert_dbkey")
        if not label:
            return None
        entry = held.get(_canonical(key))
        return Choice(label, entry.certificate.sha256 if entry else "", entry)

    signs, policy = (prefs.get(f"mail.identity.{identity}.{key}") for key in ("sign_mail", "encryptionpolicy"))
    notes: tuple[str, ...] = ()
    if text("openpgp_key_id") and prefs.get(f"mail.identity.{identity}.e2etechpref") != 1:
        notes = ("it has an OpenPGP key too, and that is used first unless the account prefers S/MIME",)
    return Account(identity, text("useremail").strip(), text("label") or text("fullName"),
                   choice(_USES[0]), choice(_USES[1]), signs is True,
                   isinstance(policy, int) and policy > 0, notes)


def _canonical(key: str) -> str:
    """The key without the line breaks that older versions put into it."""
    with suppress(binascii.Error, ValueError):
        return base64.b64encode(base64.b64decode("".join(key.split()), validate=True)).decode()
    return key


def _listed(value: Value | None) -> list[str]:
    return [part for piece in value.split(",") if (part := piece.strip())] if isinstance(value, str) else []


def _same(one: str | None, other: str | None) -> bool:
    if one is None or other is None:
        return one is other
    return one == other or value_of(one) == value_of(other)
