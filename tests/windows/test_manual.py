"""The manual for a real Windows: each command is one that certferry has, and says under Wine what stands behind it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
import typer

from migrate.cli.app import app
from tests.windows import hand

if TYPE_CHECKING:
    from tests.windows.wine import Machine

TEXT = (Path(__file__).parent / "manual.md").read_text("utf-8")
PASSWORD = "--file-password file:pw"
START = """
import os, sys
os.chdir("C:/hand")
from migrate.cli import main
sys.argv[0] = "certferry"
sys.exit(main())
"""


class Line(NamedTuple):
    """A command of certferry, and what is to be seen."""

    words: tuple[str, ...]
    status: int | None
    said: tuple[str, ...]


def line(text: str) -> Line:
    """From a line of a block, or from a command within a sentence."""
    command, _, comment = text.partition("#")
    words = shlex.split(command.replace("@p", PASSWORD))
    status, said = re.fullmatch(r"\s*(?:(\d) )?(.*)", comment).groups()  # type: ignore[union-attr]
    return Line(tuple(words[1:]), int(status) if status else None,
                tuple(one.strip() for one in said.split("…") if not one.strip().startswith("(") or "read" in one))


def lines(language: str) -> list[Line]:
    """Those of all blocks in one language: ``powershell``, or ``powershell windows`` for what Wine cannot show."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    return [line(one) for block in blocks for one in block.splitlines() if one.startswith("cf ")]


EVERY = (*lines("powershell"), *lines("powershell windows"), *map(line, re.findall(r"`(cf [^`]*)`", TEXT)))


def test_there_are_commands() -> None:
    """The blocks are found, and all say how they end, but for what depends on the rest of the computer."""
    assert len(lines("powershell")) > 25 and len(lines("powershell windows")) > 10
    assert [one.words[0] for one in (*lines("powershell"), *lines("powershell windows"))
            if one.status is None] == ["check"] * 2


@pytest.mark.parametrize("one", EVERY, ids=lambda one: " ".join(one.words))
def test_every_command_exists(one: Line) -> None:
    """With each of its options; what it would do is not done."""
    command = typer.main.get_command(app)
    with command.make_context("certferry", list(one.words), resilient_parsing=False) as context:
        name, chosen, rest = command.resolve_command(context, list(one.words))  # type: ignore[attr-defined]
        chosen.make_context(name, rest, parent=context)


@pytest.mark.slow
def test_what_wine_can_show(machine: Machine) -> None:
    """From the first to the last command in order, with an RSA key in place of the EC key, which Wine does not keep."""
    place = machine.disk / "hand"
    place.mkdir()
    hand.make(place, ec="rsa-2048")
    for one in lines("powershell"):
        if "--protect" in one.words:  # here the root and the waiting key are gone: Windows asked about them
            assert [machine.certferry("undo", "windows", "--yes").status for _ in range(2)] == [0, 0]
        ran = machine.python("-c", START, *one.words)
        said = ran.out + ran.err
        assert ran.status == one.status, (one, said)
        assert all(words in said for words in one.said), (one, said)
    assert not (machine.witness("containers").out + machine.witness("containers", "lm").out).strip()
