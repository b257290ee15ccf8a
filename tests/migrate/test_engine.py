"""The engine over stores in memory: what a target does wrong is found and taken back, whatever happens in a step."""

from __future__ import annotations

import pytest

from migrate.engine import Migration
from migrate.plan import Options
from profiles.errors import AccessDenied, LeftToUser, PasswordNeeded, StoreInUse, ToolFailed, WrongPassword
from tests.askers import Given
from tests.profiles.broken import BROKEN
from tests.profiles.memory import MemoryStore, Shelf
from tests.profiles.pkcs12.material import key
from tests.profiles.place import ANCHOR, identity, middle, person, put, require, seen


@pytest.fixture
def source():
    """Alice with her chain, the root trusted."""
    store = MemoryStore(Shelf())
    put(store, *identity(person("Alice")), trust={person("Alice").chain[-1]: ANCHOR})
    return store


@pytest.fixture
def shelf():
    """Somebody else's certificate, on the shelf of the target."""
    made = Shelf()
    put(MemoryStore(made), *identity(person("Bob"), "Alice"))
    return made


def run(source, target):
    """Everything from one store to the other."""
    migration = Migration(source, target, Options(), Given(""), Given(""))
    return migration.run(migration.plan())


def test_everything_arrives(source, shelf):
    """Verified; a second run finds nothing to do."""
    report = run(source, MemoryStore(shelf))
    assert [(one.outcome, one.verified) for one in report.outcomes] == [("done", True)]
    require(MemoryStore(shelf), person("Alice"), person("Bob"))
    assert MemoryStore(shelf).list().entry(person("Alice").chain[-1].sha256).trust == ANCHOR
    assert run(source, MemoryStore(shelf)).status == "nothing"


@pytest.mark.parametrize("name", ["KeepsNothing", "LosesTheKey", "PairsAnotherKey", "ForgetsTrust"])
def test_what_did_not_arrive_is_reported_and_taken_back(source, shelf, name):
    """Success is what a fresh read says, not that commit came back."""
    before = shelf.kept
    report = run(source, BROKEN[name](shelf))
    assert [(one.outcome, one.code, one.verified) for one in report.outcomes] == [
        ("failed", "verification-failed", False)]
    assert report.status == "failed"
    assert shelf.kept == before


def test_a_twin_that_is_pushed_out_is_noticed(source):
    """An older certificate of the same subject that the step pushed out."""
    shelf = Shelf()
    put(MemoryStore(shelf), *identity(middle().renewed(person("Alice"))))
    before = shelf.kept
    report = run(source, BROKEN["DropsTwins"](shelf))
    assert [one.code for one in report.outcomes] == ["verification-failed"]
    assert shelf.kept == before


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("moment", ["commit", "sign"])
def test_whatever_interrupts_a_step_takes_it_back(source, shelf, monkeypatch, moment, error):
    """A bug and Ctrl-C come out as they are, from within the commit and from the proof after it."""
    target, before = MemoryStore(shelf), seen(MemoryStore(shelf).list())
    reached = []

    def interrupt(*_: object) -> None:
        reached.append(seen(MemoryStore(shelf).list()))
        raise error

    monkeypatch.setattr(*((target, "sign") if moment == "sign" else (target.step, "commit")), interrupt)
    with pytest.raises(error):
        run(source, target)
    assert reached and (reached[0] != before) == (moment == "sign")
    assert seen(MemoryStore(shelf).list()) == before


@pytest.mark.parametrize("error", [StoreInUse("busy"), WrongPassword("wrong"), PasswordNeeded("needed")])
def test_what_stops_every_key_stops_the_run(source, shelf, monkeypatch, error):
    """Nothing arrives, and it is said once."""

    def export(_wanted):
        raise error

    before = shelf.kept
    monkeypatch.setattr(source, "export", export)
    with pytest.raises(type(error)):
        run(source, MemoryStore(shelf))
    assert shelf.kept == before


@pytest.mark.parametrize(("error", "outcome"), [
    (LeftToUser("no"), "referred"), (AccessDenied("not yours"), "failed"), (ToolFailed("broken"), "failed")])
def test_one_key_that_does_not_come_out(source, shelf, monkeypatch, error, outcome):
    """Is that of its step alone."""
    put(source, *identity(person("Carol")))

    def export(wanted):
        if person("Alice").sha256 in wanted.certificates:
            raise error
        return MemoryStore.export(source, wanted)

    monkeypatch.setattr(source, "export", export)
    ended = {one.step.title: (one.outcome, one.code) for one in run(source, MemoryStore(shelf)).outcomes}
    assert ended == {"Alice": (outcome, error.code), "Carol": ("done", "")}


@pytest.mark.parametrize("bad", ["Alice", "Carol"])
def test_one_of_two_steps_fails_alone(source, shelf, monkeypatch, bad):
    """The other one arrives, and the report says which is which."""
    put(source, *identity(person("Carol")))
    target, key_id = MemoryStore(shelf), key(person(bad)).id
    monkeypatch.setattr(target, "sign", lambda name, message: (
        b"no signature" if name == key_id else MemoryStore.sign(target, name, message)))
    report = run(source, target)
    assert {one.step.title: one.code for one in report.outcomes} == {
        "Alice": "", "Carol": "", bad: "verification-failed"}
    assert report.status == "partial"
    require(MemoryStore(shelf), person("Bob"), person("Carol" if bad == "Alice" else "Alice"))
