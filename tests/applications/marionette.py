"""The remote protocol built into Firefox and Thunderbird, spoken over a plain socket."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).parent / "scripts"
_ASYNC = """
const resolve = arguments[arguments.length - 1];
(async function (...args) { %s })(...arguments).then(
  value => resolve({ok: value === undefined ? null : value}),
  error => resolve({err: String(error) + " " + (error && error.stack || "")}));"""


class RemoteError(Exception):
    """The application answered with an error, or went away."""


class Interrupted(RemoteError):
    """A dialog opened while a script ran."""


class Marionette:
    """One connection: commands, and privileged scripts."""

    def __init__(self, port: int, timeout: float = 50) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout)
        self._buffer, self._last = b"", 0
        self._receive()  # the greeting

    def close(self) -> None:
        """Ask the application to quit, and hang up."""
        try:
            self._socket.settimeout(5)
            self.command("Marionette:Quit", flags=["eForceQuit"])
        except (RemoteError, OSError):
            pass  # it is ended by process id anyway
        finally:
            self._socket.close()

    def command(self, name: str, **parameters: Any) -> Any:
        """The answer to one command."""
        self._last += 1
        message = json.dumps([0, self._last, name, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        while (answer := self._receive())[:2] != [1, self._last]:
            pass
        _, _, error, value = answer
        if error:
            raise RemoteError(f"{error.get('error')}: {error.get('message')}")
        return value["value"] if isinstance(value, dict) and list(value) == ["value"] else value

    def start(self, context: str = "chrome", **capabilities: Any) -> dict[str, Any]:
        """Open the session; capabilities are flat, nested ones are silently ignored."""
        session = self.command("WebDriver:NewSession", unhandledPromptBehavior="ignore", **capabilities)
        self.context(context)
        return dict(session["capabilities"])

    def context(self, name: str) -> None:
        """Switch between ``chrome`` (the application) and ``content`` (its page)."""
        self.command("Marionette:SetContext", value=name)

    def script(self, name: str, *arguments: Any) -> Any:
        """The result of ``scripts/NAME.js``, which may await and return, and finds `arguments` in ``args``."""
        body = _ASYNC % (SCRIPTS / f"{name}.js").read_text(encoding="utf-8")
        answer = self.command("WebDriver:ExecuteAsyncScript", args=list(arguments), newSandbox=True, script=body)
        if answer is None:
            raise Interrupted("a dialog interrupted the script")
        if "err" in answer:
            raise RemoteError(answer["err"])
        return answer["ok"]

    def _receive(self) -> Any:
        while True:
            length, colon, rest = self._buffer.partition(b":")
            if colon and len(rest) >= int(length):
                self._buffer = rest[int(length) :]
                return json.loads(rest[: int(length)])
            try:
                received = self._socket.recv(65536)
            except TimeoutError as error:
                raise RemoteError("the application does not answer") from error
            except ConnectionError:
                received = b""
            if not received:
                raise RemoteError("the application closed the remote connection")
            self._buffer += received
