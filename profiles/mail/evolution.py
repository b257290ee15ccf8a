"""Evolution: the mail identities among its account sources, and the certificates they name.

A certificate is named by its nickname in the NSS database, or by an e-mail address (libcamel, camel-smime-context.c;
libedataserver, e-source-smime.c). The nickname is known only once the certificate is there: until then its fingerprint
stands for it.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from profiles.directories.together import recover, unsettled
from profiles.errors import NoMatch, StoreInUse
from profiles.mail.client import Account, Choice, Foreseen, Requirements, foreseen
from profiles.mail.evolution_sources import GROUP, IDENTITY, PRINT, UNSET, Sources
from profiles.mail.key_file import KeyFile, unescaped
from profiles.mail.record import Recorded, Records
from profiles.products.home import Home
from profiles.products.mail_directories import sources

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from profiles.mail.client import Association, MailClient
    from profiles.model import Entry
    from profiles.store import Store

SOURCE = "Data Source"
_SIGNING, _ENCRYPTION, _SIGN, _ENCRYPT = (
    "SigningCertificate", "EncryptionCertificate", "SignByDefault", "EncryptByDefault")
_PROCESSES = ("evolution", "evolution-source-registry")
_YES, _NO = "true", "false"


def client(store: Store) -> MailClient | None:
    """Evolution's accounts; None where it has none here."""
    places = sources(Home.current(os.environ))
    return Evolution(store, places[0]) if places else None


class Evolution(Recorded):
    """A ``MailClient`` over one directory of sources."""

    name = "Evolution"
    any_use = False  # "cannot find certificate"

    def __init__(self, store: Store, directory: Path) -> None:
        self._store, self._files = store, Sources(store, directory)
        own = directory / ".certferry"
        self._records = Records(own, self._files, self._same)
        self._given_back = Records(own, self._files, self._same_or_gone)
        if unsettled(directory) and os.access(directory, os.W_OK):
            recover(directory)

    def accounts(self) -> tuple[Account, ...]:
        """See ``MailClient``."""
        identities = dict(self._files.identities())
        readable = [file for file in identities.values() if isinstance(file, KeyFile)]
        held = self._files.held() if any(file.has(GROUP) for file in readable) else ()
        return tuple(_account(uid, file, held) if isinstance(file, KeyFile) else
                     Account(uid, "", notes=(file.message,), fault=file) for uid, file in identities.items())

    def requirements(self, association: Association) -> Requirements:  # noqa: ARG002 - the same for all of them
        """See ``MailClient``: Evolution signs without trust, but sends along only what is there."""
        return Requirements(email_trust=False, chain=True)

    def foresee(self, associations: Sequence[Association]) -> list[Foreseen]:
        """See ``MailClient``."""
        return [foreseen(one, partial(self._files.require_editable, one.account)) for one in associations]

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
            self._files.require_editable(one.account)
            wanted |= {f"{one.account}/{key}": value for key, value in _settings(one)}
        owners = {f"{one.account}/{key}": one.email for one in associations for key, _ in _settings(one)}
        return self._records.prepare(wanted, {one.sha256 for each in associations for one in each.needs}, owners)

    def associate(self, point: str) -> None:
        """See ``MailClient``."""
        self.require_writable()
        self._records.associate(point)

    def restore(self, point: str) -> tuple[str, ...]:
        """See ``MailClient``."""
        self.require_writable()
        return self._given_back.restore(point)

    def _same(self, one: str | None, other: str | None) -> bool:
        """Whether two values mean the same: a fingerprint is what the nickname of that certificate says."""
        if (one, other) == (None, UNSET) or (other, one) == (None, UNSET) or one == other:
            return True
        prints = [text.removeprefix(PRINT) for text in (one, other) if text and text.startswith(PRINT)]
        texts = [text for text in (one, other) if not (text and text.startswith(PRINT))]
        return len(prints) == 1 and bool(texts[0]) and self._files.nickname(prints[0]) == unescaped(texts[0] or "")

    def _same_or_gone(self, one: str | None, other: str | None) -> bool:
        """The same after the certificates were taken back: a name of nothing was the name of one of them."""
        if self._same(one, other):
            return True
        texts = [text for text in (one, other) if text and text != UNSET and not text.startswith(PRINT)]
        prints = [text for text in (one, other) if text and text.startswith(PRINT)]
        return len(prints) == 1 and len(texts) == 1 and not _choices(unescaped(texts[0]), self._files.held())


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
            yield key, PRINT + certificate.sha256
    for key, flag in ((_SIGN, one.sign), (_ENCRYPT, one.encrypt)):
        if flag is not None:
            yield key, _YES if flag else _NO
