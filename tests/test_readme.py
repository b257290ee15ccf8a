"""The README and the help text say the same."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from migrate.cli import EXIT_STATUS
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


@pytest.mark.parametrize("option", sorted(set(re.findall(r"`(--[a-z-]+)", README))))
def test_every_option_in_the_readme_exists(option: str) -> None:
    """What the README tells people to type is taken by some command."""
    assert any(option in text for text in (help_of(""), *map(help_of, commands())))


def test_every_command_has_help() -> None:
    """Each command explains itself and its options."""
    for command in commands():
        text = help_of(command)
        assert "Usage: " in text
        for line in re.findall(r"^  (-.*)", text, re.MULTILINE):
            assert line.strip()


def test_exit_status_table() -> None:
    """The README lists exactly the exit statuses that errors map to, and 0 and 1."""
    documented = {int(number) for number in re.findall(r"^\| (\d) \|", README, re.MULTILINE)}
    assert documented == {0, 1, *EXIT_STATUS.values()}


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_of_for_is_in_both(target: str) -> None:
    """Whom a file can be made for stands in the README's table and in the help of both commands."""
    assert any(f"`{target}`" in line for line in README.splitlines() if re.search(r"\| (AES-256|3DES)", line))
    for command in ("migrate", "backup"):
        assert re.search(rf"[ ,]{target}\b(?!-)", help_of(command).partition("--for")[2])
