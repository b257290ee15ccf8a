"""The command line: parse, one call, render, exit. Here alone errors become sentences and exit status."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

EXIT_STATUS = {
    "store-not-found": 8,
    "no-match": 8,
    "store-in-use": 4,
    "access-denied": 4,
    "wrong-password": 3,
    "password-needed": 3,
    "key-not-exportable": 5,
    "verification-failed": 6,
    "malformed": 7,
    "unsupported": 7,
    "tool-failed": 1,
    "usage": 2,
}
"""Exit status by error code (DESIGN, contracts); everything else that failed is 1."""

_INTERRUPTED = 130


@contextmanager
def reported(*, to_json: bool = False) -> Iterator[None]:
    """Turn an error into its sentence and exit status."""
    import typer

    from profiles.errors import Error

    try:
        yield
    except Error as problem:
        from migrate import render

        render.error(problem, to_json=to_json)
        raise typer.Exit(EXIT_STATUS.get(problem.code, 1)) from None


def main() -> None:
    """The ``certferry`` command."""
    _forbid_core_dumps()
    from migrate.cli.app import app

    try:
        app()
    except KeyboardInterrupt:
        print("certferry: interrupted; what was under way was taken back", file=sys.stderr)
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except MemoryError:
        print("certferry: not enough memory for this; nothing half done is left", file=sys.stderr)
        sys.exit(1)
    except Exception as bug:  # noqa: BLE001 - a traceback helps no user, and could show a secret
        _report_bug(bug)
        sys.exit(1)


def _report_bug(bug: Exception) -> None:
    trace = bug.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
    print(f"certferry: an unexpected {type(bug).__name__} at {where}", file=sys.stderr)
    print("  This is a mistake in certferry; please report this line. Nothing half done is left.", file=sys.stderr)


def _forbid_core_dumps() -> None:
    """A core file of this process could hold a key."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError):
        return
