"""Does a real Firefox present a client certificate to a TLS server, and hold its key?

python -m tests.applications.firefox (--profile DIR | --home DIR) --cn CN [--password PW] [--pin PIN] [--ca ROOT.pem]
"""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any

from tests.applications import command, gecko
from tests.applications.certificates import common_names, fingerprint, read
from tests.applications.marionette import Interrupted, Marionette, RemoteError
from tests.applications.proof import NotProven, Proof, SetupError, log
from tests.applications.tls_server import TlsServer
from tests.applications.workspace import copy, copy_home, workspace

if TYPE_CHECKING:
    from pathlib import Path

BINARY = "/usr/lib/firefox-esr/firefox-esr"
HOME_PARTS = (".mozilla", ".config/mozilla")
_OWN = 2
_PAGE_PATIENCE = 25


def authenticates(
    *,
    cn: str,
    profile: Path | None = None,
    home: Path | None = None,
    password: str | None = None,
    pin: str | None = None,
    ca: Path | bytes | None = None,
    sha256: str | None = None,
    tls12: bool = False,
    limit: float = 55,
) -> Proof:
    """Prove that Firefox shows a page for which the server verified the handshake signature of that certificate.

    With `home` Firefox itself picks the profile. `password` is the primary password, `pin` that of a token: given, it
    must be asked for. With `ca` the server trusts only that, and Firefox must send the intermediates.
    """
    with workspace() as directory:
        copied = _copied(directory, profile, home)
        with gecko.running(BINARY, directory, **copied, limit=limit) as marionette:
            version = _session(marionette, password, pin)
            wanted = _wanted(marionette, cn, sha256)
            anchors = read(ca) if ca else ()
            with TlsServer(directory, [wanted], ca=anchors, tls12=tls12) as server:
                page = _visit(marionette, server, wanted)
                state = marionette.script("state")
                log.info("dialogs: %s", state)
                if state["error"]:
                    raise NotProven(state["error"])
                visit = server.visit(cn, "Firefox/", [fingerprint(wanted)])
                if server.answer(visit.der) not in page:
                    raise NotProven("the server saw the certificate but Firefox did not show its answer")
                _asked(state["asked"], password, pin)
    return Proof(f"Firefox {version}", cn, fingerprint(wanted), (f"authenticated over {visit.tls}",))


def set_password(profile: Path, new: str, old: str = "") -> None:
    """Have Firefox itself set the primary password of this very profile, in place."""
    with workspace() as directory, gecko.running(BINARY, directory, profile=profile) as marionette:
        marionette.start()
        if not marionette.script("set_password", old, new):
            raise NotProven("Firefox says that the profile still has no primary password")


def own_certificates(profile: Path) -> list[bytes]:
    """The certificates (DER) that Firefox lists as the user's own, from a copy of the profile."""
    with workspace() as directory:
        copied = copy(profile, directory / "profile")
        with gecko.running(BINARY, directory, profile=copied) as marionette:
            marionette.start()
            return _own(marionette.script("firefox_certificates"))


def _copied(directory: Path, profile: Path | None, home: Path | None) -> dict[str, Path]:
    if home:
        return {"home": copy_home(home, directory / "home", HOME_PARTS)}
    if profile:
        return {"profile": copy(profile, directory / "profile")}
    raise SetupError("neither a profile nor a home")


def _session(marionette: Marionette, password: str | None, pin: str | None) -> str:
    capabilities = marionette.start(acceptInsecureCerts=True, pageLoadStrategy="none")
    log.info("Firefox %s, profile %s", capabilities["browserVersion"], capabilities.get("moz:profile"))
    marionette.script("firefox_person", {"primary": password, "token": pin})
    return str(capabilities["browserVersion"])


def _wanted(marionette: Marionette, cn: str, sha256: str | None) -> bytes:
    listed = _listed(marionette)
    own = _own(listed)
    log.info("certificates Firefox calls its own: %s", [(common_names(der)[-1:], fingerprint(der)[:16]) for der in own])
    wanted = [der for der in own if cn in common_names(der) and sha256 in (None, fingerprint(der))]
    if not wanted:
        others = sorted({(name or "", kind) for kind, name, _ in listed})
        raise NotProven(f"Firefox has no certificate of its own with CN {cn!r} (it has {others})")
    return wanted[0]


def _own(listed: list[list[Any]]) -> list[bytes]:
    return [base64.b64decode(der) for kind, _, der in listed if kind == _OWN]


def _listed(marionette: Marionette) -> list[list[Any]]:
    for _ in range(2):
        try:
            return list(marionette.script("firefox_certificates"))
        except Interrupted:  # a token asked for its PIN meanwhile, answered by now
            time.sleep(1)
    raise NotProven(str(marionette.script("state")["error"]))


def _visit(marionette: Marionette, server: TlsServer, wanted: bytes) -> str:
    """The source of the page Firefox shows for the server's address."""
    marionette.script("firefox_want", base64.b64encode(wanted).decode())
    marionette.context("content")
    marionette.command("WebDriver:Navigate", url=server.url)
    page, end = "", time.monotonic() + _PAGE_PATIENCE
    while time.monotonic() < end and f"{server.nonce}]" not in page and "neterror" not in page[:3000]:
        time.sleep(0.1)
        try:
            page = marionette.command("WebDriver:GetPageSource")
        except RemoteError as error:
            log.info("no page yet: %s", error)
    marionette.context("chrome")
    return page


def _asked(texts: list[str], password: str | None, pin: str | None) -> None:
    primary = [text for text in texts if "primary password" in text.lower()]
    if password is not None and not primary:
        raise NotProven("a primary password was given but Firefox never asked for one")
    if pin is not None and len(primary) == len(texts):
        raise NotProven("a token PIN was given but Firefox never asked for one")


if __name__ == "__main__":
    options = command.parser(__doc__, "profile", "home")
    options.add_argument("--password", help="primary password of the profile")
    options.add_argument("--pin", help="PIN of a PKCS#11 token")
    options.add_argument("--tls12", action="store_true")
    command.main(authenticates, options)
