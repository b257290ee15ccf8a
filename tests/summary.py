"""What a run of the tests ends with: what did not run and why, what failed, and how many."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

TALLY = "CERTFERRY_TEST_TALLY"
"""Names a file to which each run adds its failures and its numbers, for a script that runs pytest more than once."""


def left_out(reports: Iterable[pytest.TestReport]) -> Iterator[str]:
    """One line for each file and reason, with all tests that it kept from running."""
    found: dict[tuple[str, str], list[str]] = {}
    for report in reports:
        path, _, test = report.nodeid.partition("::")
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        found.setdefault((path, reason.removeprefix("Skipped: ")), []).append(test)
    for (path, reason), tests in found.items():
        yield f"{path}: {reason}: {', '.join(_collapsed(tests))} ({len(tests)})"


def _collapsed(tests: Iterable[str]) -> Iterator[str]:
    """Each function once, with all its parameters."""
    functions: dict[str, list[str]] = {}
    for test in tests:
        name, bracket, parameters = test.partition("[")
        functions.setdefault(name or "all of it", []).extend([parameters.removesuffix("]")] if bracket else [])
    for name, cases in functions.items():
        yield f"{name}[{', '.join(cases)}]" if cases else name


def failed(reports: Iterable[pytest.TestReport]) -> Iterator[str]:
    """One line for each test that failed, with the first line of its error."""
    for report in reports:
        crash = getattr(report.longrepr, "reprcrash", None)
        text = crash.message if crash is not None else str(report.longrepr)
        yield f"FAILED {report.nodeid}: {next(iter(text.strip().splitlines()), '')}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Say it after everything else, so that the end of a log is enough."""
    yield
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:  # a worker of many
        return
    stats = reporter.stats
    skipped, wrong = stats.get("skipped", []), [*stats.get("failed", []), *stats.get("error", [])]
    reporter.section("tests that did not run" if skipped else "every selected test ran")
    for line in left_out(skipped):
        reporter.write_line(line)
    lines = list(failed(wrong))
    for line in lines:
        reporter.write_line(line, red=True)
    numbers = Counter(passed=len(stats.get("passed", [])), failed=len(wrong), skipped=len(skipped))
    reporter.write_line(", ".join(f"{count} {what}" for what, count in numbers.items()))
    if TALLY in os.environ and "PYTEST_XDIST_WORKER" not in os.environ:  # a run that a test started is not counted
        with Path(os.environ[TALLY]).open("a", encoding="utf-8", errors="backslashreplace", newline="\n") as tally:
            tally.writelines(f"{line}\n" for line in (*lines, " ".join(map(str, numbers.values()))))
