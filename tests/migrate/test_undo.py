"""undo never takes the only copy of a key without a word, is stopped by nothing that is gone, and says what is so."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from migrate import arrival, journal
from migrate.cli import moving, restoring, saving, undoing
from migrate.engine import Migration
from profiles.errors import LastCopy, StoreNotFound
from profiles.nss.checkpoint import NssCheckpoint
from tests import nss_tools
from tests.command import argv, certferry
from tests.migrate.test_terminal import Person

pytestmark = pytest.mark.slow    # each starts the program several times

FILE = "Kanne-7-Wolke-gestern"


@pytest.fixture
def source(nss_database, alice) -> nss_tools.Database:
    """A profile with Alice."""
    database = nss_database()
    database.add_p12(alice.p12())
    return database


@pytest.fixture
def target(source, nss_database) -> nss_tools.Database:
    """A profile that Alice's identity was moved to."""
    database = nss_database("locked")
    ran = certferry("migrate", f"nss:{source.path}", f"nss:{database.path}", target="locked")
    assert ran.status == 0, ran.err
    return database


def keys(database: nss_tools.Database) -> list[str]:
    """Whose keys certutil sees."""
    return [one.nickname for one in database.private_keys()]


def undo(*words: str | Path) -> str:
    """A run that takes something back; what it says."""
    ran = certferry("undo", *words)
    assert ran.status == 0, ran.err
    return ran.out + ran.err


class TestTheOnlyCopy:
    """Of a private key."""

    @pytest.mark.parametrize("words", [[], ["--json"]])
    def test_in_a_store(self, source, target, words):
        """With the source gone it is refused by name; --yes agrees, and the database of before opens."""
        shutil.rmtree(source.path)
        ran = certferry("undo", *words)
        assert ran.status == 1
        assert "only copy of the key of Alice RSA" in ran.out + ran.err and "certferry backup" in ran.out + ran.err
        assert not words or ran.json["error"]["code"] == "last-copy"
        assert keys(target) == ["Alice RSA"]
        ran = certferry("undo", "--yes", "--json")
        assert ran.status == 0 and [one["title"] for one in ran.json["keys"]] == ["Alice RSA"]
        assert not keys(target)
        assert keys(nss_tools.Database(Path(*ran.json["kept"]), "locked")) == ["Alice RSA"]

    def test_in_a_sealed_file(self, source, tmp_path):
        """A backup is not deleted; with --yes it lies beside under another name, byte for byte."""
        file = tmp_path / "alice.p12"
        certferry("backup", f"nss:{source.path}", file, file=FILE)
        shutil.rmtree(source.path)
        data = file.read_bytes()
        ran = certferry("undo")
        assert ran.status == 1 and "only copy of the key of Alice RSA" in ran.err
        assert file.read_bytes() == data
        assert ".certferry-backup-" in undo("--yes")
        assert not file.exists()
        assert [path.read_bytes() for path in tmp_path.glob("alice.p12.certferry-backup-*")] == [data]

    def test_saved_first(self, source, target, tmp_path):
        """What the refusal advises is enough, also sealed; a backup that was changed since is none."""
        shutil.rmtree(source.path)
        file = tmp_path / "alice.p12"
        certferry("backup", f"nss:{target.path}", file, source="locked", file=FILE)
        data = file.read_bytes()
        file.write_bytes(data[:-1])
        assert certferry("undo", f"nss:{target.path}").status == 1
        file.write_bytes(data)
        assert f"it is also in p12:{file}" in undo(f"nss:{target.path}")
        assert not keys(target)

    def test_from_a_sealed_file(self, source, nss_database, tmp_path):
        """The file that it was restored from counts as long as it is as it was."""
        file = tmp_path / "alice.p12"
        certferry("backup", f"nss:{source.path}", file, file=FILE)
        shutil.rmtree(source.path)
        for there in (True, False):
            database = nss_database()
            certferry("restore", file, f"nss:{database.path}", file=FILE)
            if there:
                undo()
                assert not keys(database)
            else:
                file.rename(tmp_path / "elsewhere.p12")
                assert certferry("undo").status == 1
                assert keys(database) == ["Alice RSA"]

    @pytest.mark.linux("the database of its home, and links")
    def test_another_name_of_the_target_is_no_copy(self, source, target, home):
        """A link to it among the stores of this computer; a second store there is one."""
        (home / ".local/share/pki").mkdir(parents=True)
        shared = home / ".local/share/pki/nssdb"
        shared.symlink_to(target.path)
        source.path.rename(source.path.with_name("moved"))
        assert certferry("undo").status == 1
        assert keys(target) == ["Alice RSA"]
        shared.unlink()
        source.path.with_name("moved").rename(shared)
        assert "it is also in chromium" in undo()

    def test_in_a_line_of_an_older_version(self, source, target, home):
        """Which does not say what was moved: whatever key is there counts."""
        (path,) = home.rglob("journal.jsonl")
        line = json.loads(path.read_text())
        path.write_text(json.dumps({name: line[name] for name in ("when", "source", "target", "point", "run")}))
        shutil.rmtree(source.path)
        assert "Alice RSA" in certferry("undo").err
        assert keys(target) == ["Alice RSA"]


@pytest.mark.linux("a pseudo-terminal")
def test_the_question(source, target, tmp_path):
    """Names whose key goes and where else it is, and files; of an only copy, return alone is no."""
    person = Person("undo")
    assert f"the key of Alice RSA goes; it is also in nss:{source.path}" in person.until("Go on? [Y/n] ")
    person.type("n")
    assert person.end() == 0
    file = tmp_path / "alice.p12"
    certferry("backup", f"nss:{source.path}", file, file=FILE)
    shutil.rmtree(source.path)
    person = Person("undo", f"p12:{file}")
    assert f"the file {file} goes" in person.until("Go on? [Y/n] ")
    person.type("n")
    person.end()
    file.unlink()
    person = Person("undo", f"nss:{target.path}")
    person.until("Remove what may be the only copy of the key of Alice RSA? [y/N] ")
    person.type("")
    assert person.end() == 0 and "nothing was changed" in person.seen
    assert keys(target) == ["Alice RSA"]
    person = Person("undo", f"nss:{target.path}")
    person.until("[y/N] ")
    person.type("y")
    assert person.end() == 0
    assert not keys(target)


class TestWhatIsGone:
    """It stands before older migrations no longer than it takes to say so."""

    def test_a_store(self, source, target, nss_database):
        """Said once with what is next; then that is taken back. Named, and there again, it can be undone."""
        later = nss_database()
        certferry("migrate", f"nss:{source.path}", f"nss:{later.path}")
        away = later.path.rename(later.path.with_name("away"))
        ran = certferry("undo")
        assert ran.status == 8 and str(later.path) in ran.err and str(target.path) in ran.err
        assert keys(target) == ["Alice RSA"]
        undo()
        assert not keys(target)
        assert certferry("undo").status == 8
        away.rename(later.path)
        undo(f"nss:{later.path}")
        assert not keys(later)

    def test_a_file(self, source, target, tmp_path):
        """A backup that was deleted by hand."""
        certferry("backup", f"nss:{source.path}", tmp_path / "a.p12", file=FILE)
        (tmp_path / "a.p12").unlink()
        assert certferry("undo").status == 8
        undo()
        assert not keys(target)

    def test_a_file_that_replaced_another(self, source, tmp_path):
        """The other one is put back all the same; where it is gone too, that is said."""
        file = tmp_path / "a.p12"
        for kept in (True, False):
            file.write_bytes(b"what was there")
            certferry("backup", f"nss:{source.path}", file, "--replace", file=FILE)
            file.unlink()
            if kept:
                undo()
                assert file.read_bytes() == b"what was there"
            else:
                next(iter(tmp_path.glob("a.p12.certferry-backup-*"))).unlink()
                assert certferry("undo").status == 8

    def test_a_record(self, source, target, nss_database):
        """Of a run whose undo log is no longer there."""
        later = nss_database()
        certferry("migrate", f"nss:{source.path}", f"nss:{later.path}")
        shutil.rmtree(later.path / ".certferry")
        assert "no record" in certferry("undo").err
        undo()
        assert not keys(target)
        assert keys(later) == ["Alice RSA"]

    def test_a_directory_is_one(self, source, target, nss_database, bob, tmp_path):
        """Restored from a directory, all of it goes with one undo, and the next one finds what was before."""
        source.add_p12(bob.p12())
        certferry("backup", f"nss:{source.path}", f"{tmp_path}/out/", file=FILE)
        for path in (tmp_path / "out").iterdir():
            undo(path)
            shutil.move(*(path.parent.glob(f"{path.name}.certferry-backup-*")), path)
        later = nss_database()
        ran = certferry("restore", tmp_path / "out", f"nss:{later.path}", file=FILE)
        assert ran.status == 0 and len(keys(later)) == 2
        shutil.rmtree(source.path)
        assert "the key of Bob EC goes; it is also in p12:" in undo()
        assert not keys(later)
        assert str(target.path) in undo() and not keys(target)


def test_a_journal_that_cannot_be_written(source, target, nss_database, monkeypatch, capsys):
    """What is undone is said to be undone, and that it could not be noted; the next says that nothing is left of it."""
    def refuse(_: object) -> None:
        raise OSError(30, os.strerror(30))

    monkeypatch.setattr(journal, "record", refuse)
    undoing.undo(None, yes=True, to_json=False)
    said = capsys.readouterr()
    assert "undone" in said.out and "could not be written down" in said.err
    assert not keys(target)
    with pytest.raises(StoreNotFound, match="no record"):
        undoing.undo(None, yes=True, to_json=False)


@pytest.mark.linux("the layout of its home")
def test_no_place_for_a_record(source, tmp_path, home):
    """A file that undo will not know of is made, and that is said."""
    (home / ".local/state").mkdir(parents=True)
    (home / ".local/state/certferry").write_text("no directory")
    ran = certferry("backup", f"nss:{source.path}", tmp_path / "a.p12", file=FILE)
    assert ran.status == 0 and "`undo` will not find it" in ran.err


@pytest.mark.linux("links")
@pytest.mark.parametrize("named", ["straight", "relative", "link", "bare"])
def test_a_location_in_other_words(source, nss_database, tmp_path, named):
    """The target was named by a way round, and is named in another way now."""
    database = nss_database()
    (tmp_path / "link").symlink_to(database.path)
    round_about = f"{tmp_path}/nowhere/../{database.path.name}"
    (tmp_path / "nowhere").mkdir()
    assert certferry("migrate", f"nss:{source.path}", f"nss:{round_about}").status == 0
    words = {"straight": f"nss:{database.path}", "link": f"nss:{tmp_path}/link", "bare": str(database.path),
             "relative": f"nss:nowhere/../{database.path.name}"}
    done = subprocess.run(argv("undo", words[named]), cwd=tmp_path, stdin=subprocess.DEVNULL, check=False,
                          env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])})
    assert done.returncode == 0
    assert not keys(database)


def test_what_was_changed_since_stays_and_is_named(source, target):
    """A certificate that got another name, with its key."""
    with closing(sqlite3.connect(target.path / "cert9.db")) as certs, certs:
        certs.execute("UPDATE nssPublic SET a3 = ? WHERE a3 = ?", (b"Mine", b"Alice RSA"))
    said = undo("--yes")
    assert "but for what is told below" in said and "Alice RSA stays: it was changed since" in said
    assert target.flags()["Mine"] == "u,u,u"


@pytest.mark.parametrize("moment", ["commit", "noted"])
def test_an_interrupt_after_something_arrived(source, nss_database, bob, monkeypatch, capsys, moment):
    """What arrived is told and can be undone, the rest is said not to be there; the status is 130."""
    source.add_p12(bob.p12())
    database = nss_database()
    commit, record, calls = NssCheckpoint.commit, journal.record, []

    def interrupted(act, number):
        def run(*words):
            act(*words)
            calls.append(words)
            if len(calls) == number:
                raise KeyboardInterrupt
        return run

    monkeypatch.setattr(arrival, "_TOGETHER", 1)
    if moment == "commit":
        monkeypatch.setattr(NssCheckpoint, "commit", interrupted(commit, 2))
    else:
        monkeypatch.setattr(journal, "record", interrupted(record, 1))
    asked = moving.Asked(f"nss:{source.path}", f"nss:{database.path}")
    assert moving.migrate(asked, dry_run=False, yes=True, to_json=True) == 130
    found = json.loads(capsys.readouterr().out)
    outcomes = [(step["nickname"], step["outcome"], step["code"]) for step in found["steps"]]
    assert sorted(one[1:] for one in outcomes) == [("done", ""), ("failed", "interrupted")]
    assert found["status"] == "partial" and "certferry undo" in found["notes"][0]
    assert keys(database) == [name for name, outcome, _ in outcomes if outcome == "done"]
    monkeypatch.undo()
    undoing.undo(None, yes=True, to_json=False)
    assert not keys(database)


def test_an_only_copy_is_refused_in_the_library_too(source, target):
    """As an error of its own, which a caller can act on."""
    shutil.rmtree(source.path)
    with pytest.raises(LastCopy):
        undoing.undo(f"nss:{target.path}", yes=False, to_json=True)


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_an_interrupt_between_files(source, nss_database, bob, tmp_path, monkeypatch, capsys, command):
    """Of a directory: the first file is done, the second is not, and no further one is begun."""
    source.add_p12(bob.p12())
    secret = tmp_path / "password"
    secret.write_text(f"{FILE}\n")
    secret.chmod(0o600)
    if command == "restore":
        certferry("backup", f"nss:{source.path}", f"{tmp_path}/out/", file=FILE)
    database, runs, calls = nss_database(), Migration.run, []

    def interrupted(migration, plan):
        calls.append(plan)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return runs(migration, plan)

    monkeypatch.setattr(Migration, "run", interrupted)
    if command == "backup":
        status = saving.backup(saving.Asked(f"nss:{source.path}", f"{tmp_path}/out/", file_password=f"file:{secret}"),
                               dry_run=False, yes=True, to_json=True)
        assert len(list((tmp_path / "out").iterdir())) == 1
    else:
        asked = moving.Asked(str(tmp_path / "out"), f"nss:{database.path}", file_password=f"file:{secret}")
        status = restoring.restore(asked, tmp_path / "out", dry_run=False, yes=True, to_json=True)
        assert len(keys(database)) == 1
    found = json.loads(capsys.readouterr().out)
    assert (status, [step["code"] for step in found["steps"]]) == (130, ["", "interrupted"])
    assert any("certferry undo" in text for text in found["notes"])
