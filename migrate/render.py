"""Words for people and JSON for programs: the one place that prints.

Results go to standard output; questions, progress, warnings and errors to standard error. With ``--json`` exactly one
object goes to standard output. Text from certificates and files is shown with control characters made visible.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO

from migrate.report import SCHEMA
from migrate.terminal import is_terminal, shows_colours

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from migrate.mailing import Use
    from migrate.plan import Plan, Step
    from migrate.report import Outcome, Report
    from profiles.errors import Error
    from profiles.mail.client import Account, Association
    from profiles.model import Trust

_BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_COLOURS = {"red": "31", "green": "32", "yellow": "33", "bold": "1", "dim": "2"}
_LONGEST = 200


def visible(text: str) -> str:
    """Foreign text made safe for a terminal: control and direction characters escaped, absurd lengths cut."""
    return visible_sentence(text[:_LONGEST]) + ("…" if len(text) > _LONGEST else "")


def coloured(text: str, colour: str, stream: TextIO) -> str:
    """The text in a colour if the stream is a terminal that wants it."""
    if os.environ.get("NO_COLOR") or not shows_colours(stream):
        return text
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


class Unwritten(Exception):
    """Standard output took no more: what should have been read there is lost, and nothing else."""


@contextmanager
def _output() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unwritten(error.strerror or str(error)) from error


def say(text: str = "") -> None:
    """A line of the result, on standard output."""
    with _output():
        print(text)


def flush() -> None:
    """Have everything that was said arrive; ``Unwritten`` where it cannot."""
    with _output():
        sys.stdout.flush()


def note(text: str) -> None:
    """A line beside the result, on standard error; that nobody hears it is no reason to stop."""
    with suppress(Unwritten):  # the end of the run finds it too
        flush()  # where both go to one file, their lines keep their order
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def announcement(text: str) -> None:
    """What the system is about to ask its user; it may name what certificates say of themselves."""
    note(visible_sentence(text))


def as_json(found: dict[str, Any]) -> None:
    """The one object of a ``--json`` run."""
    import json

    say(json.dumps(found))


def error(problem: Error, *, to_json: bool) -> None:
    """An error: one sentence and a hint, or the JSON of it."""
    if to_json:
        as_json({"schema": SCHEMA,
                 "error": {"code": problem.code, "message": problem.message, "hint": problem.hint}})
        return
    note(f"{coloured('certferry:', 'red', sys.stderr)} {visible_sentence(problem.message)}")
    if problem.hint:
        note(f"  {visible_sentence(problem.hint)}")


def visible_sentence(text: str) -> str:
    """A whole sentence made safe for a terminal, line by line and not cut."""
    return "".join(char if char.isprintable() and char not in _BIDI else char.encode("unicode_escape").decode()
                   for char in text)


class Progress:
    """An observer that speaks up on standard error once something takes longer than a second."""

    def __init__(self) -> None:
        self._start = self._last = time.monotonic()
        self._open = False

    def __call__(self, what: str, done: int, total: int) -> None:
        """See ``migrate.engine.Observer``."""
        now = time.monotonic()
        terminal = is_terminal(sys.stderr)
        if now - self._start < 1 or (now - self._last < (0.2 if terminal else 5) and done < total):
            return
        self._last = now
        line = f"  {what} {done} of {total}"
        if terminal:
            print(f"\r{line}", end="\n" if done == total else "", file=sys.stderr, flush=True)
        elif done < total or self._open:
            note(line)
        self._open = True


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of equally many cells as lines, each column as wide as it has to be."""
    widths = [min(48, max(map(len, column))) for column in zip(*rows, strict=True)]
    return ["  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows]


def plan(found: Plan) -> None:
    """What would be done, on standard error: it is what a question is asked about."""
    made = ", which is made for it" if found.target.state == "empty" else ""
    if found.source.location == found.target.location:
        note(f"in {visible(str(found.target.location))}:")
    else:
        note(f"from {visible(str(found.source.location))} to {visible(str(found.target.location))}{made}:")
    accounts = {use.association: use.account for use in found.uses if use.association}
    for step in found.steps:
        for line in _step_lines(step, found):
            note(f"  {line}")
        for one in step.associations:
            note(f"    {_association_line(one)}{_instead(one, accounts[one])}")
    if found.already_there:
        note(f"  already there: {len(found.already_there)}")
    for use in found.uses:
        if use.outcome != "set":
            note(f"  {_use_line(use)}")
        elif use.reason:
            note(f"  {_who(use)}: {visible_sentence(use.reason)}")


def _step_lines(step: Step, of: Plan) -> Iterable[str]:
    yield f"{step.kind.value} {visible(step.title)}" + (f", {visible(', '.join(step.certificate.emails[:2]))}"
                                            if step.certificate and step.certificate.emails else "")
    if step.skip:
        yield f"  skipped: {step.skip[1]}"
        return
    if step.kind.value == "identity" and not step.moves_key:
        yield "  is there already" + ("; its surroundings are completed" if step.additions or step.trust else "")
    for entry in step.additions:
        if entry.certificate != step.certificate:
            kind = "root" if entry.certificate.self_issued else "intermediate"
            yield f"  with {kind} {visible(entry.certificate.common_name)}"
    for certificate, trust in step.trust:
        wider = "" if certificate not in step.widened else (
            ", as the source does, in spite of --no-roots" if of.source_trusts(certificate)
            else ", which the source does not")
        yield f"  trusting {visible(certificate.common_name)} for {_purposes(trust)}{wider}"
    for text in step.notes:
        yield f"  note: {visible_sentence(text)}"


def _purposes(trust: Trust) -> str:
    named = [(trust.server, "servers"), (trust.client, "client certificates"), (trust.email, "e-mail"),
             (trust.code, "code")]
    return ", ".join(f"{name} ({level.value})" if level.value != "trusted" else name
                     for level, name in named if level.value != "unknown")


def topics(found: Iterable[tuple[str, str]]) -> None:
    """The table of guides."""
    for line in table([list(one) for one in found]):
        say(line.rstrip())
    note("`certferry guide TOPIC` shows the steps; with --file FILE they name your file.")


def guide(title: str, text: str) -> None:
    """One guide, as it stands in its file."""
    say(coloured(title, "bold", sys.stdout))
    say()
    for line in text.splitlines():
        say(visible_sentence(line))


def report(found: Report) -> None:
    """How every step ended, what stayed behind, and what else is to be known."""
    outcomes(found)
    remarks(found.remarks)


def outcomes(found: Report) -> None:
    """How every step ended."""
    for outcome in found.outcomes:
        say(_outcome_line(outcome))
        if outcome.reason:
            say(f"    {visible_sentence(outcome.reason)}")
        if outcome.hint:
            say(f"    {visible_sentence(outcome.hint)}")
    if found.status == "nothing":
        there = len(found.plan.already_there)
        say(f"nothing to do: {there} already there" if there else "nothing to do: there is no identity to move")
    for use in found.uses:
        say(_use_line(use))


def remarks(found: Iterable[str]) -> None:
    """What is to be known beside the outcomes, each once."""
    for text in dict.fromkeys(found):
        note(visible_sentence(text))


def _association_line(one: Association) -> str:
    uses = [f"{verb} with {visible(certificate.common_name)} ({certificate.sha256[:8]})"
            for verb, certificate in (("signs", one.signing), ("encrypts", one.encryption)) if certificate]
    if one.signing is not None and one.signing == one.encryption:
        uses = [f"signs and encrypts with {visible(one.signing.common_name)}"]
    defaults = [f"new mail is {'' if on else 'not '}{word} by default"
                for word, on in (("signed", one.sign), ("encrypted", one.encrypt)) if on is not None]
    words = ", ".join([*(uses or ["keeps its certificate"]), *defaults])
    return f"the account {visible(one.email)} ({visible(one.account)}) {words}"


def _instead(one: Association, account: Account) -> str:
    """What the account loses, where it uses another certificate now."""
    pairs = ((account.signing, one.signing), (account.encryption, one.encryption))
    labels = [choice.label for choice, new in pairs if choice and new and choice.sha256 != new.sha256]
    return f", instead of {' and '.join(map(visible, dict.fromkeys(labels)))}" if labels else ""


def _use_line(use: Use) -> str:
    reason = visible_sentence(use.reason)
    if use.outcome == "set" and use.association is not None:
        return _association_line(use.association) + (f"; {reason}" if reason else "")
    if use.outcome == "kept":
        return f"{_who(use)} stays as it is: {reason or 'it uses that already'}"
    return f"{_who(use)} {'is left as it is' if use.outcome == 'left' else 'was not set'}: {reason}"


def _who(use: Use) -> str:
    called = visible(use.account.email) or visible(use.account.name) or "without an address"
    return f"the account {called} ({visible(use.account.id)})"


def _outcome_line(outcome: Outcome) -> str:
    colour = {"done": "green", "failed": "red"}.get(outcome.outcome, "yellow")
    words = coloured(outcome.outcome, colour, sys.stdout)
    key = ", key signs" if outcome.step.key_signs else ", same key"
    proof = f"read back{key if outcome.step.moves_key else ''}"
    proved = f"  ({proof})" if outcome.verified else ""
    return f"{words}  {visible(outcome.step.title)}{proved}"
