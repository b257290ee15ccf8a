"""A private X server (Xvfb) and the keyboard of a person before it (xdotool)."""

from __future__ import annotations

import os
import subprocess
import time
from itertools import count
from typing import Self

from tests.applications.proof import SetupError
from tests.system import require

_NUMBERS = count()
_NOTICE = 4
"""Seconds in which an answered window is gone; keys that come before a window is ready for them are lost."""


class Display:
    """A screen nobody sees; `name` is its DISPLAY."""

    def __init__(self) -> None:
        self._xdotool = require("xdotool")
        reading, writing = os.pipe()
        # A number of its own, used once: a server that ends takes the socket of a new one of the same number with it.
        # Without -noreset it starts anew when its last client leaves, as xdotool does, and takes nobody in that moment.
        argv = [require("Xvfb"), f":{100 + (os.getpid() + next(_NUMBERS) * 1009) % 50_000}", "-displayfd", str(writing),
                "-screen", "0", "1200x900x24", "-nolisten", "tcp", "-noreset"]
        self._server = subprocess.Popen(
            argv,
            pass_fds=[writing],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(writing)
        with os.fdopen(reading) as told:
            number = told.readline().strip()  # the whole line: Xvfb dies if the pipe closes before its newline
        if not number:
            self._server.wait()
            raise SetupError("Xvfb did not start")
        self.name = f":{number}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.terminate()
        try:
            self._server.wait(5)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()

    def windows(self, title: str) -> list[str]:
        """Visible windows whose title matches the regular expression."""
        return self._do("search", "--onlyvisible", "--name", title)

    def type_into(self, window: str, text: str) -> None:
        """Type the text and Return, as a person would: once more where the window took no notice."""
        for _ in range(3):
            time.sleep(0.4)
            self._do("windowfocus", window)
            self._do("key", "ctrl+a")
            self._do("type", "--delay", "15", "--", text)
            self._do("key", "Return")
            if self._went(window):
                return

    def _went(self, window: str) -> bool:
        """Whether it closes; looked at three times, since a search that meets a dying window finds nothing at all."""
        end, missed = time.monotonic() + _NOTICE, 0
        while time.monotonic() < end and missed < 3:
            missed = 0 if window in self.windows(".*") else missed + 1
            time.sleep(0.1)
        return missed == 3

    def _do(self, *arguments: str) -> list[str]:
        done = subprocess.run(
            [self._xdotool, *arguments],
            env=os.environ | {"DISPLAY": self.name},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=15,
            check=False,
        )
        return done.stdout.split()
