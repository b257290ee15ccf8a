"""The main job from the command line, judged by certutil and pk12util."""

from __future__ import annotations

import os
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from profiles.errors import WrongPassword
from profiles.model import Secret
from profiles.pkcs12.reader import decode
from tests import nss_tools, pki
from tests.command import argv, certferry
from tests.host import mode
from tests.profiles.products import trees
from tests.unprivileged import reachable, unprivileged

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW, FILE = "old password", "neues Paßwort", "file password"


@pytest.fixture
def source(nss_database, alice) -> nss_tools.Database:
    """A profile with Alice's identity; its root is trusted for servers and e-mail."""
    database = nss_database(OLD)
    database.add_p12(alice.p12())
    database.trust("Test Root - Certferry Tests", "CT,C,")
    return database


def check(target: nss_tools.Database, leaf: pki.Leaf, flags: str = "CT,C,") -> None:
    """What the NSS tools must say of a target after Alice arrived."""
    found = target.flags()
    assert found["Alice RSA"] == "u,u,u"
    assert found["Test Root - Certferry Tests"] == flags
    assert found["Test Intermediate - Certferry Tests"] == ",,"
    assert "Alice RSA" in [one.nickname for one in target.private_keys()]
    assert target.verify("Alice RSA", "C") is None
    key, *_ = pkcs12.load_key_and_certificates(target.export_p12("Alice RSA"), b"secret")
    assert key.private_numbers() == leaf.key.private_numbers()


@pytest.mark.filterwarnings("ignore:PKCS#12 bundle could not be parsed as DER")
class TestThereAndBack:
    """Every way from one profile to another."""

    def test_profile_to_profile(self, source, nss_database, alice):
        """Two different primary passwords; certutil and pk12util confirm key, chain and trust."""
        target = nss_database(NEW)
        ran = certferry("migrate", f"nss:{source.path}", f"nss:{target.path}", "--json", source=OLD, target=NEW)
        assert ran.status == 0, ran.err
        (step,) = ran.json["steps"]
        assert (ran.json["status"], step["outcome"], step["verified"]) == ("done", "done", True)
        assert step["sha256"] == alice.sha256
        assert step["chain"] == [above.sha256 for above in alice.chain]
        check(target, alice)

    @pytest.mark.slow
    @pytest.mark.parametrize("form", ["p12:{}/a.p12", "pem:{}/a.pem", "pem:{}/a.crt,{}/a.key"])
    def test_through_a_file(self, source, nss_database, alice, tmp_path, form):
        """The same through a PKCS#12 file, a PEM file, and a PEM pair."""
        file = form.replace("{}", str(tmp_path))
        target = nss_database(NEW)
        first = certferry("migrate", f"nss:{source.path}", file, source=OLD, target=FILE)
        assert first.status == 0, first.err
        second = certferry("migrate", file, f"nss:{target.path}", source=FILE, target=NEW)
        assert second.status == 0, second.err
        check(target, alice)
        made = [path for path in tmp_path.iterdir() if path.name.startswith("a.")]
        assert {mode(path) for path in made} == {0o600}

    def test_backup_and_restore(self, source, nss_database, alice, tmp_path):
        """A backup is a new private file, never replaces one, and restores."""
        file = tmp_path / "alice.p12"
        ran = certferry("backup", f"nss:{source.path}", file, source=OLD, file=FILE)
        assert ran.status == 0, ran.err
        again = certferry("backup", f"nss:{source.path}", file, source=OLD, file=FILE)
        assert again.status == 4 and "never replaces" in again.err
        target = nss_database()
        ran = certferry("restore", file, f"nss:{target.path}", file=FILE)
        assert ran.status == 0, ran.err
        check(target, alice)


class TestPlan:
    """The plan is data, and a finished one is empty."""

    def test_dry_run_changes_nothing(self, source, nss_database):
        """--dry-run asks for no password and leaves every byte."""
        target = nss_database(NEW)
        before = {path.name: path.read_bytes() for path in target.path.iterdir()}
        ran = certferry("migrate", f"nss:{source.path}", f"nss:{target.path}", "--dry-run", "--json")
        assert ran.status == 0
        assert [step["outcome"] for step in ran.json["steps"]] == ["planned"]
        assert {path.name: path.read_bytes() for path in target.path.iterdir()} == before

    def test_second_run_plans_nothing(self, source, nss_database):
        """Nothing to do is said without asking for a password."""
        target = nss_database(NEW)
        certferry("migrate", f"nss:{source.path}", f"nss:{target.path}", source=OLD, target=NEW)
        ran = certferry("migrate", f"nss:{source.path}", f"nss:{target.path}", "--json")
        assert (ran.status, ran.json["status"], ran.json["steps"]) == (0, "nothing", [])

    @pytest.mark.slow
    def test_only(self, nss_database, alice, bob):
        """--only picks by fingerprint, e-mail, name, serial and nickname, and refuses what is not there."""
        database = nss_database()
        database.add_p12(alice.p12())
        database.add_p12(bob.p12())
        serial = f"{alice.certificate.serial_number:x}"
        for text in (alice.sha256, alice.sha256[:16].upper(), "alice@example.test", "Alice RSA", serial):
            target = nss_database()
            ran = certferry("migrate", f"nss:{database.path}", f"nss:{target.path}", "--only", text, "--json")
            assert [step["sha256"] for step in ran.json["steps"]] == [alice.sha256], text
        ran = certferry("migrate", f"nss:{database.path}", f"nss:{target.path}", "--only", "nobody@x.test", "--json")
        assert (ran.status, ran.json["error"]["code"]) == (8, "no-match")

    @pytest.mark.slow
    def test_no_roots_no_trust(self, source, nss_database, root):
        """--no-roots brings the intermediate only; --trust none brings no trust."""
        target = nss_database()
        ran = certferry("migrate", f"nss:{source.path}", f"nss:{target.path}", "--no-roots", source=OLD)
        assert ran.status == 0, ran.err
        assert "Test Root - Certferry Tests" not in target.flags()
        target = nss_database()
        certferry("migrate", f"nss:{source.path}", f"nss:{target.path}", "--trust", "none", source=OLD)
        assert target.flags()["Test Root - Certferry Tests"] == ",,"

    def test_expired(self, nss_database, intermediate):
        """An expired certificate comes along by default and stays with --skip-expired, with its reason."""
        leaf = intermediate.leaf("Old Alice", valid=pki.EXPIRED)
        database = nss_database()
        database.add_p12(leaf.p12())
        target = nss_database()
        ran = certferry("migrate", f"nss:{database.path}", f"nss:{target.path}", "--skip-expired", "--json")
        (step,) = ran.json["steps"]
        assert (ran.status, step["outcome"], step["code"]) == (1, "skipped", "expired")
        assert "--skip-expired" in step["reason"]
        assert certferry("migrate", f"nss:{database.path}", f"nss:{target.path}").status == 0
        assert target.flags()["Old Alice"] == "u,u,u"

    def test_chain_is_completed_from_the_target(self, nss_database, alice, root):
        """The issuer missing in the source is found in the target, and the chain counts as complete."""
        database, target = nss_database(), nss_database()
        database.add_p12(alice.p12(chain=()))
        for number, above in enumerate(alice.chain):
            target.add_certificate(above.der, f"ca {number}", "CT,," if above.issuer is None else ",,")
        ran = certferry("migrate", f"nss:{database.path}", f"nss:{target.path}", "--json")
        assert ran.json["steps"][0]["chain_complete"]
        assert target.verify("Alice RSA", "C") is None

    def test_chain_is_completed_from_another_store(self, nss_database, alice, home):
        """The issuers missing on both sides are found in another store on this computer."""
        elsewhere = nss_tools.create(home / trees.ANOTHER)
        for number, above in enumerate(alice.chain):
            elsewhere.add_certificate(above.der, f"ca {number}", ",,")
        database, target = nss_database(), nss_database()
        database.add_p12(alice.p12(chain=()))
        ran = certferry("migrate", f"nss:{database.path}", f"nss:{target.path}", "--json")
        (step,) = ran.json["steps"]
        assert step["chain_complete"] and len(step["adds"]) == 2
        assert len(target.certificates()) == 3


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:PKCS#12 bundle could not be parsed as DER")
@pytest.mark.parametrize("password", [None, NEW], ids=["none", "password"])
def test_a_new_profile(source, alice, tmp_path, password):
    """A directory that is not there yet becomes a profile, with the password that was given or with none."""
    place = tmp_path / "new-profile"
    ran = certferry("migrate", f"nss:{source.path}", f"nss:{place}", source=OLD, target=password)
    assert ran.status == 0, ran.err
    assert "which is made for it" in ran.err
    check(nss_tools.Database(place, password), alice)
    assert mode(place) == 0o700


class TestUndo:
    """What was moved can be taken back."""

    def test_undo(self, source, nss_database, bob):
        """The target is as certutil saw it before; there is nothing to undo twice."""
        target = nss_database(NEW)
        target.add_p12(bob.p12())
        before = (target.certificates(), target.private_keys())
        certferry("migrate", f"nss:{source.path}", f"nss:{target.path}", source=OLD, target=NEW)
        ran = certferry("undo", "--json")
        assert (ran.status, ran.json["status"]) == (0, "done")
        assert (target.certificates(), target.private_keys()) == before
        assert certferry("undo").status == 8

    @pytest.mark.slow
    def test_undo_of_a_file(self, source, tmp_path):
        """A file that was made for the move goes away with it."""
        file = tmp_path / "a.p12"
        certferry("migrate", f"nss:{source.path}", f"p12:{file}", source=OLD, target=FILE)
        assert certferry("undo", "--yes").status == 0
        assert not file.exists()


@pytest.mark.slow
def test_two_at_once(nss_database, alice, bob):
    """Two processes that read the target before either writes: everything is there once, and two undos take it all."""
    import sqlite3
    import subprocess
    import time
    from contextlib import closing

    sources, target = (nss_database(), nss_database()), nss_database()
    for database in sources:
        database.add_p12(alice.p12())
        database.add_p12(bob.p12())
    with closing(sqlite3.connect(target.path / "cert9.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        running = [subprocess.Popen(argv("migrate", f"nss:{one.path}", f"nss:{target.path}"), stdin=subprocess.DEVNULL)
                   for one in sources]
        time.sleep(3)
        holder.execute("ROLLBACK")
        assert [one.wait(60) for one in running] == [0, 0]
    with closing(sqlite3.connect(target.path / "cert9.db")) as certs:
        found = [row[0] for row in certs.execute("SELECT a11 FROM nssPublic WHERE a0 = x'00000001'")]
    assert len(found) == len(set(found)) == 4
    assert len(target.private_keys()) == 2
    while certferry("undo", "--yes").status == 0:
        pass
    assert (target.certificates(), target.private_keys()) == ([], [])


class TestRefusals:
    """One clear sentence, a hint, the right exit status, and everything as it was."""

    @pytest.fixture
    def refuse(self, source, nss_database, tmp_path):
        """Runs a migration that must fail and checks that nothing moved."""

        def run(status: int, code: str, *words: str, into: str | None = None, start: str | None = None,
                passwords: tuple[str | None, str | None] = (OLD, NEW)) -> None:
            target = nss_database(NEW)
            places = [start or f"nss:{source.path}", into or f"nss:{target.path}"]
            before = [(place, path, path.read_bytes()) for place in (source.path, target.path)
                      for path in sorted(place.iterdir()) if path.is_file()]
            ran = certferry("migrate", *places, source=passwords[0], target=passwords[1])
            assert ran.status == status, ran.err + ran.out
            assert all(word in ran.err for word in words), ran.err
            assert len([line for line in ran.err.splitlines() if line.startswith("certferry: ")]) == 1
            as_json = certferry("migrate", *places, "--json", source=passwords[0], target=passwords[1])
            assert (as_json.status, as_json.json["error"]["code"]) == (status, code)
            assert before == [(place, path, path.read_bytes()) for place in (source.path, target.path)
                              for path in sorted(place.iterdir()) if path.is_file()]

        return run

    def test_wrong_passwords(self, refuse):
        """Of either side, and no password where no terminal is."""
        refuse(3, "wrong-password", "not the primary password", passwords=("wrong", NEW))
        refuse(3, "wrong-password", "not the primary password", passwords=(OLD, "wrong"))
        refuse(3, "password-needed", "no terminal", passwords=(None, None))

    @pytest.mark.slow
    def test_missing_and_foreign_places(self, refuse, tmp_path):
        """A store that is not there, a directory that is no profile, a file of neither kind."""
        refuse(8, "store-not-found", "there is no", start=f"nss:{tmp_path / 'absent'}")
        refuse(8, "store-not-found", start="firefox")
        (tmp_path / "papers").mkdir()
        (tmp_path / "papers/letter").write_text("dear")
        refuse(7, "malformed", "not an NSS profile", start=f"nss:{tmp_path / 'papers'}")
        refuse(7, "malformed", "not an NSS profile", into=f"nss:{tmp_path / 'papers'}")
        refuse(8, "store-not-found", "there is no directory", into=f"nss:{tmp_path / 'absent' / 'too'}")
        (tmp_path / "noise.p12").write_bytes(os.urandom(500))
        refuse(7, "malformed", start=f"p12:{tmp_path / 'noise.p12'}")

    @pytest.mark.slow
    def test_truncated_database(self, refuse, nss_database, alice):
        """A cut-off file is called damaged, on either side."""
        cut = nss_database()
        cut.add_p12(alice.p12())
        content = (cut.path / "cert9.db").read_bytes()
        (cut.path / "cert9.db").write_bytes(content[:9000])
        refuse(7, "malformed", "sound database", start=f"nss:{cut.path}")
        refuse(7, "malformed", "sound database", into=f"nss:{cut.path}")

    @pytest.mark.slow
    def test_store_in_use(self, source, nss_database):
        """A database whose write lock another program holds: a bounded wait, then its name and what to do."""
        import sqlite3
        import time

        target = nss_database(NEW)
        holder = sqlite3.connect(target.path / "cert9.db", isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        begun = time.monotonic()
        ran = certferry("migrate", f"nss:{source.path}", f"nss:{target.path}", source=OLD, target=NEW)
        assert ran.status == 4 and "being used by another program" in ran.err and "Close the application" in ran.err
        assert time.monotonic() - begun < 30
        holder.execute("ROLLBACK")
        holder.close()
        assert not target.private_keys()

    @pytest.mark.linux("a fork gives up its rights")
    def test_directory_that_may_not_be_written(self, source, nss_database):
        """As a user who may read but not write: access denied before a password is asked, and nothing changed."""
        from migrate.cli import moving
        from profiles.errors import AccessDenied

        target = nss_database()
        for path in (target.path, source.path):
            reachable(path)
            for file in path.iterdir():
                file.chmod(0o644)
            path.chmod(0o555)
        before = (target.certificates(), target.private_keys())
        asked = moving.Asked(f"nss:{source.path}", f"nss:{target.path}")
        refused = unprivileged(lambda: moving.migrate(asked, dry_run=False, yes=True, to_json=True))
        assert isinstance(refused, AccessDenied), refused
        assert "may not be written" in refused.message and refused.hint
        assert (target.certificates(), target.private_keys()) == before

    def test_passwords_on_the_command_line(self, source, nss_database):
        """pass: and env: are refused as usage errors that say why, and the word is not repeated."""
        target = nss_database(NEW)
        ran = certferry("migrate", f"nss:{source.path}", f"nss:{target.path}", "--from-password", "pass:geheim")
        assert ran.status == 2 and "others can read" in ran.err and "geheim" not in ran.err + ran.out


@pytest.mark.slow
def test_keys_of_each_other_arrive_beside_a_refused_one(nss_database, alice, bob):
    """A non-exportable key is refused with exit status 5 and its reason; its neighbour arrives."""
    import sqlite3
    from contextlib import closing

    database, target = nss_database(), nss_database()
    database.add_p12(alice.p12())
    database.add_p12(bob.p12())
    with closing(sqlite3.connect(database.path / "key4.db")) as connection, connection:
        connection.execute("UPDATE nssPrivate SET a162 = x'00' WHERE a100 = x'00000003'")
    ran = certferry("migrate", f"nss:{database.path}", f"nss:{target.path}", "--json")
    assert (ran.status, ran.json["status"]) == (5, "partial")
    outcomes = {step["nickname"]: (step["outcome"], step["code"]) for step in ran.json["steps"]}
    assert outcomes == {"Alice RSA": ("done", ""), "Bob EC": ("failed", "key-not-exportable")}
    assert [one.nickname for one in target.private_keys()] == ["Alice RSA"]


@pytest.mark.slow
def test_a_file_of_certificates_alone_gets_its_password(root, tmp_path):
    """The one that was named for it opens it, and no other."""
    (tmp_path / "ca.pem").write_bytes(root.pem)
    ran = certferry("migrate", f"pem:{tmp_path / 'ca.pem'}", f"p12:{tmp_path / 'ca.p12'}", target=NEW)
    assert ran.status == 0, ran.err
    data = (tmp_path / "ca.p12").read_bytes()
    assert len(decode(data, Secret(NEW)).items) == 1
    with pytest.raises(WrongPassword):
        decode(data, Secret(""))


@pytest.mark.slow
def test_fresh_home_stays_as_applications_expect(source, nss_database, home):
    """No directory appears that would change where an application looks for its profile."""
    target = nss_database(NEW)
    certferry("stores")
    certferry("list")
    certferry("migrate", f"nss:{source.path}", f"nss:{target.path}", source=OLD, target=NEW)
    made: set[str] = {path.relative_to(home).as_posix() for path in home.rglob("*")}
    state = "AppData/Local/certferry" if trees.WINDOWS else ".local/state/certferry"
    above = {path.as_posix() for path in PurePosixPath(state).parents if path.name}
    assert made == {*above, state, f"{state}/journal.jsonl"}
    assert not made & {trees.FIREFOX, ".mozilla", ".pki", ".pki/nssdb"}


@pytest.mark.slow
def test_files_made_are_private(source, nss_database):
    """Everything certferry leaves in a profile is for its owner only."""
    target = nss_database(NEW)
    certferry("migrate", f"nss:{source.path}", f"nss:{target.path}", source=OLD, target=NEW)
    made: list[Path] = list((target.path / ".certferry").rglob("*"))
    assert made
    for path in made:
        assert mode(path) == (0o700 if path.is_dir() else 0o600), path
