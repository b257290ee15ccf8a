"""The checks as commands: common options, and an exit status that says how it went."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.applications.certificates import fingerprint, read
from tests.applications.proof import NotProven, SetupError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.applications.proof import Proof

PROVEN, NOT_PROVEN, NOT_CARRIED_OUT = 0, 1, 2


def parser(description: str | None, *places: str) -> argparse.ArgumentParser:
    """A parser with the options every check has; exactly one of `places` says where to look."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    one_of = made.add_mutually_exclusive_group(required=True)
    for place in places:
        one_of.add_argument(f"--{place}", type=Path, metavar="DIR")
    made.add_argument("--cn", required=True, help="common name of the certificate")
    made.add_argument("--sha256", type=lambda text: text.replace(":", "").lower(), help="its fingerprint")
    made.add_argument("--cert", type=lambda path: fingerprint(read(path)[0]), dest="sha256", metavar="PEM")
    made.add_argument("--ca", type=Path, metavar="PEM", help="the only CA that is trusted: the chain must be sent")
    return made


def run(check: Callable[..., Proof], options: argparse.Namespace) -> int:
    """Carry out a check with the parsed options, word how it went, and give the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(relativeCreated)6d ms  %(message)s", stream=sys.stdout)
    arguments: dict[str, Any] = {name: value for name, value in vars(options).items() if value is not None}
    try:
        print("PROVEN:", check(**arguments))
    except NotProven as error:
        print("NOT PROVEN:", error)
        return NOT_PROVEN
    except (SetupError, OSError, pytest.fail.Exception) as error:
        print("NOT CARRIED OUT:", error)
        return NOT_CARRIED_OUT
    return PROVEN


def main(check: Callable[..., Proof], made: argparse.ArgumentParser, argv: Sequence[str] | None = None) -> None:
    """Parse, run, exit."""
    sys.exit(run(check, made.parse_args(argv)))
