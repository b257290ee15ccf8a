"""The README and the help text say the same."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from migrate.cli import EXIT_STATUS
from migrate.passwords import BadSource
from profiles import errors
from profiles.pkcs12.dialects import TARGETS
from tests.command import certferry

README = (Path(__file__).parents[1] / "README.md").read_text()


@cache
def commands() -> list[str]:
    """The commands that the program has, from its own help."""
    return re.findall(r"^  (\w+) ", certferry("--help").out.split("Commands:")[1], re.MULTILINE)


@cache
def help_of(command: str) -> str:
    """What a command says of itself."""
    return certferry(*filter(None, [command]), "--help").out


def test_every_command_is_in_both() -> None:
    """The README's table of commands is the list that --help prints."""
    documented = re.findall(r"^\| `certferry (\w+)", README, re.MULTILINE)
    assert sorted(documented) == sorted(commands())


def options_of(command: str) -> dict[str, str]:
    """What each option of a command is said to do, by each of its names."""
    rows = help_of(command).split("Options:")[1].split("Commands:")[0]
    found = re.findall(r"^  (-.+?)(?:  +|\n {10,})(?! )(.*(?:\n {10,}.*)*)", rows, re.MULTILINE)
    return {name: text for names, text in found for name in re.findall(r"--?[a-z][a-z-]*", names)}


@pytest.mark.parametrize("option", sorted(set(re.findall(r"`(--[a-z-]+)", README))))
def test_every_option_in_the_readme_exists(option: str) -> None:
    """What the README tells people to type is taken by some command."""
    assert any(option in options_of(command) for command in ("", *commands()))


def test_every_command_has_help() -> None:
    """Each command says what it does, and what each of its options does; --help is one of them."""
    for command in commands():
        explained = help_of(command).split("\n\n")[1]
        assert help_of(command).startswith(f"Usage: certferry {command} ") and len(explained.split()) > 3
        assert "--help" in options_of(command)
        assert [name for name, text in options_of(command).items() if len(text.split()) < 3] == []


def test_exit_status_table() -> None:
    """The README lists exactly the exit statuses that errors map to, and 0 and 1."""
    documented = {int(number) for number in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    assert documented == {0, 1, *EXIT_STATUS.values()}


def test_error_codes() -> None:
    """Beside each exit status the README has the codes of the errors that end so, and none that there is not."""
    rows = re.findall(r"^\| (\d+) \|[^|]*\|([^|]*)\|", README, re.MULTILINE)
    documented = {code: int(number) for number, codes in rows for code in re.findall("`([a-z-]+)`", codes)}
    assert documented == {code: EXIT_STATUS.get(code, 1) for code in (errors.Error.code, *codes(errors.Error))}


def codes(kind: type[errors.Error]) -> set[str]:
    """Of all errors of a kind."""
    assert BadSource.code == "usage"  # it is defined by now
    return {code for one in kind.__subclasses__() for code in (one.code, *codes(one))}


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_of_for_is_in_both(target: str) -> None:
    """Whom a file can be made for stands in the README's table and in the help of both commands."""
    assert any(f"`{target}`" in line for line in README.splitlines() if re.search(r"\| (AES-256|3DES)", line))
    for command in ("migrate", "backup"):
        assert re.search(rf"[ ,]{target}\b(?!-)", help_of(command).partition("--for")[2])
