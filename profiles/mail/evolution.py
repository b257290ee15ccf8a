"""Evolution: the mail identities among its account sources, and the certificates they name.

A certificate is named by its nickname in the NSS database, or by an e-mail address (libcamel, camel-smime-context.c;
libedataserver, e-source-smime.c). The nickname is known only once the certificate is there: until then its fingerprint
stands for it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from profiles.directories.together import Edit, recover, unsettled, write
from profiles.errors import AccessDenied, NoMatch, StoreInUse
from profiles.files import writing
from profiles.files.reading import explained, named, read, read_if_there
from profiles.mail.client import Account, Choice, Requirements
from profiles.mail.key_file import KeyFile, escaped, unescaped
from profiles.mail.record import Recorded, Records
from profiles.products.home import Home
from profiles.products.mail_directories import sources

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from profiles.mail.client import Association, MailClient
    from profiles.model import Entry
    from profiles.store import Store

GROUP, IDENTITY, SOURCE = "Secure MIME (S/MIME)", "Mail Identity", "Data Source"
_SIGNING, _ENCRYPTION, _SIGN, _ENCRYPT = (
    "SigningCertificate", "EncryptionCertificate", "SignByDefault", "EncryptByDefault")
_PROCESSES = ("evolution", "evolution-source-registry")
_YES, _NO = "true", "false"
_PRINT = "sha256:"
"""Before a fingerprint that stands for a nickname; no nickname begins so."""


def client(store: Store) -> MailClient | None:
    """Evolution's accounts; None where it has none here."""
    places = sources(Home.current(os.environ))
    return Evolution(store, places[0]) if places else None


class Evolution(Recorded):
    """A ``MailClient`` over one directory of sources."""

    name = "Evolution"

    def __init__(self, store: Store, directory: Path) -> None:
        self._store, self._files = store, Sources(store, directory)
        own = directory / ".certferry"
        self._records = Records(own, self._files, self._same)
        self._given_back = Records(own, self._files, self._same_or_gone)
        if unsettled(directory) and os.access(directory, os.W_OK):
            recover(directory)

    def accounts(self) -> tuple[Account, ...]:
        """See ``MailClient``."""
        identities = {uid: file for uid, file in self._files.parsed() if file.has(IDENTITY)}
        held = self._files.held() if any(file.has(GROUP) for file in identities.values()) else ()
        return tuple(_account(uid, file, held) for uid, file in identities.items())

    def requirements(self, association: Association) -> Requirements:  # noqa: ARG002 - the same for all of them
        """See ``MailClient``: Evolution signs without trust, but sends along only what is there."""
        return Requirements(email_trust=False, chain=True)

    def require_writable(self) -> None:
        """See ``MailClient``; the service that keeps the sources would write its own over ours."""
        user = _running()
        if user:
            raise StoreInUse(f"{user}, and would overwrite its settings",
                             "Close Evolution and end its service (systemctl --user stop evolution-source-registry), "
                             "then try again.")
        self._files.require_writable()

    def prepare(self, associations: Sequence[Association]) -> str:
        """See ``MailClient``."""
        self.require_writable()
        present = {account.id for account in self.accounts()}
        wanted: dict[str, str | None] = {}
        for one in associations:
            if one.account not in present:
                raise NoMatch(f"Evolution has no account {one.account} any more", "Look at its accounts again.")
            wanted |= {f"{one.account}/{key}": value for key, value in _settings(one)}
        return self._records.prepare(wanted, {one.sha256 for each in associations for one in each.needs})

    def associate(self, point: str) -> None:
        """See ``MailClient``."""
        self.require_writable()
        self._records.associate(point)

    def restore(self, point: str) -> None:
        """See ``MailClient``."""
        self.require_writable()
        self._given_back.restore(point)

    def _same(self, one: str | None, other: str | None) -> bool:
        """Whether two values mean the same: a fingerprint is what the nickname of that certificate says."""
        if one == other:
            return True
        prints = [text.removeprefix(_PRINT) for text in (one, other) if text and text.startswith(_PRINT)]
        texts = [text for text in (one, other) if not (text and text.startswith(_PRINT))]
        return len(prints) == 1 and bool(texts[0]) and self._files.nickname(prints[0]) == unescaped(texts[0] or "")

    def _same_or_gone(self, one: str | None, other: str | None) -> bool:
        """The same after the certificates were taken back: a name of nothing was the name of one of them."""
        if self._same(one, other):
            return True
        texts = [text for text in (one, other) if text and not text.startswith(_PRINT)]
        prints = [text for text in (one, other) if text and text.startswith(_PRINT)]
        return len(prints) == 1 and len(texts) == 1 and not _choices(unescaped(texts[0]), self._files.held())


@dataclass(frozen=True)
class Sources:
    """The files of a directory of sources as ``Settings``: names are ``uid/Key``, values as they stand in the file."""

    store: Store
    directory: Path

    def parsed(self) -> Iterator[tuple[str, KeyFile]]:
        """Every source of a mail identity by its uid; ``Malformed``."""
        for path in sorted(self.directory.glob("*.source")):
            data = read_if_there(path)
            if data is None or IDENTITY.encode() not in data:
                continue  # a calendar or an address book is no business of this
            file = KeyFile(data)
            with named(str(path)):
                file.has(IDENTITY)
            yield path.name.removesuffix(".source"), file

    def values(self, names: Collection[str]) -> dict[str, str | None]:
        """See ``Settings``."""
        found = {}
        for name in names:
            uid, _, key = name.rpartition("/")
            found[name] = KeyFile(read_if_there(self._path(uid)) or b"").value(GROUP, key)
        return found

    def write(self, values: Mapping[str, str | None]) -> None:
        """See ``Settings``: all files together, whole or not at all."""
        wanted: dict[str, dict[str, str | None]] = {}
        for name, value in values.items():
            uid, _, key = name.rpartition("/")
            wanted.setdefault(uid, {})[key] = self._spelled(value)
        edits = []
        for uid, changes in wanted.items():
            path = self._path(uid)
            data = read(path)
            with explained(path):
                mode = path.stat().st_mode & 0o777
            edits.append(Edit(path.name, data, KeyFile(data).edited(GROUP, changes), mode))
        write(self.directory, edits)

    def _spelled(self, value: str | None) -> str | None:
        if not value or not value.startswith(_PRINT):
            return value
        nickname = self.nickname(value.removeprefix(_PRINT))
        if not nickname:
            raise NoMatch(f"a certificate that an account of Evolution is to use is not in {self.store.location}",
                          "Migrate it first.")
        return escaped(nickname)

    def _path(self, uid: str) -> Path:
        if "/" in uid or not uid:
            raise NoMatch(f"{uid!r} is no account of Evolution")
        return self.directory / f"{uid}.source"

    def nickname(self, sha256: str) -> str:
        """What the database calls a certificate of which it has the key, or nothing."""
        return next((entry.nickname for entry in self.held() if entry.certificate.sha256 == sha256), "")

    def held(self) -> tuple[Entry, ...]:
        """The certificates in the database of which it has the keys."""
        return tuple(entry for entry in self.store.list().entries if entry.has_key)

    def require_writable(self) -> None:
        """``AccessDenied`` where the accounts are not to be changed."""
        writing.writable(self.directory / "certferry.source")
        for path in self.directory.glob("*.source"):
            if not os.access(path, os.W_OK) or not path.stat().st_mode & 0o222:
                raise AccessDenied(f"{path} may not be written", "It was meant to stay as it is; check its mode.")


def _running() -> str:
    """Which of Evolution's processes of this user runs, as the beginning of a sentence; or nothing."""
    import psutil

    if not hasattr(os, "getuid"):
        return ""  # Evolution's accounts on a disk that another system looks at
    me = os.getuid()
    for process in psutil.process_iter(["name", "uids", "pid"]):
        uids = process.info["uids"]
        if process.info["name"] in _PROCESSES and (uids is None or uids.real == me):
            return f"{process.info['name']} (process {process.info['pid']}) is running"
    return ""


def _account(uid: str, file: KeyFile, held: Sequence[Entry]) -> Account:
    notes = []
    if file.text(SOURCE, "Enabled") == _NO:
        notes.append("this account is switched off in Evolution")
    if any(file.text("Pretty Good Privacy (OpenPGP)", key) == _YES for key in (_SIGN, _ENCRYPT)):
        notes.append("it also uses OpenPGP by default")
    return Account(uid, file.text(IDENTITY, "Address"), file.text(SOURCE, "DisplayName"),
                   _choice(file.text(GROUP, _SIGNING), held), _choice(file.text(GROUP, _ENCRYPTION), held),
                   _flag(file.text(GROUP, _SIGN)), _flag(file.text(GROUP, _ENCRYPT)), tuple(notes))


def _flag(text: str) -> bool | None:
    return {_YES: True, _NO: False}.get(text)


def _choice(label: str, held: Sequence[Entry]) -> Choice | None:
    if not label:
        return None
    found = _choices(label, held)
    return Choice(label, found[0].certificate.sha256, found[0]) if found else Choice(label)


def _choices(label: str, held: Sequence[Entry]) -> list[Entry]:
    """What a name means: a nickname before an address."""
    plain = label.casefold()
    return [entry for entry in held if entry.nickname == label] or [
        entry for entry in held if plain in (email.casefold() for email in entry.certificate.emails)]


def _settings(one: Association) -> Iterator[tuple[str, str | None]]:
    for key, certificate in ((_SIGNING, one.signing), (_ENCRYPTION, one.encryption)):
        if certificate is not None:
            yield key, _PRINT + certificate.sha256
    for key, flag in ((_SIGN, one.sign), (_ENCRYPT, one.encrypt)):
        if flag is not None:
            yield key, _YES if flag else _NO
