"""The guides: complete, true of this program, and pointed to with the file that they are about."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from migrate.guide import guide, topics
from profiles.errors import NoMatch
from profiles.products.guided import GUIDED
from tests.command import certferry
from tests.host import mode
from tests.source import REPOSITORY, modules
from tests.system import done

if TYPE_CHECKING:
    from tests.pki import Leaf

TOPICS = [one.topic for one in topics()]


@cache
def help_of(command: str) -> str:
    return certferry(command, "--help").out


@pytest.mark.parametrize("topic", TOPICS)
def test_a_guide_is_whole(topic: str) -> None:
    """A title, steps numbered from one, and at the end how to see that it worked; no line too long for a terminal."""
    found = guide(topic, "mine.p12")
    assert found.title and "\n" not in found.title
    steps = [int(number) for number in re.findall(r"^ ?(\d+)\. ", found.text, re.MULTILINE)]
    assert steps == list(range(1, len(steps) + 1))
    assert len(steps) >= 4
    assert found.text.split("\n\n")[-1].startswith("How to see that it worked: ")
    assert max(map(len, found.text.splitlines())) <= 120
    assert "{" not in found.text


@pytest.mark.parametrize("topic", TOPICS)
def test_what_a_guide_tells_to_type_exists(topic: str) -> None:
    """Each certferry command with its options, and each place that it names."""
    text = guide(topic).text
    for command, rest in re.findall(r"certferry ([a-z]+)([^\"\n]*)", text):
        for option in re.findall(r"--[a-z-]+", rest):
            assert option in help_of(command)
    made = re.findall(r"certferry migrate firefox ([\w-]+)", text)
    assert made == ([topic] if topic in GUIDED else [])


@pytest.mark.slow
def test_every_guide_that_is_pointed_to_exists() -> None:
    """From error sentences, and from the programs that take a file from a person's hands."""
    named = {topic for module in modules(REPOSITORY).values()
             for topic in re.findall(r"`certferry guide ([a-z-]+)", module.text)}
    assert named
    assert named | set(GUIDED) <= set(TOPICS)


def test_the_file_is_named() -> None:
    """Where the user says it; and where not, in words."""
    assert "for notes.p12" in guide("notes", "/home/a/for notes.p12").text
    assert "your .p12 file" in guide("notes").text
    with pytest.raises(NoMatch, match="no guide") as caught:
        guide("../guides/notes")
    assert "notes" in caught.value.hint


@pytest.mark.slow
def test_on_the_command_line() -> None:
    """All topics, one of them, as JSON, and one that there is not."""
    listed = certferry("guide")
    assert listed.status == 0
    assert [line.split()[0] for line in listed.out.splitlines()] == TOPICS
    assert [one["topic"] for one in certferry("guide", "--json").json["topics"]] == TOPICS
    one = certferry("guide", "notes", "--file", "/x/y.p12")
    assert one.status == 0
    assert "Import Internet Certificates" in one.out and "/x/y.p12" in one.out
    assert certferry("guide", "notes", "--json").json["title"] in one.out
    assert certferry("guide", "none").status == 8


@pytest.mark.parametrize("kind", [kind if kind == "notes" else pytest.param(kind, marks=pytest.mark.slow)
                                  for kind in GUIDED])
def test_a_file_for_a_program_that_takes_it_from_nobody_else(kind: str, alice: Leaf, tmp_path: Path) -> None:
    """It is made with its whole chain in the dialect that all know, and the step is referred, not called done."""
    source, made = tmp_path / "alice.p12", tmp_path / "made for it.p12"
    source.write_bytes(alice.p12("secret"))
    ran = certferry("migrate", f"p12:{source}", f"{kind}:{made}", "--json", source="secret", target="other")
    assert ran.status == 1, ran.err
    (step,) = ran.json["steps"]
    assert (step["outcome"], step["code"], step["verified"]) == ("referred", "by-hand", True)
    assert GUIDED[kind].product in step["reason"] and str(made) in step["reason"]
    assert ran.json["status"] == "partial"
    assert mode(made) == 0o600
    said = done("openssl", "pkcs12", "-in", made, "-info", "-nodes", "-passin", "pass:other")
    assert said.stdout.count(b"BEGIN CERTIFICATE") == 3
    assert b"BEGIN PRIVATE KEY" in said.stdout
    assert b"pbeWithSHA1And3-KeyTripleDES-CBC" in said.stderr and b"MAC: sha1" in said.stderr
    again = certferry("migrate", f"p12:{source}", f"{kind}:{made}", "--json", source="secret", target="other")
    assert (again.status, again.json["status"]) == (0, "nothing")


def test_a_person_is_told_what_to_do_next(alice: Leaf, tmp_path: Path) -> None:
    """The file has a name of its own where none is given, and the way on names it."""
    source, made = tmp_path / "alice.p12", tmp_path / "n.p12"
    source.write_bytes(alice.p12("secret"))
    ran = certferry("migrate", f"p12:{source}", f"notes:{made}", source="secret", target="other")
    assert "referred" in ran.out
    assert f"`certferry guide notes --file {made}` says how" in ran.out
    planned = certferry("migrate", f"p12:{source}", "notes", "--dry-run", "--json", source="secret", target="other")
    assert Path(planned.json["to"].partition(":")[2]).name == "for-notes.p12"
