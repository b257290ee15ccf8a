"""Questions that are answered with yes or no, at a terminal."""

from __future__ import annotations

import sys

from migrate.terminal import is_terminal


def possible() -> bool:
    """Whether a person is there to see a question and to answer it."""
    return is_terminal(sys.stdin) and is_terminal(sys.stderr)


def yes(question: str, *, default: bool) -> bool:
    """The answer; return alone is the default, and an end of the input (Ctrl-D) is no."""
    print(f"{question} [{'Y/n' if default else 'y/N'}] ", end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
        print(file=sys.stderr, flush=True)  # nobody pressed return
        return False
    answer = line.strip().casefold()
    return answer in ("y", "yes") if answer else default


def agreed() -> bool:
    """Ask on a terminal whether to go on; without one the command itself is the agreement."""
    return not possible() or yes("Go on?", default=True)
