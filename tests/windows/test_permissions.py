"""Who may read what certferry makes on Windows; Wine shows each access list as the POSIX mode it amounts to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import nss_tools
from tests.host import amounts_to

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.pki import Leaf
    from tests.windows.wine import Machine

pytestmark = pytest.mark.slow


def mode(path: Path) -> int:
    """The permissions that an access list amounts to, as Linux shows them."""
    return amounts_to(path.stat().st_mode & 0o777, directory=path.is_dir())


@pytest.fixture
def open_place(machine: Machine) -> Path:
    """A directory at the top of the drive, where Windows lets every user read."""
    place = machine.disk / "open"
    place.mkdir()
    place.chmod(0o777)
    return place


def test_what_is_made_is_the_owners_alone(
    machine: Machine, open_place: Path, alice: Leaf, nss_database: Callable[..., nss_tools.Database]
) -> None:
    """A backup file, a key file, a new profile and the backups in an old one, in a place that is open to all."""
    database = nss_database()
    database.add_p12(alice.p12())
    start = f"nss:{machine.path(database.path)}"
    for target in (r"p12:C:\open\a.p12", r"pem:C:\open\a.crt,C:\open\a.key", r"nss:C:\open\new"):
        ran = machine.certferry("migrate", start, target, target="secret" if "p12" in target else "")
        assert ran.status == 0, ran.err
    old = nss_tools.create(open_place / "old")
    assert machine.certferry("migrate", start, r"nss:C:\open\old").status == 0
    made = {path: mode(path) for path in open_place.rglob("*")
            if path.parent != old.path or path.name == ".certferry"}
    assert len(made) > 10
    made.pop(old.path)
    wrong = {str(path): f"{found:o}" for path, found in made.items() if found != (0o700 if path.is_dir() else 0o600)}
    assert not wrong


def test_the_access_list_itself(machine: Machine) -> None:
    """It is protected from what the directory hands down, and grants full access to one user: the one who runs it."""
    code = ("from profiles.descriptors import owner_only, user\n"
            "print(owner_only(), owner_only(directory=True), user())")
    file, directory, user = machine.python("-c", code).out.split()
    assert user.startswith("S-1-5-")
    assert (file, directory) == (f"D:P(A;;FA;;;{user})", f"D:P(A;OICI;FA;;;{user})")


def test_the_check_is_not_blind(machine: Machine, open_place: Path) -> None:
    """A file that Windows makes in the ordinary way is readable by all there."""
    assert machine.python("-c", r"open('C:\\open\\plain', 'w').close()").status == 0
    assert mode(open_place / "plain") & 0o044


def test_a_certificate_file_gets_its_access_back(machine: Machine, open_place: Path, alice: Leaf, bob: Leaf) -> None:
    """What was readable by others before is so again after ``undo``, with its old content."""
    (open_place / "a.p12").write_bytes(alice.p12("secret"))
    (open_place / "b.p12").write_bytes(bob.p12("secret"))
    (open_place / "b.p12").chmod(0o644)
    before = (open_place / "b.p12").read_bytes()
    ran = machine.certferry("migrate", r"C:\open\a.p12", r"C:\open\b.p12", source="secret", target="secret")
    assert ran.status == 0, ran.err
    assert mode(open_place / "b.p12") == 0o600
    assert machine.certferry("undo", "--yes").status == 0
    assert (mode(open_place / "b.p12"), (open_place / "b.p12").read_bytes()) == (0o604, before)


def test_a_file_that_another_program_has_open(machine: Machine, open_place: Path, alice: Leaf, bob: Leaf) -> None:
    """It is refused in words, with status 4, and left as it is; nothing else stays beside it."""
    for name, leaf in (("a.p12", alice), ("b.p12", bob)):
        (open_place / name).write_bytes(leaf.p12("secret"))
    (open_place / "password").write_text("secret")
    before = {path.name: path.read_bytes() for path in open_place.iterdir()}
    code = (r"import subprocess, sys; held = open(r'C:\open\b.p12', 'rb')" "\n"
            "words = [sys.executable, '-m', 'migrate', *sys.argv[1:]]\n"
            "sys.exit(subprocess.run(words, stdin=subprocess.PIPE).returncode)")
    secret = r"file:C:\open\password"
    ran = machine.python("-c", code, "migrate", r"C:\open\a.p12", r"C:\open\b.p12",
                         "--from-password", secret, "--to-password", secret)
    assert (ran.status, "another program has it open" in ran.err) == (4, True), ran.err
    assert {path.name: path.read_bytes() for path in open_place.iterdir()} == before
