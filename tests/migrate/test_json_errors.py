"""With --json everything that goes wrong is one object on standard output, and nothing else is there."""

from __future__ import annotations

import json
import sys

import pytest

from migrate import cli
from migrate.cli import app as commands
from tests.command import certferry


@pytest.mark.parametrize("line", [
    ("check",), ("convert", "only.p12"), ("check", "a.p12", "--nope"), ("list", "a", "--file-password"), ("nope",)],
    ids=" ".join)
def test_a_wrong_command_line(line: tuple[str, ...]) -> None:
    """The code is ``usage``; without --json it is words on standard error."""
    ran = certferry(*line[:1], "--json", *line[1:])
    assert (ran.status, ran.json["error"]["code"], ran.err) == (2, "usage", "")
    assert ran.json["error"]["message"] and "--help" in ran.json["error"]["hint"]
    ran = certferry(*line)
    assert (ran.status, ran.out) == (2, "") and "Error: " in ran.err


@pytest.mark.parametrize(("error", "status", "code"), [
    (MemoryError(), 1, "error"), (OSError(28, "No space left"), 1, "error"), (ValueError("secret"), 1, "error"),
    (KeyboardInterrupt(), 130, "interrupted")])
@pytest.mark.parametrize("to_json", [True, False])
def test_what_nobody_foresaw(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, status: int, code: str,
    to_json: bool,
) -> None:
    """It is said in the way that was asked for, without what the error itself says."""
    def fail(**_more: object) -> None:
        raise error

    monkeypatch.setattr(commands, "app", fail)
    monkeypatch.setattr(cli, "_forbid_core_dumps", lambda: None)
    monkeypatch.setattr(sys, "argv", ["certferry", "stores", *(["--json"] if to_json else [])])
    with pytest.raises(SystemExit) as end:
        cli.main()
    said = capsys.readouterr()
    assert end.value.code == status and "secret" not in said.out + said.err
    if to_json:
        found = json.loads(said.out)
        assert (found["schema"], found["error"]["code"], said.err) == (1, code, "")
    else:
        assert said.out == "" and said.err.startswith("certferry: ")
