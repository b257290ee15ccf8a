"""Every store passes the contract, and the contract sees every store that does not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import ClassVar

import pytest

from profiles.files.pem import PemFile
from profiles.files.pkcs12 import Pkcs12File
from profiles.model import Location
from profiles.nss.library import LibraryStore
from profiles.nss.store import NssStore
from profiles.pkcs12.dialects import LEGACY
from tests import nss_tools
from tests.profiles.contract import StoreContract
from tests.profiles.memory import MemoryStore, Shelf
from tests.profiles.place import Place
from tests.system import require as required


class TestMemory(StoreContract):
    """The store in memory, which is what the contract says and nothing more."""

    @pytest.fixture
    def make(self):
        return in_memory


class TestLockedMemory(StoreContract):
    """The same with a password."""

    @pytest.fixture
    def make(self):
        return partial(in_memory, password="open sesame")


def in_memory(store=MemoryStore, password=""):
    """A place on a shelf of its own."""
    shelf = Shelf(password)
    return Place(partial(store, shelf), password, bar=shelf.barred.add)


@pytest.fixture(scope="session")
def originals(tmp_path_factory):
    """Empty databases by their password."""
    passwords = ("", "pass wörd")
    return {one: nss_tools.create(tmp_path_factory.mktemp("nss"), one or None).path for one in passwords}


class NssContract(StoreContract):
    """NSS profiles; those of certutil are copies of one that is made once."""

    engine: ClassVar = NssStore
    password: ClassVar[str] = ""
    empty: ClassVar[bool] = False
    """A profile that has no database yet."""

    @pytest.fixture
    def make(self, tmp_path, originals):
        def one():
            directory = Path(mkdtemp(dir=tmp_path))
            for file in () if self.empty else originals[self.password].iterdir():
                (directory / file.name).write_bytes(file.read_bytes())
            store = partial(self.engine, Location("nss", str(directory)), directory, new=True)
            return Place(store, self.password, directory, partial(self.bar, directory))

        return one

    @staticmethod
    def bar(directory, key_id):
        """Mark a key CKA_EXTRACTABLE false."""
        with closing(sqlite3.connect(directory / "key4.db")) as connection, connection:
            connection.execute("UPDATE nssPrivate SET a162 = x'00' WHERE a102 = ?", (bytes.fromhex(key_id),))


class TestNss(NssContract):
    """A database without password."""


class TestNssWithPassword(NssContract):
    """A database with one."""

    password = "pass wörd"


class TestNssWithoutDatabase(NssContract):
    """A profile that gets its database with the first step."""

    empty = True


class TestNssWithoutDatabaseWithPassword(NssContract):
    """The same, with a password to be set."""

    password, empty = "pass wörd", True


@pytest.mark.slow  # NSS derives the key of every PKCS#12 it makes with 600,000 rounds
class TestLibrary(NssContract):
    """NSS itself by way of python-nss."""

    engine = LibraryStore
    password = "pass wörd"
    limits: ClassVar = {}

    @pytest.fixture(autouse=True)
    def _python_nss(self):
        required("/usr/lib/python3/dist-packages/nss/__init__.py")


class FileContract(StoreContract):
    """Files; with a password unless said otherwise."""

    password: ClassVar[str] = "secret"

    @pytest.fixture
    def make(self, tmp_path, monkeypatch):
        monkeypatch.setattr("profiles.files.pem.STRONG", LEGACY)  # as few iterations as can be, for its speed

        def one():
            directory = Path(mkdtemp(dir=tmp_path))
            return Place(partial(self.store, directory), self.password, directory)

        return one


class TestPkcs12File(FileContract):
    """A PFX."""

    @staticmethod
    def store(directory):
        """The dialect that is quick to write."""
        return Pkcs12File(directory / "file.p12", LEGACY)


class TestPemFile(FileContract):
    """Certificates and keys in one file."""

    @staticmethod
    def store(directory):
        return PemFile(directory / "file.pem")


class TestOpenPemFile(TestPemFile):
    """The same without a password."""

    password = ""


class TestPemPair(FileContract):
    """Certificates in one file, keys in another."""

    @staticmethod
    def store(directory):
        return PemFile(directory / "cert.pem", directory / "key.pem")
