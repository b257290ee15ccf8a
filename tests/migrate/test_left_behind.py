"""What does not come along is named by every command that moves; exit status and JSON say that it is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.command import Ran, certferry
from tests.migrate import odd_files as odd
from tests.profiles.files.java import making

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.pki import Leaf

pytestmark = pytest.mark.slow

FILES: dict[str, tuple[Callable[[Leaf, Leaf], bytes], tuple[str, ...]]] = {
    "two.p12": (lambda alice, bob: odd.pfx(
        *map(odd.certificate, (alice, bob)), odd.key_under(alice, "secret"), odd.key_under(bob, "other")),
        ("a private key (Bob EC) is sealed with another password",)),
    "two.jks": (lambda alice, bob: making.jks(
        [making.jks_key(name, making.jks_sealed(leaf.pkcs8, password), [leaf.der])
         for name, leaf, password in (("a", alice, "secret"), ("b", bob, "other"))], "secret"),
        ("entry 'b' is sealed with a password of its own",)),
    "more.p12": (lambda alice, _bob: odd.pfx(
        odd.certificate(alice), odd.key_under(alice, "secret"), odd.revocation_list(), odd.secret_value("Safe"),
        parts=(odd.sealed_for_a_key(),)),
        ("a revocation list", "a secret that is no private key (Safe)", "a part that is sealed for the holder")),
}


COMMANDS = ("migrate", "convert", "split", "backup", "together", "restore")
CASES = [(name, command) for name in FILES for command in COMMANDS
         if (name, command) != ("two.jks", "restore")]  # a directory of backups is one of PKCS#12 files


@pytest.fixture
def file(tmp_path: Path, alice: Leaf, bob: Leaf) -> Callable[[str], Path]:
    """Makes a file with Alice's identity and something that cannot come along."""
    def make(name: str) -> Path:
        path = tmp_path / "from" / name
        path.parent.mkdir()
        path.write_bytes(FILES[name][0](alice, bob))
        return path

    return make


@pytest.mark.parametrize(("to_json", "name", "command"), [
    *((True, *case) for case in CASES), *((False, "two.p12", command) for command in COMMANDS)])
def test_it_is_said_and_counts(
    file: Callable[[str], Path], tmp_path: Path, alice: Leaf, to_json: bool, name: str, command: str
) -> None:
    """Alice arrives, what was left behind is named once with its file, and the exit status is 1."""
    path, said = file(name), FILES[name][1]
    ran = _run(command, path, tmp_path, "--json" if to_json else "")
    assert ran.status == 1, ran.err
    if to_json:
        parts = ran.json["files"] if command in ("convert", "split") else [ran.json]
        assert ran.json["status"] == "partial"
        assert any(step["sha256"] == alice.sha256 and step["outcome"] == "done"
                   for part in parts for step in part["steps"])
        told = ["\n".join(part["notes"]) for part in parts]
    else:
        assert "done  Alice RSA" in ran.out
        told = [ran.err]
    for text in told:
        for one in said:
            (line,) = [line for line in text.splitlines() if one in line]
            assert "left behind" in line and path.name in line


@pytest.mark.parametrize("command", ["convert", "backup", "restore"])
def test_a_dry_run_says_it_too(file: Callable[[str], Path], tmp_path: Path, command: str) -> None:
    """Before anything is done."""
    ran = _run(command, file("more.p12"), tmp_path, "--dry-run")
    assert ran.status == 0
    assert all(one in ran.err for one in FILES["more.p12"][1]), ran.err


@pytest.mark.parametrize("found", [(), (odd.secret_value("Safe"),)], ids=["nothing", "a secret"])
def test_nothing_to_convert(tmp_path: Path, found: tuple[bytes, ...]) -> None:
    """Where there is nothing to put into a new file, that is no success; what was passed over is named."""
    path, new = tmp_path / "old.p12", tmp_path / "new.p12"
    path.write_bytes(odd.pfx(*found))
    for more in ((), ("--split",), ("--json",)):
        ran = certferry("convert", path, new, *more, file="secret")
        assert ran.status == 8 and not new.exists()
        assert ("Safe" in ran.err + ran.out) is bool(found)


def _run(command: str, path: Path, directory: Path, option: str) -> Ran:
    new, options = directory / "new.p12", [option] if option else []
    match command:
        case "convert":
            return certferry("convert", path, new, *options, file="secret")
        case "split":
            return certferry("convert", path, directory / "parts", "--split", *options, file="secret")
        case "backup":
            return certferry("backup", path, f"{directory / 'saved'}/", "--yes", *options, source="secret", file="kept")
        case "together":
            return certferry("backup", path, new, "--together", "--yes", *options, source="secret", file="kept")
        case "restore":
            return certferry("restore", path.parent, f"nss:{directory / 'db'}", "--yes", *options, file="secret",
                             target="")
        case _:
            return certferry("migrate", path, new, "--yes", *options, source="secret", target="kept")
