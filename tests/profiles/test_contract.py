"""Every store passes the contract, and the contract sees every store that does not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import ClassVar

import pytest

from profiles.errors import Unsupported
from profiles.files.iis import KeyBackupFormat
from profiles.files.java.store import KeystoreFormat
from profiles.files.pem import PemFile
from profiles.files.pkcs12 import Pkcs12File
from profiles.files.store import FileStore
from profiles.model import Location
from profiles.nss.library import LibraryStore
from profiles.nss.store import NssStore
from profiles.pkcs12.dialects import STRONG
from tests import nss_tools
from tests.askers import Given
from tests.profiles.broken import BROKEN
from tests.profiles.contract import StoreContract, broken
from tests.profiles.files.java import making
from tests.profiles.memory import MemoryStore, Shelf
from tests.profiles.place import Place, identity, person, put
from tests.system import require as required

FAST = replace(STRONG, iterations=2048, mac_iterations=2048)


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


NO_BARE_KEYS = "python-nss neither lists nor takes in a key without its certificate"


@pytest.mark.linux("python-nss as Debian packs it")
@pytest.mark.slow  # NSS derives the key of every PKCS#12 it makes with 600,000 rounds
class TestLibrary(NssContract):
    """NSS itself by way of python-nss."""

    engine = LibraryStore
    password = "pass wörd"
    limits: ClassVar = {
        "test_a_key_without_certificate": NO_BARE_KEYS,
        "test_a_key_is_joined_by_its_certificate": NO_BARE_KEYS,
        "test_a_certificate_is_joined_by_its_key": NO_BARE_KEYS,
        "test_undo_takes_back_a_key_without_certificate": NO_BARE_KEYS,
        "test_twins_have_nicknames_of_their_own": "NSS gives all certificates of one subject one nickname",
        "test_a_certificate_without_key_has_its_nickname": "python-nss tells only the nicknames of identities",
        "test_nasty_names_survive[nul]": "NSS ends a nickname at its first NUL",
    }

    @pytest.fixture(autouse=True)
    def _python_nss(self):
        required("/usr/lib/python3/dist-packages/nss/__init__.py")


class FileContract(StoreContract):
    """Files; with a password unless said otherwise."""

    password: ClassVar[str] = "secret"

    @pytest.fixture
    def make(self, tmp_path):
        def one():
            directory = Path(mkdtemp(dir=tmp_path))
            return Place(partial(self.store, directory), self.password, directory)

        return one


class TestPkcs12File(FileContract):
    """A PFX."""

    @staticmethod
    def store(directory):
        return Pkcs12File(directory / "file.p12", FAST)


class TestPemFile(FileContract):
    """Certificates and keys in one file."""

    @staticmethod
    def store(directory):
        return PemFile(directory / "file.pem", None, FAST)


class TestOpenPemFile(TestPemFile):
    """The same without a password."""

    password = ""


class TestPemPair(FileContract):
    """Certificates in one file, keys in another."""

    @staticmethod
    def store(directory):
        return PemFile(directory / "cert.pem", directory / "key.pem", FAST)


@dataclass(frozen=True)
class WrittenKeystore(KeystoreFormat):
    """What certferry reads, made writable here so that every behaviour of reading meets it."""

    def encoded(self, items, password):
        secret = password.reveal().decode()
        return (making.jks([self.entry(one, secret) for one in items], secret),)

    @staticmethod
    def entry(item, secret):
        """An item as an entry."""
        if item.key is None:
            return making.jks_certificate(item.nickname, item.certificate.der)
        chain = [item.certificate.der] if item.certificate else ()
        return making.jks_key(item.nickname, making.jks_sealed(item.key.pkcs8, secret), chain)

    def require_mergeable(self, data):
        """Anything."""


TRUSTS_ALL = "a keystore trusts every authority that has an entry of its own, for everything, and none by halves"


@pytest.mark.slow  # forty behaviours of reading
class TestJavaKeystore(FileContract):
    """A JKS, as far as reading goes: certferry writes none."""

    limits: ClassVar = {
        "test_trust_survives": TRUSTS_ALL,
        "test_trust_is_set_again": TRUSTS_ALL,
        "test_nasty_names_survive[long]": "Java's names have at most 65,535 octets",
        "test_a_certificate_is_joined_by_its_key": "a keystore without keys opens without its password",
    }

    @staticmethod
    def store(directory):
        path = directory / "file.jks"
        return FileStore(Location("jks", str(path)), WrittenKeystore((path,)))


class TestReadOnlyFiles:
    """What a source that is never written promises beside that."""

    @pytest.mark.parametrize("form", [KeystoreFormat, KeyBackupFormat])
    def test_a_step_into_it_is_refused_and_leaves_nothing(self, form, tmp_path):
        """By the format itself, whoever asks it."""
        path = tmp_path / "file"
        store = FileStore(Location("jks", str(path)), form((path,)))
        store.unlock(Given("secret"))
        with pytest.raises(Unsupported, match="read and not written"):
            put(store, *identity(person("Somebody")))
        assert list(tmp_path.iterdir()) == []


SEEN_BY = {
    "KeepsNothing": "test_an_identity_arrives",
    "LosesTheKey": "test_an_identity_arrives",
    "PairsAnotherKey": "test_an_identity_arrives",
    "ForgetsTrust": "test_trust_survives",
    "MergesNicknames": "test_a_taken_nickname_gets_another",
    "DropsTwins": "test_twins_stay_two",
    "NeverRollsBack": "test_an_error_after_commit_takes_all_of_it_back",
    "WritesTooEarly": "test_nothing_is_written_before_commit",
    "AsksToList": "test_listing_never_asks",
    "HandsOutBarredKeys": "test_a_barred_key_stays",
}
"""The behaviour that is there for each broken store."""


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_store_is_seen(name):
    """By the behaviour that is meant for it, whatever else fails with it."""
    assert SEEN_BY[name] in broken(partial(in_memory, BROKEN[name], "open sesame"))


def test_a_sound_store_is_not_called_broken():
    """By the same judge."""
    assert broken(in_memory) == set()
