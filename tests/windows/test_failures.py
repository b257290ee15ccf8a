"""A native call that fails, whichever it is, leaves no key container behind and nothing half arrived."""

from __future__ import annotations

import pytest

from profiles.errors import AccessDenied, Error, LeftToUser, StoreInUse, ToolFailed
from profiles.pkcs12.contents import Item
from profiles.windows.native import NativeError
from profiles.windows.store import USER, WindowsStore
from tests.profiles.pkcs12.material import bare, key
from tests.profiles.place import ANCHOR, identity, middle, person, put
from tests.windows.fake import CNG, FakeWindows
from tests.windows.injection import Failing, calls

EXISTENCE = ("CryptAcquireContextW", "NCryptOpenStorageProvider", "NCryptOpenKey")
NTE_FAIL, REFUSED, CANCELLED, FULL = 0x80090020, 5, 1223, 0x80070070
SAID = {NTE_FAIL: (ToolFailed, "0x80090020"), CANCELLED: (LeftToUser, "answered with no"),
        FULL: (ToolFailed, "the disk is full")}
WORK = {
    "rsa with trust": lambda store: put(store, *identity(person("Rita", "rsa-2048")),
                                        trust={person("Rita", "rsa-2048").chain[-1]: ANCHOR}),
    "ec": lambda store: put(store, *identity(person("Alice"))),
    "a key that waits": lambda store: put(store, Item(None, key(person("Frank")), "enrolment")),
    "its certificate": lambda store: put(store, bare(person("Greta"), "Greta")),
    "trust taken away": lambda store: put(store, trust={middle().chain[-1]: type(ANCHOR)()}),
}


def failure(work, store, *arguments):
    """How a piece of work fails, if it does."""
    try:
        work(store(*arguments))
    except Error as error:
        return error
    return None


def prepared(tmp_path):
    """A Windows that has something of everything already."""
    windows = FakeWindows()
    put(WindowsStore(USER, windows.native(), tmp_path), Item(None, key(person("Greta")), "waiting"),
        *identity(person("Bob")), trust={middle().chain[-1]: ANCHOR})
    return windows


@pytest.mark.slow
@pytest.mark.parametrize(("code", "done"), [(NTE_FAIL, False), (NTE_FAIL, True), (CANCELLED, False), (FULL, False)],
                         ids=["undone", "done", "cancelled", "full"])
@pytest.mark.parametrize("name", WORK)
def test_each_call_fails_once(name, code, done, tmp_path):
    """The error says so, and everything is as it was: certificates, properties and key containers."""
    kind, words = SAID[code]
    number = 0
    while True:
        number += 1
        windows = prepared(tmp_path / str(number))
        before = windows.state()
        native = Failing(windows.native(), number, code, done=done)
        error = failure(WORK[name], WindowsStore, USER, native, tmp_path / str(number))
        if error is None and not native.hit:
            break
        if error is not None:
            assert isinstance(error, kind) and words in error.message, (native.hit, error)
            assert windows.state() == before, f"{native.hit}, call {number}"
        else:
            assert native.hit in EXISTENCE  # whether a key exists may stay open
        assert not list((tmp_path / str(number)).rglob("intent-*")), native.hit
    assert number > 20


class Keeping(FakeWindows):
    """Its user lets roots in and not out; with ``leaves`` they are gone by then."""

    def __init__(self, leaves):
        super().__init__()
        self.leaves = leaves

    def _window(self, text, silent=False):
        self.consents = "delete" not in text
        shown = super()._window(text, silent)
        self.desktop = self.desktop and not self.leaves
        return shown


@pytest.mark.slow
@pytest.mark.parametrize("leaves", [False, True], ids=["declined", "nobody there"])
def test_each_call_fails_once_and_the_root_cannot_go(leaves, tmp_path):
    """All but the root is as it was, and the error says that it is still trusted."""
    kept = number = 0
    root = person("Rita", "rsa-2048").chain[-1]
    while True:
        number += 1
        windows, where = Keeping(leaves), tmp_path / str(number)
        native = Failing(windows.native(), number, NTE_FAIL)
        error = failure(WORK["rsa with trust"], WindowsStore, USER, native, where)
        if error is None and not native.hit:
            break
        if error is None:
            continue
        certificates, keys = windows.state()
        stays = set(certificates.get((False, "ROOT"), ())) == {root.der}
        kept += stays
        assert "0x80090020" in error.message and ("is still trusted" in error.message) == stays, (native.hit, error)
        assert not keys and set(certificates) <= {(False, "ROOT")}, native.hit
        assert bool(list(where.rglob("intent-*"))) == (stays and leaves), native.hit
    assert kept and number > 20


@pytest.mark.slow
@pytest.mark.parametrize("name", WORK)
def test_every_call_from_one_on_fails(name, tmp_path):
    """As when the system breaks down: the next start takes back what could not be, and the next move the roots."""
    windows = prepared(tmp_path / "count")
    total = calls(windows.native(), lambda native: WORK[name](WindowsStore(USER, native, tmp_path / "count")))
    unknown = 0
    for number in range(1, total + 1):
        windows = prepared(tmp_path / str(number))
        before = windows.state()
        with pytest.raises(Error):
            WORK[name](WindowsStore(USER, Failing(windows.native(), number, NTE_FAIL, lasting=True),
                                    tmp_path / str(number)))
        opened = WindowsStore(USER, windows.native(), tmp_path / str(number))
        if any(problem.code == "left-to-user" for problem in opened.list().problems):
            with pytest.raises(StoreInUse, match="taken back just now"):
                opened.checkpoint()
        certificates, kept = windows.state()
        assert certificates == before[0], number
        orphans = set(kept) - set(before[1])
        # A key that came in as a PFX has a name that Windows chose: broken down before it told it, the key stays.
        assert all(kind == CNG for kind, _, _ in orphans) and len(orphans) <= 1 and set(before[1]) <= set(kept)
        unknown += len(orphans)
    assert unknown <= 4


@pytest.mark.slow
def test_a_refusal_is_access_denied(tmp_path):
    """Wherever Windows says it."""
    for number in range(1, 12):
        windows = prepared(tmp_path / str(number))
        with pytest.raises(AccessDenied) as caught:
            WORK["ec"](WindowsStore(USER, Failing(windows.native(), number, REFUSED), tmp_path / str(number)))
        assert "administrator" in caught.value.hint


def test_a_store_that_deletes_nothing_is_seen(tmp_path, monkeypatch):
    """The same check finds an orphan where a failed step leaves its container."""
    monkeypatch.setattr("profiles.windows.capi.delete", lambda *_: False)
    windows = prepared(tmp_path)
    before = windows.state()
    with pytest.raises(Error):
        WORK["rsa with trust"](WindowsStore(USER, NoKeys(windows.native(), 0, NTE_FAIL), tmp_path))
    assert windows.state() != before


class NoKeys(Failing):
    """Fails whenever a key is to be stored in its container."""

    def call(self, name, *arguments):
        """As ``Native.call``."""
        if name == "CryptImportKey":
            raise NativeError(name, self.code)
        return super().call(name, *arguments)
