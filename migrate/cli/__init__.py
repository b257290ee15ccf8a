"""The command line: parse, one call, render, exit. Here alone errors become sentences and exit status."""

from __future__ import annotations

import errno
import gc
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn, Protocol, runtime_checkable

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
    except KeyboardInterrupt:
        _last_words("interrupted; what was under way was taken back", _INTERRUPTED, "interrupted")


def main() -> None:
    """The ``certferry`` command."""
    gc.set_threshold(50_000)  # a short life: collecting while modules load costs a twentieth of the start
    _forbid_core_dumps()
    _speak_any_language()
    from migrate.cli.app import app

    status = None
    try:
        try:
            status = app(standalone_mode=False)
        finally:
            sys.stdout.flush()  # here, where it can still be seen that nobody reads it any more
    except KeyboardInterrupt:
        _last_words("interrupted", _INTERRUPTED, "interrupted")
    except OSError as error:
        if _reader_left(error):
            os._exit(1)
        _last_words(f"the system refused: {error.strerror or error}; nothing half done is left")
    except MemoryError:
        _last_words("not enough memory for this; nothing half done is left")
    except Exception as bug:  # noqa: BLE001 - a traceback helps no user, and could show a secret
        if isinstance(bug, _Misuse):
            _misused(bug)
        _last_words(f"an unexpected {type(bug).__name__} at {_place(bug)}: a mistake in certferry; please report this "
                    "line. Nothing half done is left")
    sys.exit(status)


@runtime_checkable
class _Misuse(Protocol):
    """What typer raises for a command line that is wrong; it has moved its class about."""

    exit_code: int

    def format_message(self) -> str:
        """What is wrong."""

    def show(self) -> None:
        """Print that, with the usage of the command, on standard error."""


def _misused(error: _Misuse) -> NoReturn:
    if not _wants_json():
        error.show()
        sys.exit(error.exit_code)
    command = getattr(getattr(error, "ctx", None), "command_path", "certferry")
    _print_json("usage", error.format_message(), f"`{command} --help` shows what it takes.")
    sys.exit(error.exit_code)


def _wants_json() -> bool:
    """Whether one object on standard output is what is read; asked where no command has been told of it."""
    return "--json" in sys.argv[1:]


def _print_json(code: str, message: str, hint: str = "") -> None:
    from migrate import render
    from profiles.errors import Error

    error = Error(message, hint)
    error.code = code
    render.error(error, to_json=True)


def _reader_left(error: OSError) -> bool:
    """Whether it says that the reader of a pipe is gone: EPIPE, or on Windows EINVAL from a file without a name."""
    return error.errno == errno.EPIPE or (os.name == "nt" and error.errno == errno.EINVAL and error.filename is None)


def _last_words(text: str, status: int = 1, code: str = "error") -> NoReturn:
    """Say it if anybody listens, and end; whatever output is still buffered may have nowhere to go."""
    with suppress(OSError):
        if _wants_json():
            _print_json(code, text)
        else:
            print(f"certferry: {text}", file=sys.stderr, flush=True)
    with suppress(OSError):
        sys.stdout.flush()
        sys.exit(status)
    os._exit(status)


def _place(bug: Exception) -> str:
    trace = bug.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"


def _speak_any_language() -> None:
    """A name that the terminal's code page lacks is shown by its code, not an end; ``--json`` is ASCII anyway."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _forbid_core_dumps() -> None:
    """A core file of this process could hold a key."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError):
        return
