"""Windows Mail (Vista) and Windows Live Mail: one file for each account below the user's local application data.

``SMTP_Certificate`` and ``SMTP_Encryption_Certificate`` are the SHA-1 of certificates in the user's store MY, in hex.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from profiles.errors import Error, NoMatch, VerificationFailed
from profiles.files import writing
from profiles.files.reading import explained, read
from profiles.mail import account_file
from profiles.mail.client import Account, Association
from profiles.mail.program import choice, decides_for_all, require_no_defaults

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from profiles.model import Entry

SIGNING, ENCRYPTION = "SMTP_Certificate", "SMTP_Encryption_Certificate"
_PREFIX = "file|"
_MOST = 1000
_SHA1 = 40
PRODUCTS = (("Windows Mail", "windows-mail", "winmail.exe"), ("Windows Live Mail", "windows-live-mail", "wlmail.exe"))
"""What it is called, in ids, and the program; its directory below ``Microsoft`` has its name."""


class WindowsMail:
    """See ``Program``; ``local`` is the directory of local application data."""

    def __init__(self, local: Path, product: tuple[str, str, str] = PRODUCTS[0]) -> None:
        self.name, self._id, executable = product
        self.executables: tuple[str, ...] = (executable,)
        self._root = local / "Microsoft" / self.name

    def _files(self) -> Iterator[tuple[str, Path]]:
        """Every account file with the id of its account; nested, because each account has a directory of its own."""
        if not self._root.is_dir():
            return
        for number, path in enumerate(sorted(self._root.rglob("*.oeaccount"))):
            if number < _MOST and path.is_file() and not path.is_symlink():
                yield f"{self._id}/{path.relative_to(self._root).as_posix()}", path

    def accounts(self, held: Mapping[str, Entry]) -> tuple[Account, ...]:
        """See ``Program``; an account file that cannot be read is one without an address."""
        found = (self._account(*one, held) for one in self._files())
        return tuple(account for account in found if account is not None)

    def _account(self, name: str, path: Path, held: Mapping[str, Entry]) -> Account | None:
        try:
            elements = account_file.read_account(read(path))
        except Error as error:
            return Account(name, "", f"{self.name}, {path.name}", notes=(error.message,), fault=error)
        if "SMTP_Email_Address" not in elements:
            return None  # news, or a directory
        texts = {one: element.text for one, element in elements.items()}
        title = ", ".join(filter(None, (self.name, texts.get("Account_Name", ""))))
        return Account(name, texts["SMTP_Email_Address"], title,
                       choice(_hash(texts, SIGNING), held), choice(_hash(texts, ENCRYPTION), held))

    def shares_defaults(self, one: Association, together: Sequence[Association]) -> str:
        """See ``Program``."""
        del together  # they are in the options, and not where the accounts are
        return decides_for_all(self.name, one)

    def wanted(self, associations: Sequence[Association], held: Mapping[str, Entry]) -> dict[str, str | None]:
        """See ``Program``."""
        del held  # an account says what it uses by itself
        files = dict(self._files())
        wanted: dict[str, str | None] = {}
        for one in associations:
            path = files.get(one.account)
            if path is None:
                raise NoMatch(f"{self.name} has no account {one.email} any more", "List the accounts again.")
            require_no_defaults(self.name, one)
            elements = account_file.read_account(read(path))
            texts = {name: element.text for name, element in elements.items()}
            for name, certificate in ((SIGNING, one.signing), (ENCRYPTION, one.encryption)):
                if certificate is not None and _hash(texts, name) != certificate.thumbprint:
                    wanted[f"{_PREFIX}{path}|{name}"] = account_file.binary(name, bytes.fromhex(certificate.thumbprint))
        return wanted


def _hash(texts: Mapping[str, str], name: str) -> str:
    """A thumbprint; a template's ``0`` is none."""
    found = texts.get(name, "").lower()
    return found if len(found) == _SHA1 else ""


class AccountFiles:
    """See ``Settings``: elements of account files, each as its whole markup."""

    @staticmethod
    def knows(name: str) -> bool:
        """Whether a setting is one of these."""
        return name.startswith(_PREFIX)

    def values(self, names: Collection[str]) -> dict[str, str | None]:
        """See ``Settings``."""
        return {name: account_file.markup(read(path), element)
                for name in names for path, element in [_place(name)]}

    def write(self, values: Mapping[str, str | None]) -> None:
        """See ``Settings``: each file whole, and all as they were where one is refused or does not read back."""
        before: dict[Path, bytes] = {}
        after: dict[Path, bytes] = {}
        for name, value in values.items():
            path, element = _place(name)
            data = before.setdefault(path, read(path))
            after[path] = account_file.with_markup(after.get(path, data), element, value)
        done: list[Path] = []
        try:
            for path, data in after.items():
                _replace(path, data, before[path])
                done.append(path)
            self._require(values)
        except BaseException:
            for path in done:
                _replace(path, before[path], after[path])
            raise

    def _require(self, values: Mapping[str, str | None]) -> None:
        if self.values(values) != values:
            raise VerificationFailed("a fresh read of the mail account files does not show what was written",
                                     "What was there before is put back.")


def _place(name: str) -> tuple[Path, str]:
    path, _, element = name.removeprefix(_PREFIX).rpartition("|")
    return Path(path), element


def _replace(path: Path, data: bytes, expected: bytes) -> None:
    with explained(path):
        mode = path.stat().st_mode & 0o7777
    writing.replace(path, data, expected, mode)
