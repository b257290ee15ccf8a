"""Which roots gpgsm believes: as gpg-agent reads the lists, and without a word of the user's being overruled."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from migrate.engine import Migration
from migrate.plan import Options
from profiles.certificate import Certificate
from profiles.directories.store import DirectoryStore
from profiles.gnupg import trustlist
from profiles.gnupg.form import GnupgForm
from profiles.gnupg.roots import TRUSTLIST, Roots
from profiles.model import Level, Location, Trust
from tests.askers import Given
from tests.profiles.gnupg.programs import Gnupg
from tests.profiles.mail.accounts import FOR_EMAIL
from tests.profiles.memory import MemoryStore, Shelf
from tests.profiles.place import identity, person, put
from tests.system import require

if TYPE_CHECKING:
    from pathlib import Path

    from migrate.plan import Plan

REFUSED = Trust(email=Level.DISTRUSTED)
ROOT = person("Alice").chain[-1]
NAME = trustlist.fingerprint(Certificate.parse(ROOT.der))
PLAIN = NAME.replace(b":", b"")
LISTS = {
    "plain": NAME + b" S\n",
    "refused first": b"!" + NAME + b" S\n" + NAME + b" S\n",
    "trusted first": NAME + b" S\n!" + NAME + b" S\n",
    "for OpenPGP": NAME + b" P\n",
    "refused for OpenPGP": b"!" + NAME + b" P\n" + NAME + b" S\n",
    "no end of line": NAME + b" S",
    "comment without end": NAME + b" S\n# mine",
    "garbage": NAME + b" S\ngarbage\n",
    "bare": PLAIN + b"\r\n",
    "flags": b"  " + NAME.lower() + b" s relax cm unknown\r\n",
    "value": NAME + b" S a=b\n",
    "odd flag": NAME + b" Sx\n",
    "some colons": NAME.replace(b":", b"", 1) + b" S\n",
    "long line": NAME + b" S\n#" + b"x" * 260 + b"\n",
    "blank after the mark": b"! \t" + NAME + b" S\n",
    "include": b"include-default more\n" + NAME + b" *\n",
}


@pytest.mark.linux("gpgsm as Debian packs it")
@pytest.mark.slow
def test_lists_are_read_as_gpg_agent_reads_them(tmp_path: Path) -> None:
    """One that it trusts a root by is one that certferry says it is trusted by, and no other."""
    with Gnupg(tmp_path / "g", "") as gnupg:
        agreed = {}
        for name, data in LISTS.items():
            (gnupg.home / TRUSTLIST).write_bytes(data)
            said = subprocess.run(
                [require("gpg-connect-agent"), "--homedir", gnupg.home, "RELOADAGENT", f"ISTRUSTED {PLAIN.decode()}",
                 "/bye"], capture_output=True, text=True, check=True, timeout=30).stdout.splitlines()[-1]
            agreed[name] = said.startswith("OK") == (trustlist.trusts(data).get(NAME) == FOR_EMAIL)
    assert agreed == dict.fromkeys(LISTS, True)


def test_the_list_of_the_system_stands_where_it_is_included(tmp_path: Path) -> None:
    """What comes before it in the user's list counts more, what comes after it less."""
    system, own = b"!" + NAME + b" S\n", NAME + b" S\n"
    assert trustlist.trusts(b"include-default\n" + own, system)[NAME] == REFUSED
    assert trustlist.trusts(own + b"include-default\n", system)[NAME] == FOR_EMAIL
    turned = trustlist.changed(b"# a\ninclude-default\n", Certificate.parse(ROOT.der), FOR_EMAIL, system)
    assert turned == b"# a\n" + NAME + b" S relax\ninclude-default\n"
    assert trustlist.trusts(turned, system)[NAME] == FOR_EMAIL
    (tmp_path / "system").write_bytes(b"garbage\n")
    (tmp_path / TRUSTLIST).write_bytes(own)
    assert FOR_EMAIL in Roots.read(tmp_path, tmp_path / "system").said().values(), "not included, it does not matter"
    (tmp_path / TRUSTLIST).write_bytes(own + b"include-default\n")
    assert not Roots.read(tmp_path, tmp_path / "system").said()


def planned(place: Path, system: Path) -> tuple[Plan, Migration]:
    """The plan of moving Alice, whose root her store trusts, into gpgsm's directory."""
    source = MemoryStore(Shelf())
    put(source, *identity(person("Alice")), trust={ROOT: FOR_EMAIL})
    target = DirectoryStore(Location("gpgsm", str(place)), place, GnupgForm(1024, system))
    migration = Migration(source, target, Options(), Given(""), Given(""))
    return migration.plan(), migration


@pytest.mark.linux("gpgsm as Debian packs it")
class TestMigrating:
    """Into a directory whose list speaks of a root that is not there yet."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        """gpgsm's directory, with nothing in it."""
        place = tmp_path / "gnupg"
        place.mkdir(mode=0o700)
        return place

    @pytest.mark.parametrize("where", ["own", "system", "own, without end of line"])
    def test_what_is_distrusted_stays_so(self, place, tmp_path, where):
        """The identity arrives, the list stays byte for byte, and the plan says it."""
        system, own = tmp_path / "system", place / TRUSTLIST
        line = b"# no\n! " + PLAIN + b" S" + b"\n" * ("without" not in where)
        (system if where == "system" else own).write_bytes(line)
        plan, migration = planned(place, system)
        assert plan.steps[0].notes == ("the target distrusts Contract Root: that stays",)
        assert migration.run(plan).status == "done"
        assert own.read_bytes() == line if where != "system" else not own.exists()
        assert migration.target.list().entry(ROOT.sha256).trust == REFUSED

    @pytest.mark.parametrize("line", [
        NAME + b" s relax cm\n", b"# a\r\n" + NAME + b" S relax\r\n", PLAIN + b"\n", NAME + b" S\n!" + NAME + b" S\n"],
        ids=["flags", "ends of line", "plain", "twice"])
    def test_what_is_trusted_already_stays_as_it_is_written(self, place, tmp_path, line):
        """With its flags and its ends of line."""
        (place / TRUSTLIST).write_bytes(line)
        plan, migration = planned(place, tmp_path / "system")
        assert migration.run(plan).status == "done"
        assert (place / TRUSTLIST).read_bytes() == line
        assert migration.target.list().entry(ROOT.sha256).trust == FOR_EMAIL

    def test_a_list_without_end_is_ended(self, place, tmp_path):
        """For gpg-agent would trust nothing in it, not even what it names."""
        (place / TRUSTLIST).write_bytes(NAME + b" S")
        plan, migration = planned(place, tmp_path / "system")
        assert migration.target.list().said == {}
        assert migration.run(plan).status == "done"
        assert (place / TRUSTLIST).read_bytes() == NAME + b" S\n"

    def test_a_line_that_spoils_the_list_is_named(self, place, tmp_path):
        """Where gpg-agent would trust nothing whatever is written, nothing is, and it is said why."""
        (place / TRUSTLIST).write_bytes(b"# a\nspoilt\n")
        plan, migration = planned(place, tmp_path / "system")
        (problem,) = migration.target.list().problems
        assert "cannot read line 2 of" in problem.message
        (outcome,) = migration.run(plan).outcomes
        assert (outcome.outcome, outcome.code) == ("failed", "malformed") and "line 2" in outcome.reason
        assert (place / TRUSTLIST).read_bytes() == b"# a\nspoilt\n" and migration.target.list().entries == ()


