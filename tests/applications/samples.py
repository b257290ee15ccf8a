"""Databases with the NSS tools for the checks to be checked on: right ones, and ones that only look right."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tests import nss_tools, pki
from tests.applications import thunderbird_profile

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pki import Leaf

PASSWORD = "Sup3r pw!"
ROOT_NICKNAME = "Test Root - Certferry Tests"
"""The nickname pk12util gives the root."""


@dataclass(frozen=True)
class Samples:
    """Databases by what is in them, each made once, when first asked for."""

    directory: Path
    root: pki.Authority
    alice: Leaf
    bob: Leaf
    eve: Leaf

    def database(self, name: str, *leaves: Leaf, password: str | None = None, chain: bool = True) -> Path:
        """A database with these identities and a root trusted for servers and e-mail."""
        made = nss_tools.create(self.directory / name, password)
        for leaf in leaves:
            made.add_p12(leaf.p12(name=leaf.cn, chain=None if chain else ()))
        if chain and leaves:
            made.trust(ROOT_NICKNAME, ",C,")
        return made.path

    @cached_property
    def rsa(self) -> Path:
        """Alice with her whole chain."""
        return self.database("rsa", self.alice)

    @cached_property
    def ec(self) -> Path:
        """Bob with his whole chain."""
        return self.database("ec", self.bob)

    @cached_property
    def locked(self) -> Path:
        """Alice, behind a password."""
        return self.database("locked", self.alice, password=PASSWORD)

    @cached_property
    def two(self) -> Path:
        """Alice and Bob."""
        return self.database("two", self.alice, self.bob)

    @cached_property
    def no_intermediate(self) -> Path:
        """Alice with nothing above her."""
        return self.database("no-intermediate", self.alice, chain=False)

    @cached_property
    def certificate_only(self) -> Path:
        """Alice's certificates, and no key."""
        made = nss_tools.create(self.directory / "certificate-only")
        made.add_certificate(self.alice.der, "Alice RSA")
        for number, authority in enumerate(self.alice.chain):
            made.add_certificate(authority.der, f"authority {number}", ",C,")
        return made.path

    @cached_property
    def key_deleted(self) -> Path:
        """Alice, whose key was deleted behind the back of the certificate."""
        path = self._copy(self.rsa, "key-deleted")
        _change(path, "delete from nssPrivate")
        return path

    @cached_property
    def other_key(self) -> Path:
        """Alice's certificate over Eve's key, which claims to be Alice's: right in every listing, and cannot sign."""
        path = self.database("other-key", self.eve)
        shutil.copy(self.rsa / "cert9.db", path)
        with closing(sqlite3.connect(self.rsa / "key4.db")) as connection:
            (claimed,) = connection.execute("select a102 from nssPrivate").fetchone()
        _change(path, "update nssPrivate set a102 = ?", claimed)
        return path

    @cached_property
    def mail(self) -> Path:
        """A Thunderbird profile that signs as Alice."""
        return self._mail(self.rsa, "mail")

    @cached_property
    def locked_mail(self) -> Path:
        """The same behind a primary password."""
        return self._mail(self.locked, "locked-mail")

    @cached_property
    def mail_key_deleted(self) -> Path:
        """The same without the key."""
        return self._mail(self.key_deleted, "mail-key-deleted")

    @cached_property
    def mail_other_key(self) -> Path:
        """The same with another key in its place."""
        return self._mail(self.other_key, "mail-other-key")

    @cached_property
    def mail_untrusted(self) -> Path:
        """The same below a root that is not trusted for e-mail."""
        path = self._mail(self.rsa, "mail-untrusted")
        nss_tools.Database(path).trust(ROOT_NICKNAME, ",,")
        return path

    def home(self, name: str, **databases: Path) -> Path:
        """A home with databases at ``legacy`` (.pki/nssdb) and ``xdg`` (.local/share/pki/nssdb)."""
        places = {"legacy": ".pki/nssdb", "xdg": ".local/share/pki/nssdb"}
        for place, database in databases.items():
            shutil.copytree(database, self.directory / name / places[place])
        return self.directory / name

    def evolution_home(self) -> Path:
        """A home whose mail account signs and decrypts by Alice's nickname."""
        home = self.home("evolution", legacy=self.rsa)
        sources = home / ".config" / "evolution" / "sources"
        sources.mkdir(parents=True)
        settings = "[Secure MIME (S/MIME)]\nSigningCertificate=Alice RSA\nEncryptionCertificate=Alice RSA\n"
        (sources / "alice.source").write_text(settings)
        return home

    def _mail(self, database: Path, name: str) -> Path:
        path = self._copy(database, name)
        thunderbird_profile.with_account(path, "alice@example.test", self.alice.der)
        return path

    def _copy(self, source: Path, name: str) -> Path:
        return shutil.copytree(source, self.directory / name)


def make(directory: Path) -> Samples:
    """Samples below a root of their own."""
    root = pki.root()
    authority = root.intermediate()
    alice = authority.leaf("Alice RSA", email="alice@example.test", key="rsa-2048")
    bob = authority.leaf("Bob EC", email="bob@example.test")
    return Samples(directory, root, alice, bob, authority.leaf("Eve", email="eve@example.test", key="rsa-2048"))


def _change(database: Path, statement: str, *values: bytes) -> None:
    with closing(sqlite3.connect(database / "key4.db")) as connection, connection:
        connection.execute(statement, values)
