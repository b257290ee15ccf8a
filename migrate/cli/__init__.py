"""The command line: parse, one call, render, exit. Here alone errors become sentences and exit status."""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol, runtime_checkable

from migrate.cli import streams
from profiles.errors import Error, Interrupted

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
    "interrupted": 130,
}
"""Exit status by error code (DESIGN, contracts); everything else that failed is 1."""


@contextmanager
def reported(*, to_json: bool = False) -> Iterator[None]:
    """Turn an error into its sentence, or the JSON of it, and its exit status."""
    import typer

    from migrate import render

    try:
        yield
    except (typer.Exit, render.Unwritten):
        raise
    except (Exception, KeyboardInterrupt) as error:
        if isinstance(error, OSError) and _reader_left(error):
            raise
        problem = _sentence(error)
        if isinstance(error, _Misuse) and not to_json:
            error.show()
        else:
            render.error(problem, to_json=to_json)
        raise typer.Exit(EXIT_STATUS.get(problem.code, 1)) from None


def _sentence(error: BaseException) -> Error:
    """What went wrong, as an error that can be told."""
    if isinstance(error, Error):
        return error
    if isinstance(error, KeyboardInterrupt):
        return Interrupted("interrupted; what was under way was taken back")
    if isinstance(error, OSError):
        from profiles.refusals import refusal

        return refusal(error)
    if isinstance(error, MemoryError):
        return Error("not enough memory for this", "Close other programs, or take less at once.")
    if isinstance(error, _Misuse):
        return _misused(error)
    # a traceback helps no user, and could show a secret
    return Error(f"an unexpected {type(error).__name__} at {_place(error)}: a mistake in certferry",
               "Please report this line.")


@runtime_checkable
class _Misuse(Protocol):
    """What typer raises for a command line that is wrong; it has moved its class about."""

    def format_message(self) -> str:
        """What is wrong."""

    def show(self) -> None:
        """Print that, with the usage of the command, on standard error."""


def _misused(error: _Misuse) -> Error:
    from migrate.passwords import BadSource

    command = getattr(getattr(error, "ctx", None), "command_path", "certferry")
    return BadSource(error.format_message(), f"`{command} --help` shows how it is used.")


def main() -> None:
    """The ``certferry`` command."""
    gc.set_threshold(50_000)  # a short life: collecting while modules load costs a twentieth of the start
    _forbid_core_dumps()
    streams.settle()
    from migrate import render

    status = None
    try:
        status = _run()
        render.flush()  # here, where it can still be seen that nobody reads it any more
    except render.Unwritten as lost:
        if not _reader_left(lost.__cause__):
            with suppress(OSError):
                print(f"certferry: what was done stays done, but its report could not be written: {lost}\n"
                      "  `certferry list` shows what is there now.", file=sys.stderr, flush=True)
        os._exit(1)  # whatever is still buffered has nowhere to go
    except OSError as error:  # the help, which is not written by us
        if not _reader_left(error):
            raise
        os._exit(1)
    except KeyboardInterrupt:  # once more, while the first was being told
        os._exit(EXIT_STATUS[Interrupted.code])
    sys.exit(status)


def _run() -> int:
    """Do what the command line says: the exit status."""
    import typer

    try:
        with reported(to_json="--json" in sys.argv[1:]):
            from migrate.cli.app import app

            return int(app(prog_name="certferry", standalone_mode=False) or 0)
    except typer.Exit as end:
        return end.exit_code


def _reader_left(error: BaseException | None) -> bool:
    """Whether it says that the reader of a pipe is gone: EPIPE, or on Windows EINVAL from a file without a name."""
    return isinstance(error, OSError) and (error.errno == errno.EPIPE or (
        os.name == "nt" and error.errno == errno.EINVAL and error.filename is None))


def _place(bug: BaseException) -> str:
    trace = bug.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"


def _forbid_core_dumps() -> None:
    """A core file of this process could hold a key."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError):
        return
