"""The mail programs that use the Windows store: over the real registry under Windows, over its stand-in elsewhere."""

from __future__ import annotations

import hashlib
import struct
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from profiles.certificate import Certificate
from profiles.errors import AccessDenied, Error, Malformed, NoMatch, StoreInUse, StoreNotFound, Unsupported
from profiles.mail import account_file
from profiles.mail.client import Association, Choice
from profiles.mail.security_profile import Defaults, Setting, Tag, parse, serialise
from profiles.mail.windows import WindowsClients
from profiles.model import Entry
from profiles.windows.processes import Program
from profiles.windows.registry import REG_BINARY, Key, Value, WindowsRegistry
from tests.profiles.mail import windows_accounts as accounts
from tests.profiles.windows.memory_registry import MemoryRegistry
from tests.profiles.windows.rooted_registry import RootedRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.pki import Authority, Leaf

REAL = [WindowsRegistry] if sys.platform == "win32" else []
ALICE, SECOND = "alice@example.test", "second@example.test"
PROFILES, DEFAULTS = "11020355", "00030354"


@dataclass
class Computer:
    """A user's registry, directory and store, and the clients over them."""

    registry: RootedRegistry
    local: Path
    entries: list[Entry] = field(default_factory=list)
    processes: list[Program] = field(default_factory=list)

    @property
    def clients(self) -> WindowsClients:
        return WindowsClients(self.registry, self.local, self.local / "state", lambda: self.entries,
                              lambda _: self.processes)

    def holds(self, *leaves: Leaf) -> None:
        self.entries += [Entry(Certificate.parse(leaf.der), has_key=True) for leaf in leaves]

    def associate(self, email: str, leaf: Leaf, **options: bool) -> str:
        """As the engine does it, for every account of that address."""
        certificate = Certificate.parse(leaf.der)
        wanted = [Association(one.id, email, certificate, certificate, **options)
                  for one in self.clients.accounts() if one.email == email]
        assert wanted
        self.clients.require_writable()
        point = self.clients.prepare(wanted)
        self.clients.associate(point)
        self.clients.finish(point)
        return point

    def used(self) -> dict[str, tuple[str, str]]:
        """What each account signs with and is encrypted to, by its address."""
        return {one.email: (one.signing.sha256 if one.signing else "", one.encryption.sha256 if one.encryption else "")
                for one in self.clients.accounts()}

    def blob(self, key: Key, name: str) -> bytes:
        value = self.registry.value(key, name)
        assert value is not None
        assert value.kind == REG_BINARY
        assert isinstance(value.data, bytes)
        return value.data

    def settings(self, key: Key) -> tuple[Setting, ...]:
        return parse(self.blob(key, PROFILES))[0]


@pytest.fixture(params=[MemoryRegistry, *REAL])
def computer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Computer]:
    rooted = RootedRegistry(request.param())
    yield Computer(rooted, tmp_path)
    rooted.remove()


@pytest.fixture(scope="module")
def alice_too(intermediate: Authority) -> Leaf:
    """Another certificate of the same person."""
    return intermediate.leaf("Alice, renewed", email=ALICE)


def sha1(leaf: Leaf) -> bytes:
    return hashlib.sha1(leaf.der).digest()


@pytest.mark.parametrize(("version", "bits", "width"), [
    ("16.0", "x64", 64), ("16.0", "x86", 32), ("15.0", "x64", 64), ("", "x86", 32), ("", None, 32)])
def test_every_outlook(computer: Computer, alice: Leaf, version: str, bits: str | None, width: int) -> None:
    """The first association makes the settings in the layout of that Outlook; it reads back, and undo removes it."""
    key = accounts.outlook(computer.registry, ALICE, version=version, bits=bits)
    if not version and bits:
        accounts.installed(computer.registry, "14.0", bits)
    computer.holds(alice)
    before = computer.registry.everything()
    assert computer.used() == {ALICE: ("", "")}
    point = computer.associate(ALICE, alice)
    assert computer.used() == {ALICE: (alice.sha256, alice.sha256)}
    data = computer.blob(key, PROFILES)
    (entry,), found = parse(data)
    assert found == width
    assert struct.unpack_from("<I", data) == (1,)
    assert entry.get(Tag.SIGNING) == entry.get(Tag.ENCRYPTION) == sha1(alice)
    assert entry.defaults == 7
    assert entry.get(Tag.CAPABILITIES)
    assert computer.registry.value(key, DEFAULTS) is None
    computer.clients.restore(point)
    assert computer.registry.everything() == before


def test_a_second_run_changes_nothing(computer: Computer, alice: Leaf) -> None:
    """What is associated already stays byte for byte."""
    key = accounts.outlook(computer.registry, ALICE)
    computer.holds(alice)
    computer.associate(ALICE, alice)
    data = computer.blob(key, PROFILES)
    computer.associate(ALICE, alice)
    assert computer.blob(key, PROFILES) == data


def test_only_the_thumbprints_of_an_entry_change(computer: Computer, alice: Leaf, alice_too: Leaf) -> None:
    """The entry that names the old certificate gets the new one; all else in it, and other entries, stay."""
    key = accounts.outlook(computer.registry, ALICE, SECOND)
    old = Setting.new("My S/MIME", Defaults(7)).put(Tag.SIGNING, sha1(alice)).put(Tag.ENCRYPTION, sha1(alice))
    old = old._replace(properties=(*old.properties, (0x1234, b"foreign")))
    other = Setting.new("Other", Defaults(0)).put(Tag.SIGNING, b"?" * 20)
    before = serialise((other, old), 32)
    computer.registry.write(key, PROFILES, Value(REG_BINARY, before))
    computer.holds(alice, alice_too)
    # the account SECOND is served by the default entry too, which a certificate without its address must not take over
    point = computer.associate(ALICE, alice_too)
    kept, first, added = computer.settings(key)
    assert (kept, first) == (other, old)
    assert added.get(Tag.SIGNING) == sha1(alice_too)
    assert added.defaults == Defaults.SEND_CERTIFICATES
    assert computer.used()[ALICE] == (alice_too.sha256, alice_too.sha256)
    computer.clients.restore(point)
    assert computer.blob(key, PROFILES) == before
    computer.registry.delete(Key(key.hive, key.path.replace(accounts.SECURITY, "") +
                                 "9375CFF0413111d3B88A00104B2A6676\\00000003"), "Account Name")
    computer.associate(ALICE, alice_too)
    kept, first = computer.settings(key)
    assert kept == other
    assert first == old.put(Tag.SIGNING, sha1(alice_too)).put(Tag.ENCRYPTION, sha1(alice_too))
    assert parse(computer.blob(key, PROFILES))[1] == 64


def test_a_dead_default_gives_way(computer: Computer, alice: Leaf) -> None:
    """Where the default entry names a certificate that is gone, the new entry becomes the default."""
    key = accounts.outlook(computer.registry, ALICE, SECOND)
    dead = Setting.new("Old computer", Defaults(7)).put(Tag.SIGNING, b"?" * 20)
    computer.registry.write(key, PROFILES, Value(REG_BINARY, serialise((dead,), 64)))
    computer.holds(alice)
    assert computer.clients.accounts()[0].signing == Choice((b"?" * 20).hex())
    computer.associate(ALICE, alice)
    old, new = computer.settings(key)
    assert (old.defaults, new.defaults) == (Defaults.SEND_CERTIFICATES, Defaults(7))


def test_two_addresses_two_entries(computer: Computer, alice: Leaf, bob: Leaf) -> None:
    """Each account of a profile has its own, whatever the order."""
    key = accounts.outlook(computer.registry, ALICE, "bob@example.test")
    computer.holds(alice, bob)
    computer.associate(ALICE, alice)
    computer.associate("bob@example.test", bob)
    assert computer.used() == {ALICE: (alice.sha256,) * 2, "bob@example.test": (bob.sha256,) * 2}
    assert [one.defaults for one in computer.settings(key)] == [7, 4]


def test_signing_alone_leaves_encryption(computer: Computer, alice: Leaf, alice_too: Leaf) -> None:
    """A pair of certificates: each part is set by itself."""
    accounts.outlook(computer.registry, ALICE)
    computer.holds(alice, alice_too)
    computer.associate(ALICE, alice)
    (account,) = computer.clients.accounts()
    wanted = Association(account.id, ALICE, Certificate.parse(alice_too.der), None)
    computer.clients.associate(computer.clients.prepare([wanted]))
    assert computer.used() == {ALICE: (alice_too.sha256, alice.sha256)}


def test_what_is_done_with_new_mail(computer: Computer, alice: Leaf) -> None:
    """Signing and encrypting by default are set only when asked, each without the other."""
    key = accounts.outlook(computer.registry, ALICE)
    computer.holds(alice)
    computer.associate(ALICE, alice, sign=True)
    assert computer.blob(key, DEFAULTS) == b"\2\0\0\0"
    point = computer.associate(ALICE, alice, encrypt=True)
    assert computer.blob(key, DEFAULTS) == b"\3\0\0\0"
    (account,) = computer.clients.accounts()
    assert (account.signs, account.encrypts) == (True, True)
    computer.clients.restore(point)
    computer.associate(ALICE, alice, sign=False)
    assert computer.blob(key, DEFAULTS) == bytes(4)


def test_unreadable_settings_are_left(computer: Computer, alice: Leaf) -> None:
    """They are named beside the account, and refused unchanged."""
    key = accounts.outlook(computer.registry, ALICE)
    computer.registry.write(key, PROFILES, Value(REG_BINARY, b"\1\0\0\0garbage"))
    computer.holds(alice)
    (account,) = computer.clients.accounts()
    assert (account.email, account.signing) == (ALICE, None)
    assert "not in the form" in account.notes[0]
    with pytest.raises(Malformed):
        computer.associate(ALICE, alice)
    assert computer.blob(key, PROFILES) == b"\1\0\0\0garbage"


def test_an_entry_without_capabilities_gets_them(computer: Computer, alice: Leaf) -> None:
    """Outlook takes none without; undo takes them away again."""
    key = accounts.outlook(computer.registry, ALICE)
    bare = Setting.new("Old", Defaults(7)).put(Tag.SIGNING, b"?" * 20)
    bare = bare._replace(properties=tuple(one for one in bare.properties if one[0] != Tag.CAPABILITIES))
    before = serialise((bare,), 64)
    computer.registry.write(key, PROFILES, Value(REG_BINARY, before))
    computer.holds(alice)
    point = computer.associate(ALICE, alice)
    (changed,) = computer.settings(key)
    assert changed.name == "Old"
    assert changed.get(Tag.CAPABILITIES) == Setting.new("", Defaults(0)).get(Tag.CAPABILITIES)
    computer.clients.restore(point)
    assert computer.blob(key, PROFILES) == before


def test_signing_for_one_account_of_a_profile(computer: Computer, alice: Leaf) -> None:
    """Its accounts sign alike: it is not set behind the back of the others, and set where all of them are to."""
    key = accounts.outlook(computer.registry, ALICE, "bob@example.test")
    computer.holds(alice)
    certificate = Certificate.parse(alice.der)
    one, other = (Association(account.id, account.email, certificate, certificate, sign=True)
                  for account in computer.clients.accounts())
    (alone,) = computer.clients.foresee([one])
    assert (alone.association, alone.code) == (one._replace(sign=None), "defaults-shared")
    assert "bob@example.test" in alone.reason
    with pytest.raises(Unsupported, match=r"bob@example\.test"):
        computer.associate(ALICE, alice, sign=True)
    assert [found.association for found in computer.clients.foresee([one, other])] == [one, other]
    computer.clients.associate(computer.clients.prepare([one, other]))
    assert computer.blob(key, DEFAULTS) == b"\2\0\0\0"
    assert computer.clients.foresee([one])[0].association == one  # nothing changes for anybody then


def test_what_is_foreseen(computer: Computer, alice: Leaf) -> None:
    """What `prepare` would refuse, and defaults that a program has for all accounts together."""
    accounts.outlook(computer.registry, ALICE, bits=None)
    accounts.outlook_express(computer.registry, ALICE)
    computer.holds(alice)
    wanted = [Association(account.id, ALICE, Certificate.parse(alice.der), None, sign=True)
              for account in computer.clients.accounts()]
    outlook, express = computer.clients.foresee(wanted)
    assert (outlook.association, outlook.code) == (None, "unsupported")
    assert (express.association, express.code) == (wanted[1]._replace(sign=None), "defaults-shared")


@pytest.mark.parametrize("value", [None, bytes(16)])
def test_an_outlook_of_unknown_bitness(computer: Computer, alice: Leaf, value: bytes | None) -> None:
    """Settings in the wrong layout would be lost: none are made, also where there is a value of zeros."""
    key = accounts.outlook(computer.registry, ALICE, bits=None)
    if value is not None:
        computer.registry.write(key, PROFILES, Value(REG_BINARY, value))
    computer.holds(alice)
    before = computer.registry.everything()
    with pytest.raises(Unsupported):
        computer.associate(ALICE, alice)
    assert computer.registry.everything() == before


@pytest.mark.parametrize("identity", ["", "{11111111-2222-3333-4444-555555555555}"])
def test_outlook_express(computer: Computer, alice: Leaf, alice_too: Leaf, identity: str) -> None:
    """Twenty bytes under two names, for the main user and for an identity; undo puts back what was there."""
    (key,) = accounts.outlook_express(computer.registry, ALICE, identity=identity)
    computer.registry.write(key, "SMTP Certificate", Value(REG_BINARY, sha1(alice)))
    computer.holds(alice, alice_too)
    before = computer.registry.everything()
    assert computer.used() == {ALICE: (alice.sha256, "")}
    point = computer.associate(ALICE, alice_too)
    assert computer.blob(key, "SMTP Certificate") == sha1(alice_too)
    assert computer.blob(key, "SMTP Encryption Certificate") == sha1(alice_too)
    assert computer.used() == {ALICE: (alice_too.sha256, alice_too.sha256)}
    computer.clients.restore(point)
    assert computer.registry.everything() == before


def test_an_account_file_without_its_mark(computer: Computer, alice: Leaf) -> None:
    """UTF-16 that is told by its bytes alone is edited as such, and comes back to the last byte."""
    path = accounts.account_file(computer.local, ALICE)
    before = path.read_bytes()[2:]
    path.write_bytes(before)
    computer.holds(alice)
    point = computer.associate(ALICE, alice)
    assert computer.used() == {ALICE: (alice.sha256, alice.sha256)}
    computer.clients.restore(point)
    assert path.read_bytes() == before


def test_an_account_file_that_does_not_read_back(
    computer: Computer, alice: Leaf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is put back by the write itself: nobody could read it later to do so."""
    path = accounts.account_file(computer.local, ALICE)
    before = path.read_bytes()
    computer.holds(alice)
    monkeypatch.setattr(account_file, "with_markup", lambda data, *_: data + b"\0")
    with pytest.raises(Error):
        computer.associate(ALICE, alice)
    assert path.read_bytes() == before


@pytest.mark.parametrize("product", ["Windows Mail", "Windows Live Mail"])
def test_windows_mail(computer: Computer, alice: Leaf, product: str) -> None:
    """Two elements in hex behind the last one; every other byte stays, and undo gives back the file."""
    path = accounts.account_file(computer.local, ALICE, product)
    computer.holds(alice)
    before = path.read_bytes()
    point = computer.associate(ALICE, alice)
    hexed = sha1(alice).hex()
    added = (f'\r\n\t<SMTP_Certificate type="BINARY">{hexed}</SMTP_Certificate>'
             f'\r\n\t<SMTP_Encryption_Certificate type="BINARY">{hexed}</SMTP_Encryption_Certificate>')
    assert path.read_bytes().decode("utf-16") == before.decode("utf-16").replace(
        "</SMTP_Email_Address>", f"</SMTP_Email_Address>{added}")
    assert computer.used() == {ALICE: (alice.sha256, alice.sha256)}
    computer.clients.restore(point)
    assert path.read_bytes() == before


def test_several_programs_at_once(computer: Computer, alice: Leaf) -> None:
    """One address in all programs is set in all of them, or in none."""
    accounts.outlook(computer.registry, ALICE)
    accounts.outlook_express(computer.registry, ALICE)
    path = accounts.account_file(computer.local, ALICE)
    computer.holds(alice)
    registry, file = computer.registry.everything(), path.read_bytes()
    point = computer.associate(ALICE, alice)
    assert len({one.id.partition("/")[0] for one in computer.clients.accounts()}) == 3
    assert {one.signing.sha256 for one in computer.clients.accounts() if one.signing} == {alice.sha256}
    computer.clients.restore(point)
    assert (computer.registry.everything(), path.read_bytes()) == (registry, file)


def test_a_write_that_fails(alice: Leaf, tmp_path: Path) -> None:
    """Whichever write it is, everything is as it was before, and the point is left for a later start to decide."""
    memory = MemoryRegistry()
    computer = Computer(RootedRegistry(memory), tmp_path)
    accounts.outlook(computer.registry, ALICE)
    accounts.outlook_express(computer.registry, ALICE)
    path = accounts.account_file(computer.local, ALICE)
    computer.holds(alice)
    before = (computer.registry.everything(), path.read_bytes())
    memory.writes = 0
    computer.clients.restore(computer.associate(ALICE, alice))
    assert (computer.registry.everything(), path.read_bytes()) == before
    for number in range(1, 4):
        memory.writes, memory.fail_at = 0, number
        with pytest.raises(AccessDenied):
            computer.associate(ALICE, alice)
        memory.fail_at = 0
        assert (computer.registry.everything(), path.read_bytes()) == before
        (left,) = computer.clients.unfinished()
        assert left.needs == (alice.sha256,)
        computer.clients.restore(left.point)
        assert computer.clients.unfinished() == ()
    path.with_name("other").hardlink_to(path)  # a file of two names is not written
    with pytest.raises(AccessDenied):
        computer.associate(ALICE, alice)
    assert (computer.registry.everything(), path.read_bytes()) == before


@pytest.mark.parametrize("running", ["OUTLOOK.EXE", "msimn.exe", "WinMail.exe", "wlmail.exe"])
def test_a_running_program_is_left_in_peace(computer: Computer, alice: Leaf, running: str) -> None:
    """It would write its own settings over ours."""
    accounts.outlook(computer.registry, ALICE)
    computer.holds(alice)
    computer.processes.append(Program(running, 42))
    with pytest.raises(StoreInUse, match="is running"):
        computer.associate(ALICE, alice)


def test_another_change_meanwhile(computer: Computer, alice: Leaf) -> None:
    """A value that somebody else set since is not taken back over."""
    (key,) = accounts.outlook_express(computer.registry, ALICE)
    computer.holds(alice)
    point = computer.associate(ALICE, alice)
    theirs = Value(REG_BINARY, b"t" * 20)
    computer.registry.write(key, "SMTP Certificate", theirs)
    assert computer.clients.restore(point) == (ALICE,)
    assert computer.registry.value(key, "SMTP Certificate") == theirs
    assert computer.registry.value(key, "SMTP Encryption Certificate") is None
    with pytest.raises(StoreNotFound):
        computer.clients.restore("no-such-point")


@pytest.mark.parametrize("account", ["outlook/16.0/Outlook/00000009", "outlook/16.0/None/00000002", "eudora/1",
                                     "outlook-express/main/00000009", "windows-mail/x.oeaccount"])
def test_an_account_that_is_gone(computer: Computer, alice: Leaf, account: str) -> None:
    """It is said, and nothing is prepared."""
    accounts.outlook(computer.registry, ALICE)
    with pytest.raises(NoMatch):
        computer.clients.prepare([Association(account, ALICE, Certificate.parse(alice.der), None)])
    assert computer.clients.unfinished() == ()


def test_signing_for_one_account_where_the_program_decides_for_all(computer: Computer, alice: Leaf) -> None:
    """It is refused with the way on, and not done silently by halves."""
    accounts.outlook_express(computer.registry, ALICE)
    computer.holds(alice)
    with pytest.raises(Error, match="for all its accounts") as caught:
        computer.associate(ALICE, alice, sign=True)
    assert "--sign" in caught.value.hint


def test_nothing_is_there(computer: Computer) -> None:
    """No program, no account; and looking makes nothing."""
    assert computer.clients.accounts() == ()
    assert computer.clients.unfinished() == ()
    assert list(computer.registry.everything().values()) == [{}]
    assert not list(computer.local.iterdir())
