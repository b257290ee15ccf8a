"""The window in which Windows asks its user about a root: announced, only for a person, and only where it has to be."""

from __future__ import annotations

import pytest

from migrate.engine import Migration
from migrate.plan import Options
from profiles.errors import AccessDenied, LeftToUser, StoreInUse, ToolFailed, VerificationFailed
from profiles.model import Level, Trust
from profiles.windows.native import NativeError
from profiles.windows.store import MACHINE, USER, WindowsStore
from tests import pki
from tests.askers import Given
from tests.profiles.memory import MemoryStore, Shelf
from tests.profiles.pkcs12.material import bare
from tests.profiles.place import ANCHOR, identity, middle, neighbour, person, put, require
from tests.windows.injection import Failing

ROOT = middle().chain[-1]
REFUSED = Trust(*[Level.DISTRUSTED] * 4)
RITA = person("Rita", "rsa-2048")


class Killed(BaseException):
    """The process is gone."""


class Ending(Failing):
    """The first call for which ``when`` is true fails; with ``kill`` the process ends there."""

    def __init__(self, real, when, *, kill=False):
        super().__init__(real, 0, 0x80090020)
        self.when, self.kill, self.hit = when, kill, ""

    def call(self, name, *arguments):
        """As ``Native.call``."""
        if self.hit and self.kill:
            raise Killed
        if not self.hit and self.when(name):
            self.hit = name
            raise Killed if self.kill else NativeError(name, self.code)
        return self.real.call(name, *arguments)


def key_import(name):
    """The call that stores a key."""
    return name == "CryptImportKey"


@pytest.fixture
def said():
    """What was announced."""
    return []


@pytest.fixture
def opened(windows, tmp_path, said):
    """Opens the user's store over certain calls, with somebody who is told of windows."""

    def made(native=None):
        store = WindowsStore(USER, native or windows.native(), tmp_path)
        store.protect(exportable=True, strong=False, announce=said.append)
        return store

    return made


def with_root(store, *, trust=ANCHOR, leaf=RITA):
    """One step with an identity and the trust in its root."""
    put(store, *identity(leaf), trust={leaf.chain[-1]: trust})


def announced(windows, said):
    """Whether every window was announced, one by one."""
    return len(windows.asked) == len(said)


def test_a_key_that_fails_touches_no_root(windows, opened, said):
    """The window about the root comes last: nothing has to be asked twice."""
    with pytest.raises(ToolFailed):
        with_root(opened(Ending(windows.native(), key_import)))
    assert not windows.asked and not said and not windows.keys
    assert not any(windows.stores.values())


@pytest.mark.parametrize("consents", [True, False])
def test_undo_announces_the_deletion(windows, opened, said, consents):
    """A no leaves the whole step as it was, to be undone later."""
    store = opened()
    with_root(store)
    before, windows.consents = windows.state(), consents
    if consents:
        opened().undo(store.undo_point)
        assert not windows.keys and not any(windows.stores.values())
    else:
        with pytest.raises(LeftToUser):
            opened().undo(store.undo_point)
        assert windows.state() == before
        windows.consents = True
        opened().undo(store.undo_point)
        assert not windows.keys
    assert announced(windows, said) and len(said) == (2 if consents else 3)


def test_undo_without_a_desktop(windows, opened):
    """Says what to do, and changes nothing, not even later steps that need nobody."""
    store = opened()
    with_root(store)
    put(store, *identity(person("Alice")))
    before, windows.desktop = windows.state(), False
    with pytest.raises(LeftToUser, match="delete a root such as Contract Root"):
        opened().undo(store.undo_point)
    assert windows.state() == before


def test_trust_that_is_taken_away(windows, opened, said):
    """Is announced too: Windows asks before the root goes."""
    with_root(opened())
    put(opened(), trust={ROOT: REFUSED})
    assert announced(windows, said) and len(said) == 2 and "whether to delete the root Contract Root" in said[1]


def test_trust_that_is_taken_away_without_a_desktop(windows, opened):
    """Nothing happens."""
    with_root(opened())
    before, windows.desktop = windows.state(), False
    with pytest.raises(LeftToUser):
        put(opened(), trust={ROOT: REFUSED})
    assert windows.state() == before


def test_a_crash_is_taken_back_without_asking(windows, opened, said):
    """Where it came before the window: looking shows no window, and nothing is left."""
    with pytest.raises(Killed):
        with_root(opened(Ending(windows.native(), key_import, kill=True)))
    assert not opened().list().entries and not windows.asked
    assert not list(opened().list().problems) and announced(windows, said)


def killed(windows, opened, roots=1):
    """One step with an identity and two roots, killed after its user agreed to so many of them."""
    other = pki.root("Other Root", key="ec-p256")

    def when(name):
        return len(windows.asked) == roots and (roots == 2 or name == "CertAddCertificateContextToStore")

    store = opened(Ending(windows.native(), when, kill=True))
    with pytest.raises(Killed):
        put(store, *identity(RITA), bare(other, other.cn), trust={ROOT: ANCHOR, other: ANCHOR})
    assert len(windows.stores[False, "ROOT"]) == roots
    return store


@pytest.mark.parametrize("desktop", [True, False])
@pytest.mark.parametrize("roots", [1, 2])
def test_looking_after_a_crash_shows_no_window(windows, opened, roots, desktop):
    """All but the roots is taken back, and the listing says which are still trusted and why."""
    killed(windows, opened, roots)
    windows.desktop = desktop
    for _ in range(2):
        problems = opened().list().problems
        assert [one.code for one in problems] == ["left-to-user"] * roots
        assert "the root Contract Root is still trusted" in problems[0].message and "next move" in problems[0].message
    assert not windows.keys and len(windows.asked) == roots
    assert [name for (_, name), held in windows.stores.items() if held] == ["ROOT"]


def test_the_next_move_after_a_crash_asks(windows, opened, said):
    """It announces the window and deletes the root; it was planned before that, so the command is to be run again."""
    killed(windows, opened)
    windows.asked.clear()
    said.clear()
    with pytest.raises(StoreInUse, match="taken back just now") as caught:
        with_root(opened())
    assert "again" in caught.value.hint
    assert announced(windows, said) and len(said) == 1
    assert not any(windows.stores.values()) and not opened().list().problems
    with_root(opened())
    require(opened(), RITA)


def test_a_root_that_its_user_keeps_after_a_crash(windows, opened, said):
    """Is theirs: it is not asked for again, and the next move goes on."""
    killed(windows, opened)
    windows.consents = False
    windows.asked.clear()
    said.clear()
    with pytest.raises(StoreInUse):
        put(opened(), *identity(person("Alice")))
    put(opened(), *identity(person("Alice")))
    assert set(windows.stores[False, "ROOT"]) == {ROOT.der} and not opened().list().problems
    assert announced(windows, said) and len(said) == 1


def test_a_move_without_a_desktop_after_a_crash(windows, opened):
    """Waits for the person too, and says why."""
    killed(windows, opened)
    windows.desktop = False
    with pytest.raises(LeftToUser, match="the root Contract Root is still trusted"):
        put(opened(), *identity(person("Alice")))
    assert len(windows.asked) == 1


@pytest.mark.parametrize("consents", [True, False])
def test_a_step_that_does_not_verify(windows, opened, said, consents):
    """What ended it is what is said; and where its user keeps the root, that too."""

    def verified(store):
        with store.checkpoint() as step:
            step.add_certificate(bare(ROOT, "root").certificate, "root")
            step.set_trust(bare(ROOT, "root").certificate, ANCHOR)
            step.commit()
            windows.consents = consents
            raise VerificationFailed("it is not as it was written", "Everything was taken back.")

    with pytest.raises(VerificationFailed, match="it is not as it was written") as caught:
        verified(opened())
    assert ("the root Contract Root is still trusted" in caught.value.message) == (not consents)
    assert ("certmgr" in caught.value.hint) == (not consents)
    assert bool(windows.stores[False, "ROOT"]) == (not consents)
    assert announced(windows, said) and not opened().list().problems


def test_the_second_of_two_roots_is_declined(windows, opened, said, monkeypatch):
    """The first one goes again, announced; where that is declined too, the step says that it is still trusted."""
    answers = iter([True, False, False])
    monkeypatch.setattr(type(windows), "consents", property(lambda _: next(answers), lambda *_: None), raising=False)
    other = pki.root("Other Root", key="ec-p256")
    with pytest.raises(LeftToUser, match="answered with no; the root Contract Root is still trusted"):
        put(opened(), *identity(RITA), bare(other, other.cn), trust={ROOT: ANCHOR, other: ANCHOR})
    assert announced(windows, said) and len(said) == 3
    assert not windows.keys and not opened().list().problems


def test_a_failure_that_cannot_be_taken_back(windows, opened):
    """The error is the first one, and says so; the next start takes it back."""
    native = Failing(windows.native(), 1 << 30, 0x80070070, lasting=True)
    with opened(native).checkpoint() as step:
        step.add_certificate(bare(ROOT, "root").certificate, "root")
        native.number = native.count + 5
        with pytest.raises(ToolFailed, match=r"the disk is full.*could not be taken back"):
            step.commit()
    assert any(windows.stores.values())
    opened()
    assert not any(windows.stores.values())


def test_looking_at_the_computer_after_a_crash_without_rights(windows, store, tmp_path):
    """The listing says that an administrator has to take it back; with rights it is."""
    with pytest.raises(Killed):
        with_root(WindowsStore(MACHINE, Ending(windows.native(), key_import, kill=True), tmp_path))
    windows.admin = False
    (problem,) = store(MACHINE).list().problems
    assert problem.code == "access-denied" and "as administrator" in problem.message
    with pytest.raises(AccessDenied):
        store(MACHINE).checkpoint()
    windows.admin = True
    assert not store(MACHINE).list().problems and not any(windows.stores.values())


def test_two_identities_of_which_one_fails(windows, opened, said):
    """The neighbour arrives with one question about their root."""
    shelf, imports = Shelf(), []

    def second(name):
        imports.extend([name] if name == "CryptImportKey" else [])
        return len(imports) == 2

    put(MemoryStore(shelf), *identity(RITA), *identity(neighbour("rsa-2048")), trust={ROOT: ANCHOR})
    target = opened(Ending(windows.native(), second))
    migration = Migration(MemoryStore(shelf), target, Options(), Given(""), Given(""))
    assert [one.outcome for one in migration.run(migration.plan()).outcomes] == ["done", "done"]
    assert len(windows.asked) == 1 and announced(windows, said)
