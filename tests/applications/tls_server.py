"""A TLS server on loopback that demands a client certificate and remembers who came."""

from __future__ import annotations

import ctypes
import html
import os
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from tests import pki
from tests.applications.certificates import common_names, fingerprint, pem
from tests.applications.proof import NotProven, SetupError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_PATIENCE = 30
_VERIFY_PEER_AND_FAIL = 3


@dataclass(frozen=True)
class Visit:
    """One request that came with a certificate whose key the handshake had proven."""

    der: bytes
    agent: str
    path: str
    tls: str

    @property
    def cn(self) -> str:
        """The last common name of the certificate, or nothing."""
        return (common_names(self.der) or [""])[-1]


class TlsServer:
    """``https://localhost:PORT/NONCE``, open to clients with a certificate only.

    Without `ca` the trust anchors are exactly the `expected` certificates: that proves possession of the key. With `ca`
    (DER, normally the root alone) only that is trusted, and its name announced as web servers do, so that the client
    must find and send the intermediates from its own store.
    """

    def __init__(
        self, directory: Path, expected: Sequence[bytes], *, ca: Sequence[bytes] = (), tls12: bool = False
    ) -> None:
        self.nonce = os.urandom(8).hex()
        self.visits: list[Visit] = []
        self.errors: list[str] = []
        self._context = _context(directory, tls12=tls12)
        if ca:
            anchors = directory / "anchors.pem"
            anchors.write_text(pem(*ca))
            self._context.load_verify_locations(anchors)
            _announce(self._context, anchors)
        elif expected:
            self._context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            self._context.load_verify_locations(cadata=pem(*expected))
        else:
            raise SetupError("nothing to trust: neither an expected certificate nor a CA")
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.port = self._socket.getsockname()[1]
        self.url = f"https://localhost:{self.port}/{self.nonce}"
        self._loop = threading.Thread(target=self._accept, daemon=True)
        self._loop.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the accepting thread
        self._socket.close()
        self._loop.join(5)

    def answer(self, der: bytes) -> str:
        """What the application's window must show once it has used that certificate."""
        return f"SHA256=[{fingerprint(der)}] NONCE=[{self.nonce}]"

    def visit(self, cn: str, agent: str, sha256: Sequence[str]) -> Visit:
        """The visit that proves it, or `NotProven` with what was seen instead."""
        for one in self.visits:
            here = one.path == f"/{self.nonce}" and agent in one.agent
            if here and cn in common_names(one.der) and fingerprint(one.der) in sha256:
                return one
        seen = [(one.cn, fingerprint(one.der)[:16], one.agent[-30:]) for one in self.visits]
        raise NotProven(
            f"server saw {seen or 'no client certificate'}; handshake errors: {sorted(set(self.errors)) or 'none'}"
        )

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(_PATIENCE)
        with connection:
            try:
                with self._context.wrap_socket(connection, server_side=True) as secure:
                    self._respond(secure)
            except (OSError, ValueError, IndexError) as error:
                self.errors.append(str(error))

    def _respond(self, secure: ssl.SSLSocket) -> None:
        request = b""
        while b"\r\n\r\n" not in request and len(request) < 65536:
            received = secure.recv(8192)
            if not received:
                return
            request += received
        lines = request.decode("latin-1").split("\r\n")
        agents = (line.partition(":")[2].strip() for line in lines if line.lower().startswith("user-agent:"))
        der = secure.getpeercert(binary_form=True)  # there only once the handshake signature was verified
        if der is None:
            raise ValueError("no client certificate")
        visit = Visit(der, next(agents, ""), lines[0].split(" ")[1], secure.version() or "")
        body = (
            f"<!doctype html><title>{self.nonce} {fingerprint(der)[:16]}</title>"
            f"<p>CLIENT-CN=[{html.escape(visit.cn)}] {self.answer(der)}"
        ).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        secure.sendall(head.encode() + b"Connection: close\r\n\r\n" + body)
        self.visits.append(visit)


def _context(directory: Path, *, tls12: bool) -> ssl.SSLContext:
    leaf = pki.server(pki.root("Certferry Test Server"))
    path = directory / "server.pem"
    path.write_bytes(leaf.key_pem() + leaf.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    context.verify_mode = ssl.CERT_REQUIRED
    context.num_tickets = 0  # no resumption: every handshake is a full one
    if tls12:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_TICKET
    return context


def _announce(context: ssl.SSLContext, anchors: Path) -> None:
    """Send the names of these CAs in the CertificateRequest, which Python's ssl offers no call for."""
    import _ssl

    library = ctypes.CDLL(getattr(_ssl, "__file__", None))
    library.SSL_load_client_CA_file.restype = ctypes.c_void_p
    library.SSL_load_client_CA_file.argtypes = [ctypes.c_char_p]
    library.SSL_CTX_set_client_CA_list.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    library.SSL_CTX_get_verify_mode.argtypes = [ctypes.c_void_p]
    native = ctypes.c_void_p.from_address(id(context) + 2 * ctypes.sizeof(ctypes.c_void_p))
    if library.SSL_CTX_get_verify_mode(native) != _VERIFY_PEER_AND_FAIL:
        raise SetupError("unknown layout of this Python's ssl module: cannot announce CA names")
    names = library.SSL_load_client_CA_file(os.fsencode(anchors))
    if not names:
        raise SetupError(f"no CA certificate in {anchors}")
    library.SSL_CTX_set_client_CA_list(native, names)
