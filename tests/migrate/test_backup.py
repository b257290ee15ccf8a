"""A backup is proved, private, where it was asked for, and never in place of something else."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from migrate.cli import restoring, saving
from migrate.cli.moving import Asked
from migrate.passwords import BadSource
from profiles.errors import AccessDenied, Error, StoreNotFound
from profiles.files.pkcs12 import Pkcs12File
from tests import pki
from tests.askers import Given
from tests.command import certferry
from tests.host import mode
from tests.migrate.test_terminal import Person
from tests.system import done
from tests.test_secrets import check, passwords, watched
from tests.unprivileged import reachable, unprivileged

PASSWORD = "Kanne-7-Wolke-gestern"


@pytest.fixture
def source(nss_database, alice, bob):
    """A profile with two people."""
    database = nss_database()
    database.add_p12(alice.p12())
    database.add_p12(bob.p12())
    database.trust("Test Root - Certferry Tests", "CT,C,")
    return database


@pytest.fixture
def file(tmp_path):
    """A file of one identity, as somebody else made it."""
    path = tmp_path / "given.p12"
    path.write_bytes(pki.root().leaf("Alice", email="alice@example.test").p12(PASSWORD))
    return path


@pytest.fixture
def secret(tmp_path):
    """Where the password is."""
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\n")
    path.chmod(0o600)
    return path


def save(file: Path, place: Path | str, secret: Path, **more: object) -> int:
    """Back a file up, in this process."""
    asked = saving.Asked(f"p12:{file}", str(place), from_password=f"file:{secret}",
                         **({"file_password": f"file:{secret}"} if "generate" not in more else {}), **more)
    return saving.backup(asked, dry_run=False, yes=True, to_json=False)


def opened(path: Path, password: str = PASSWORD) -> list[str]:
    """The names of the identities in a file; its keys are there."""
    store = Pkcs12File(path, new=False)
    store.unlock(Given(password))
    return [entry.certificate.common_name for entry in store.list().entries if entry.has_key]


@pytest.mark.linux("links, FIFOs, modes, and a limit on file sizes")
class TestPlaces:
    """Where a backup goes, and where it does not."""

    @pytest.mark.parametrize("replace", [False, True], ids=["", "replace"])
    @pytest.mark.parametrize("plant", ["link", "dangling", "hard link", "fifo", "directory link"])
    def test_nothing_is_followed_or_overwritten(self, file, tmp_path, secret, plant, replace):
        """Whatever is planted at the output stays, and so does what it points to."""
        place, victim, elsewhere = tmp_path / "out.p12", tmp_path / "victim", tmp_path / "elsewhere"
        victim.write_bytes(b"victim")
        elsewhere.mkdir()
        match plant:
            case "link":
                place.symlink_to(victim)
            case "dangling":
                place.symlink_to(tmp_path / "absent")
            case "hard link":
                place.hardlink_to(victim)
            case "fifo":
                os.mkfifo(place)
            case "directory link":
                place.symlink_to(elsewhere)
        before, names = place.lstat(), sorted(tmp_path.iterdir())
        with pytest.raises(AccessDenied):
            save(file, place, secret, replace=replace)
        assert (place.lstat(), sorted(tmp_path.iterdir())) == (before, names)
        assert victim.read_bytes() == b"victim" and not list(elsewhere.iterdir())

    @pytest.mark.slow
    def test_an_existing_file_stays(self, file, tmp_path, secret):
        """Unless it is to be replaced; then it is kept beside, and undo brings it back byte for byte."""
        place = tmp_path / "out.p12"
        place.write_bytes(b"an older backup, sealed with a password that nobody knows here")
        place.chmod(0o640)
        before = place.read_bytes()
        with pytest.raises(AccessDenied, match="never replaces"):
            save(file, place, secret)
        assert place.read_bytes() == before
        assert save(file, place, secret, replace=True) == 0
        assert opened(place) == ["Alice"]
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
        kept = [path for path in tmp_path.iterdir() if ".certferry-backup-" in path.name]
        assert [path.read_bytes() for path in kept] == [before]
        assert certferry("undo", f"p12:{place}", "--yes").status == 0
        assert place.read_bytes() == before and not kept[0].exists()
        assert stat.S_IMODE(place.stat().st_mode) == 0o640

    def test_a_directory_that_may_not_be_written(self, file, tmp_path, secret):
        """It is said, and nothing is there."""
        place = tmp_path / "readonly"
        place.mkdir(mode=0o755)
        for path in (file, secret):
            path.chmod(0o644)
        reachable(place)
        found = unprivileged(lambda: save(file, place / "out.p12", secret))
        assert isinstance(found, AccessDenied), found
        assert not list(place.iterdir())

    def test_no_directory(self, file, tmp_path, secret):
        """A directory is made where its parent is, not a whole way."""
        with pytest.raises(StoreNotFound):
            save(file, tmp_path / "no" / "out.p12", secret)
        with pytest.raises(StoreNotFound):
            save(file, f"{tmp_path}/no/way/", secret)
        assert not (tmp_path / "no").exists()

    def test_not_under_a_name_of_another_kind(self, file, tmp_path, secret):
        """PKCS#12 called .pem is what programs then refuse."""
        with pytest.raises(BadSource, match="a PKCS#12 file"):
            save(file, tmp_path / "alice.pem", secret)

    def test_not_onto_its_source(self, file, secret):
        """The only copy is not replaced by itself."""
        before = file.read_bytes()
        with pytest.raises(Error, match="same store"):
            save(file, file, secret, replace=True)
        assert file.read_bytes() == before

    @pytest.mark.slow
    def test_private_whatever_the_umask(self, file, tmp_path, secret):
        """File, directory, and the file with the password."""
        made, old = tmp_path / "made", os.umask(0)
        try:
            assert save(file, f"{tmp_path}/out/", secret, generate=True, write_password=made) == 0
        finally:
            os.umask(old)
        (place,) = (tmp_path / "out").iterdir()
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "out", place, made)]
        assert modes == [0o700, 0o600, 0o600]

    @pytest.mark.slow
    @pytest.mark.parametrize("place", ["out.p12", "out/", "there.p12"])
    def test_a_full_disk_leaves_nothing(self, file, tmp_path, secret, place):
        """Neither part of a file, nor a draft, nor a password for nothing, nor a new directory."""
        (tmp_path / "there.p12").write_bytes(b"small")
        names = sorted(tmp_path.iterdir())
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
        try:
            ran = certferry("backup", f"p12:{file}", f"{tmp_path}/{place}", "--generate", "--password-to",
                            tmp_path / "made", *["--replace"] * (place == "there.p12"), source=PASSWORD)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert ran.status == 1 and "disk is full" in ran.err
        assert sorted(tmp_path.iterdir()) == names
        assert (tmp_path / "there.p12").read_bytes() == b"small"


@pytest.mark.slow
class TestOneFileEach:
    """Several identities in a directory, or together."""

    def test_each_has_its_file(self, source, tmp_path):
        """Named after whose it is and until when; each opens alone, by OpenSSL too, and says what is in it."""
        ran = certferry("backup", f"nss:{source.path}", f"{tmp_path}/out/", "--json", file=PASSWORD)
        assert ran.status == 0, ran.err
        year = f"{pki.CURRENT.end:%Y-%m}"
        names = {f"alice_example.test_{year}.p12": "Alice RSA", f"bob_example.test_{year}.p12": "Bob EC"}
        assert {path.name for path in (tmp_path / "out").iterdir()} == set(names)
        for name, person in names.items():
            key, certificate, above = pkcs12.load_key_and_certificates(
                (tmp_path / "out" / name).read_bytes(), PASSWORD.encode())
            assert key.public_key() == certificate.public_key() and len(above) == 2
            assert opened(tmp_path / "out" / name) == [person]
        found = ran.json
        assert (found["for"], found["dialect"], found["weak"]) == (None, "strong", False)
        assert {Path(one["path"]).name: len(one["certificates"]) for one in found["files"]} == dict.fromkeys(names, 2)
        assert [step["file"] for step in found["steps"]] == [one["path"] for one in found["files"]]
        again = certferry("backup", f"nss:{source.path}", f"{tmp_path}/out/", file=PASSWORD)
        assert again.status == 0
        assert f"alice_example.test_{year}_2.p12" in {path.name for path in (tmp_path / "out").iterdir()}

    def test_a_directory_is_restored_as_one(self, source, nss_database, tmp_path):
        """Every file, with one password for all, and trust; one undo takes it back; a second run plans nothing."""
        ran = certferry("backup", f"nss:{source.path}", f"{tmp_path}/out/", file=PASSWORD)
        assert ran.status == 0, ran.err
        target = nss_database("primary")
        ran = certferry("restore", tmp_path / "out", f"nss:{target.path}", "--json", file=PASSWORD, target="primary")
        assert ran.status == 0, ran.err
        assert [(step["outcome"], step["verified"]) for step in ran.json["steps"]] == [("done", True)] * 2
        flags = target.flags()
        assert flags["Alice RSA"] == flags["Bob EC"] == "u,u,u"
        assert flags["Test Root - Certferry Tests"] == "CT,C,"
        again = certferry("restore", tmp_path / "out", f"nss:{target.path}", "--json", file=PASSWORD, target="primary")
        assert (again.status, again.json["status"]) == (0, "nothing")
        assert certferry("undo", "--yes").status == 0
        assert not target.private_keys()
        ran = certferry("restore", tmp_path / "out", f"nss:{target.path}", "--only", "bob@example.test", file=PASSWORD,
                        target="primary")
        assert ran.status == 0 and [one.nickname for one in target.private_keys()] == ["Bob EC"]
        ran = certferry("restore", tmp_path / "out", f"nss:{target.path}", file="wrong", target="primary")
        assert ran.status == 3

    def test_what_was_shown_has_an_outcome(self, source, nss_database, tmp_path, secret, monkeypatch):
        """A file that goes away after the question is not passed over: its identity has failed."""
        assert certferry("backup", f"nss:{source.path}", f"{tmp_path}/out/", file=PASSWORD).status == 0
        (gone,) = (tmp_path / "out").glob("bob*")
        monkeypatch.setattr(restoring, "agreed", lambda: gone.unlink() or True)
        asked = Asked(str(tmp_path / "out"), f"nss:{nss_database().path}", file_password=f"file:{secret}")
        assert restoring.restore(asked, tmp_path / "out", dry_run=False, yes=False, to_json=False) != 0

    def test_several_into_one_need_a_word(self, source, tmp_path):
        """One file for two is refused with what to do; --together does it."""
        ran = certferry("backup", f"nss:{source.path}", tmp_path / "both.p12", file=PASSWORD)
        assert ran.status == 2 and "--together" in ran.err and "both/" in ran.err
        assert not (tmp_path / "both.p12").exists()
        ran = certferry("backup", f"nss:{source.path}", tmp_path / "both.p12", "--together", file=PASSWORD)
        assert ran.status == 0, ran.err
        assert opened(tmp_path / "both.p12") == ["Alice RSA", "Bob EC"]
        for said in ("saved", "the key signs for it", "with Test Intermediate, Test Root"):
            assert said in ran.out
        for said in ("trust in Test Root", "not opened by", "two safe places"):
            assert said in ran.err

    def test_pending_keys(self, nss_database, alice, bob, tmp_path):
        """A key whose certificate has not come yet is saved and restored, and finds its certificate then."""
        source = nss_database()
        source.add_p12(alice.p12())
        source.delete("Alice RSA")
        (key,) = source.private_keys()
        ran = certferry("backup", f"nss:{source.path}", tmp_path / "pending.p12", "--json", file=PASSWORD)
        assert ran.status == 0, ran.err
        assert ran.json["files"][0]["pending_keys"] == [key.id]
        target = nss_database("primary")
        ran = certferry("restore", tmp_path / "pending.p12", f"nss:{target.path}", file=PASSWORD, target="primary")
        assert ran.status == 0, ran.err
        assert [one.id for one in target.private_keys()] == [key.id]
        target.add_certificate(alice.der, "Alice RSA")
        assert target.flags()["Alice RSA"] == "u,u,u"

    def test_one_that_cannot_be_saved_stops_no_other(self, source, tmp_path):
        """A kind of key that the reader does not take: that one fails by name, the other has its file."""
        ran = certferry("backup", f"nss:{source.path}", f"{tmp_path}/out/", "--for", "gpgsm", "--json", file=PASSWORD)
        assert ran.status == 1
        assert [(step["outcome"], step["code"]) for step in ran.json["steps"]] == [
            ("done", ""), ("failed", "unsupported")]
        assert "RSA" in ran.json["steps"][1]["reason"]
        assert len(list((tmp_path / "out").iterdir())) == 1

    def test_dry_run(self, source, tmp_path):
        """The names are shown and nothing is made or asked."""
        ran = certferry("backup", f"nss:{source.path}", f"{tmp_path}/out/", "--dry-run", "--json")
        assert ran.status == 0 and len(ran.json["planned_files"]) == 2
        assert not (tmp_path / "out").exists()


@pytest.mark.slow
class TestDialects:
    """--for on both commands."""

    @pytest.mark.parametrize("command", ["migrate", "backup"])
    def test_for(self, source, tmp_path, command):
        """The file is in the dialect of its reader, and a weak one is said to be weak."""
        place = tmp_path / "alice.p12"
        secrets = {"target": PASSWORD} if command == "migrate" else {"file": PASSWORD}
        ran = certferry(command, f"nss:{source.path}", place if command == "backup" else f"p12:{place}",
                        "--only", "Alice RSA", "--for", "windows-legacy", **secrets)
        assert ran.status == 0, ran.err
        assert "weak" in ran.err
        words = ("pkcs12", "-info", "-noout", "-in", place, "-passin", f"pass:{PASSWORD}")
        said = done("openssl", *words).stderr.decode()
        assert said.count("pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 100000") == 2

    def test_unknown(self, source, tmp_path):
        """A usage error with the list of names."""
        for command, place in (("backup", tmp_path / "a.p12"), ("migrate", f"p12:{tmp_path}/a.p12")):
            ran = certferry(command, f"nss:{source.path}", place, "--for", "windows95", file=PASSWORD)
            assert ran.status == 2 and "macos14" in ran.err, ran.err

    def test_only_for_files(self, source, nss_database):
        """A profile is written as it is."""
        ran = certferry("migrate", f"nss:{source.path}", f"nss:{nss_database().path}", "--for", "windows")
        assert ran.status == 2 and "PKCS#12" in ran.err


@pytest.mark.slow
class TestPasswords:
    """Made, judged, and told to nobody else."""

    def test_generated_into_a_file(self, source, tmp_path):
        """It opens the backup, is longer for a weak dialect, and stands nowhere else."""
        lengths = []
        for reader in ("java", "any"):
            made = tmp_path / f"password-{reader}"
            ran = certferry("backup", f"nss:{source.path}", f"{tmp_path}/{reader}/", "--for", reader, "--generate",
                            "--password-to", made, "--json")
            assert ran.status == 0, ran.err
            text = made.read_text().strip()
            assert mode(made) == 0o600
            assert ran.json["password"] == {"bits": ran.json["password"]["bits"], "file": str(made)}
            assert text not in ran.out + ran.err
            lengths.append((len(text), ran.json["password"]["bits"]))
            for path in (tmp_path / reader).iterdir():
                assert opened(path, text)
        assert lengths[0] < lengths[1]

    def test_generated_needs_a_place(self, source, file, tmp_path, secret):
        """Without a terminal it is refused before anything is done, and no file is taken for it that is there."""
        ran = certferry("backup", f"nss:{source.path}", f"{tmp_path}/out/", "--generate")
        assert ran.status == 2 and "--password-to" in ran.err
        with pytest.raises(AccessDenied):
            save(file, tmp_path / "out.p12", secret, generate=True, write_password=secret)
        with pytest.raises(AccessDenied):
            save(file, tmp_path / "out.p12", secret, generate=True, write_password=tmp_path / "out.p12")
        with pytest.raises(BadSource):
            save(file, tmp_path / "out.p12", secret, write_password=tmp_path / "made")
        assert not (tmp_path / "out").exists() and not (tmp_path / "out.p12").exists()

    @pytest.mark.linux("a pseudo-terminal")
    def test_generated_on_the_terminal(self, source, tmp_path):
        """Shown once, with its bits, and it opens the file."""
        person = Person("backup", f"nss:{source.path}", tmp_path / "all.p12", "--together", "--generate", "--yes")
        person.until("the password (80 bits, shown only now; write it down):")
        person.until("    ")
        text = person.until("\r\n")
        assert person.end() == 0
        assert text not in person.seen
        assert opened(tmp_path / "all.p12", text) == ["Alice RSA", "Bob EC"]

    @pytest.mark.linux("a pseudo-terminal")
    def test_a_weak_one_is_taken_if_the_user_insists(self, source, tmp_path):
        """It is said plainly; a no asks anew, a yes takes it."""
        person = Person("backup", f"nss:{source.path}", tmp_path / "all.p12", "--together", "--yes", "--for", "any")
        for typed, answer in (("secret", "n"), ("Sommer2024!", "y")):
            person.until("Enter the new password of")
            person.until(": ")
            person.type(typed)
            person.until("Enter it again: ")
            person.type(typed)
            person.until("that password is weak: by estimate one graphics card would find it in less than a minute")
            person.until("Use it all the same? [y/N] ")
            person.type(answer)
        assert person.end() == 0
        assert opened(tmp_path / "all.p12", "Sommer2024!") == ["Alice RSA", "Bob EC"]

    def test_none_at_all(self, source, tmp_path):
        """Is called that, and taken from a script without a question."""
        ran = certferry("backup", f"nss:{source.path}", f"{tmp_path}/out/", file="")
        assert ran.status == 0 and "no password at all" in ran.err

    @pytest.mark.linux("a pseudo-terminal")
    def test_a_good_one_is_estimated(self, source, tmp_path):
        """No question then."""
        person = Person("backup", f"nss:{source.path}", tmp_path / "all.p12", "--together", "--yes")
        for prompt in ("Enter the new password of", "Enter it again"):
            person.until(prompt)
            person.until(": ")
            person.type("unlikely-Kanne-7-Wolke-gestern")
        person.until("one graphics card would guess more than a million years at that password")
        assert person.end() == 0

    @pytest.mark.linux("strace")
    def test_nobody_else_sees_it(self, nss_database, root, tmp_path):
        """strace over a whole run: the made password is written into its own file and into nothing else."""
        from tests import keys

        leaf = root.intermediate().leaf("Canary", email="canary@example.test", key=keys.generate("rsa-2048"))
        source = nss_database("kanarienvogel-alt")
        source.add_p12(leaf.p12())
        made = tmp_path / "made"
        seen = watched(tmp_path, "backup", f"nss:{source.path}", tmp_path / "canary.p12", "--for", "any", "--generate",
                       "--password-to", made, *passwords(tmp_path, **{"from": "kanarienvogel-alt"}))
        check(seen, leaf)
        text = made.read_bytes().strip()
        assert not any(text in one for one in seen.executed)
        where = [Path(path).name for path, data in seen.written.items() if text in data]
        assert len(where) == 1 and where[0].startswith(".made.certferry-")
        assert opened(tmp_path / "canary.p12", text.decode()) == ["Canary"]
