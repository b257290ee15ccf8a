"""Firefox and Thunderbird under remote control."""

from __future__ import annotations

import json
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.applications.marionette import Marionette, RemoteError
from tests.applications.process import Application, environment
from tests.applications.proof import NotProven, SetupError
from tests.system import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.applications.display import Display

PREFERENCES = {
    "marionette.port": 0,
    "network.http.speculative-parallel-limit": 0,
    "network.dns.disableIPv6": True,
    "app.update.disabledForTesting": True,
}
START_LIMIT = 30
_PORT_FILE = "MarionetteActivePort"


@contextmanager
def running(
    binary: str,
    directory: Path,
    *,
    profile: Path | None = None,
    home: Path | None = None,
    display: Display | None = None,
    while_waiting: Callable[[], None] = lambda: None,
    limit: float = 55,
) -> Iterator[Marionette]:
    """The application with `profile`, or with the one it picks itself under `home`, until the end of the block.

    `while_waiting` is called before remote control is up, to answer a dialog that comes first.
    """
    env = environment(
        home or directory / "home",
        directory,
        TMPDIR=str(directory),  # what it writes there has the same name in every Thunderbird
        MOZ_CRASHREPORTER_DISABLE="1",
        MOZ_MARIONETTE_PREF_STATE_ACROSS_RESTARTS=json.dumps(PREFERENCES),
        **({"DISPLAY": display.name, "MOZ_ENABLE_WAYLAND": "0"} if display else {"MOZ_HEADLESS": "1"}),
    )
    Path(env["HOME"]).mkdir(exist_ok=True)
    if profile:
        (profile / _PORT_FILE).unlink(missing_ok=True)  # of an earlier run
    argv: list[str | Path] = [require(binary), "--marionette", "--remote-allow-system-access", "--no-remote"]
    argv += [] if display else ["--headless"]
    argv += ["--profile", profile.absolute()] if profile else []
    with Application(argv, env, directory / f"{Path(binary).name}.log", limit) as application:
        try:
            port = _port(application, profile or env["HOME"], while_waiting)
            with closing(Marionette(port)) as marionette:
                yield marionette
            application.close(grace=5)
        except (RemoteError, OSError) as error:
            if application.expired:
                raise NotProven(f"no proof within {limit} s") from error
            raise SetupError(f"{type(error).__name__}: {error}") from error


def _port(application: Application, where: Path | str, while_waiting: Callable[[], None]) -> int:
    """The port the application chose and wrote into its profile."""
    end = time.monotonic() + START_LIMIT
    while time.monotonic() < end:
        if not application.alive:
            raise SetupError(f"the application ended at start:\n{application.said[-2000:]}")
        while_waiting()
        for path in Path(where).rglob(_PORT_FILE):
            told = path.read_text().strip()
            if told.isdigit():
                return int(told)
        time.sleep(0.05)
    raise SetupError(f"no remote control within {START_LIMIT} s")
