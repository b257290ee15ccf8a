"""A mail server on loopback that keeps every message it is given."""

from __future__ import annotations

import socketserver
import threading
from contextlib import suppress
from typing import Self

_PATIENCE = 60


class _Session(socketserver.StreamRequestHandler):
    timeout = _PATIENCE
    server: _Server

    def handle(self) -> None:
        with suppress(OSError):
            self._say("220 localhost ESMTP sink")
            while line := self.rfile.readline():
                verb = line[:4].upper()
                if verb == b"EHLO":
                    self._say("250-localhost", "250 8BITMIME")
                elif verb == b"DATA":
                    self._say("354 go on")
                    self.server.messages.append(self._message())
                    self._say("250 kept")
                elif verb == b"QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 ok")

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def _message(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        return b"".join(lines)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    messages: list[bytes]


class SmtpSink:
    """`messages` grows as mail arrives at `port`."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self._server = _Server(("127.0.0.1", 0), _Session)
        self._server.messages = self.messages
        self.port = self._server.server_address[1]
        self._loop = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._loop.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._loop.join(5)
