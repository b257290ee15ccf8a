"""Does a real Chromium present a client certificate to a TLS server, and hold its key?

python -m tests.applications.chromium (--nssdb DIR | --home DIR) --cn CN [--password PW] [--ca ROOT.pem]
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.applications import chromium_policy, command
from tests.applications.certificates import common_names, fingerprint, in_nss_database, read
from tests.applications.display import Display
from tests.applications.process import Application, environment
from tests.applications.proof import NotProven, Proof, SetupError, log
from tests.applications.tls_server import TlsServer, Visit
from tests.applications.workspace import copy, copy_home, workspace
from tests.system import require

if TYPE_CHECKING:
    from collections.abc import Sequence

BINARY = "/usr/lib/chromium/chromium"
LEGACY, XDG = ".pki/nssdb", ".local/share/pki/nssdb"
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--ignore-certificate-errors", "--no-first-run", "--no-default-browser-check"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--password-store=basic"),
    *("--disable-features=Translate", "--lang=en-US"),
)
_UNLOCK = "^Unlock Security Device$"
_HEADLESS_PATIENCE, _SCREEN_PATIENCE = 30, 40


def authenticates(
    *,
    cn: str,
    nssdb: Path | None = None,
    home: Path | None = None,
    password: str | None = None,
    ca: Path | bytes | None = None,
    certificate: Path | bytes | None = None,
    sha256: str | None = None,
    tls12: bool = False,
    limit: float = 55,
) -> Proof:
    """Prove that Chromium shows a page for which the server verified the handshake signature of that certificate.

    With `home` Chromium itself picks the database. `certificate` is needed where the certificate is on a token and so
    not in the database. A `password` that is given must be asked for; it is typed on a screen of its own (Xvfb).
    """
    require(BINARY)
    with workspace() as directory:
        if home:
            moved = copy_home(home, directory / "home", (".pki", ".local/share/pki"))
        elif nssdb:
            copy(nssdb, directory / "home" / XDG)
            moved = directory / "home"
        else:
            raise SetupError("neither a database nor a home")
        wanted = _wanted(moved, cn, sha256, read(certificate) if certificate else [])
        with (
            TlsServer(directory, wanted, ca=read(ca) if ca else (), tls12=tls12) as server,
            chromium_policy.selecting(cn, server.port, directory) as prefix,
        ):
            argv = [*prefix, BINARY, *FLAGS, f"--user-data-dir={directory / 'data'}"]
            look = _headless if password is None else _on_screen
            visit = look(_Check(server, cn, wanted, argv, moved, directory, limit), password or "")
    return Proof("Chromium", cn, fingerprint(visit.der), (f"authenticated over {visit.tls}",))


@dataclass(frozen=True)
class _Check:
    """What both ways to look at Chromium need."""

    server: TlsServer
    cn: str
    wanted: Sequence[bytes]
    argv: Sequence[str]
    home: Path
    directory: Path
    limit: float

    def start(self, *arguments: str, **more: str) -> Application:
        """Chromium, opening the server's page."""
        env = environment(self.home, self.directory, **more)
        argv = [*self.argv, *arguments, self.server.url]
        return Application(argv, env, self.directory / "chromium.log", self.limit)

    def visit(self) -> Visit:
        """The visit that proves it."""
        return self.server.visit(self.cn, "Chrome/", [fingerprint(der) for der in self.wanted])


def _headless(check: _Check, _: str) -> Visit:
    with check.start("--headless", "--timeout=20000", "--dump-dom") as chromium:
        end = time.monotonic() + _HEADLESS_PATIENCE
        while chromium.alive and time.monotonic() < end:
            time.sleep(0.05)
        visit = check.visit()
        if check.server.answer(visit.der) not in chromium.said:
            raise NotProven("the server saw the certificate but Chromium did not show its answer")
        return visit


def _on_screen(check: _Check, password: str) -> Visit:
    """A locked database: Chromium opens its own window and asks, which it cannot when headless."""
    with Display() as display, check.start("--window-size=900,700", DISPLAY=display.name) as chromium:
        end, typed, shown = time.monotonic() + _SCREEN_PATIENCE, "", False
        while time.monotonic() < end and chromium.alive and not shown:
            asking = display.windows(_UNLOCK)
            if asking and typed and asking[-1] != typed:
                raise NotProven("Chromium rejected the password")
            if asking and not typed:
                typed = asking[-1]
                display.type_into(typed, password)
                log.info("typed the password into 'Unlock Security Device'")
            shown = bool(display.windows(f"{check.server.nonce} "))
            time.sleep(0.2)
        visit = check.visit()
        if not typed:
            raise NotProven("a password was expected but Chromium never asked for one")
        if not display.windows(f"{check.server.nonce} {fingerprint(visit.der)[:16]}"):
            raise NotProven("the server saw the certificate but Chromium did not show its answer")
        return visit


def _wanted(home: Path, cn: str, sha256: str | None, elsewhere: list[bytes]) -> list[bytes]:
    used, other = (home / LEGACY, home / XDG) if (home / LEGACY).is_dir() else (home / XDG, home / LEGACY)

    def matching(ders: list[bytes]) -> list[bytes]:
        return [der for der in ders if cn in common_names(der) and sha256 in (None, fingerprint(der))]

    log.info("Chromium uses %s", used)
    found = matching([der for der, _ in in_nss_database(used)] + elsewhere)
    if found:
        return found
    hidden = matching([der for der, _ in in_nss_database(other)])
    where = f"; it is in {other}, which Chromium ignores" if hidden else ""
    raise NotProven(f"no certificate with CN {cn!r} in the database Chromium uses{where}")


if __name__ == "__main__":
    options = command.parser(__doc__, "nssdb", "home")
    options.add_argument("--password", help="password of the database")
    options.add_argument("--certificate", type=Path, help="the certificate itself, when on a token")
    options.add_argument("--tls12", action="store_true")
    command.main(authenticates, options)
