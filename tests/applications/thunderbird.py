"""Does a real Thunderbird sign, encrypt and decrypt with the S/MIME certificate of a mail identity?

python -m tests.applications.thunderbird (--profile DIR | --home DIR) --cn CN [--password PW] [--ca ROOT.pem]
"""

from __future__ import annotations

import base64
import email
import email.policy
import os
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.applications import command, gecko, thunderbird_profile
from tests.applications.certificates import common_names, fields, fingerprint, openssl, pem, read
from tests.applications.display import Display
from tests.applications.proof import NotProven, Proof, SetupError, log
from tests.applications.signatures import verified
from tests.applications.smtp_sink import SmtpSink
from tests.applications.workspace import copy, copy_home, workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.applications.marionette import Marionette

BINARY = "/usr/lib/thunderbird/thunderbird-bin"
HOME_PARTS = (".thunderbird", ".config/thunderbird", "thunderbird")
_OWN = 2
_SEND_PATIENCE = 20
_ENCRYPTED, _SIGNED = "message-encrypted-ok.svg", "message-signed-ok.svg"


def signs_and_decrypts(
    *,
    cn: str,
    profile: Path | None = None,
    home: Path | None = None,
    email: str | None = None,
    password: str | None = None,
    ca: Path | bytes | None = None,
    trust_ca: Path | bytes | None = None,
    sha256: str | None = None,
    encrypt: bool = True,
    encryption: str | None = None,
    limit: float = 55,
) -> Proof:
    """Prove that a mail identity signs as that certificate in the real compose window, and opens mail encrypted to it.

    `email` picks the identity. With `ca` the message must carry the chain up to it. `trust_ca` is trusted for e-mail
    in the copy first: Thunderbird refuses to sign below a CA the profile does not trust. `encrypt` may be left out;
    `encryption` is the fingerprint of the certificate that mail must be encrypted to.
    """
    with _running(profile, home, password, limit) as mail:
        if trust_ca:
            mail.marionette.script("thunderbird_trust", base64.b64encode(read(trust_ca)[0]).decode())
        identity = _identity(mail.marionette, cn, email, sha256)
        mail.connect(identity)
        nonce, message = mail.send(identity, encrypt=False)
        _check_signature(message, nonce, identity.sign, mail.directory, ca)
        shown = ["signed"]
        if encrypt:
            if identity.encrypt is None:
                raise NotProven("encryption_cert_dbkey does not resolve to a certificate")
            if encryption not in (None, fingerprint(identity.encrypt)):
                raise NotProven(f"mail is encrypted to another certificate: {common_names(identity.encrypt)}")
            mail.decrypts(identity.encrypt, identity.email)
            nonce, message = mail.send(identity, encrypt=True)
            _check_enveloped(message, nonce, identity.encrypt)
            if mail.shows(message, nonce, signed=True)["signed"] != _SIGNED:
                raise NotProven("the inner signature is not good")
            shown += ["decrypted a message made by openssl", "encrypted to oneself and decrypted"]
        return Proof(f"Thunderbird {mail.version}", cn, fingerprint(identity.sign), tuple(shown))


def decrypts(
    *,
    cn: str,
    profile: Path | None = None,
    home: Path | None = None,
    password: str | None = None,
    sha256: str | None = None,
    limit: float = 55,
) -> Proof:
    """Prove that old mail still opens: for expired certificates and those no identity uses any more."""
    with _running(profile, home, password, limit) as mail:
        listed = mail.marionette.script("firefox_certificates")
        own = [base64.b64decode(der) for kind, _, der in listed if kind == _OWN]
        found = [der for der in own if cn in common_names(der) and sha256 in (None, fingerprint(der))]
        if not found:
            raise NotProven(f"Thunderbird has no certificate of its own with CN {cn!r}")
        mail.decrypts(found[0], "check@localhost")
        return Proof(f"Thunderbird {mail.version}", cn, fingerprint(found[0]), ("decrypted a message made by openssl",))


def certificate_for(address: str, *, profile: Path, limit: float = 55) -> str:
    """The fingerprint of the certificate that Thunderbird would encrypt mail to that address with."""
    with _running(profile, None, None, limit) as mail:
        found = mail.marionette.script("thunderbird_recipient", address.lower())
        if not found:
            raise NotProven(f"Thunderbird has no valid certificate for {address}")
        return fingerprint(base64.b64decode(found))


@dataclass(frozen=True)
class _Identity:
    key: str
    email: str
    sign: bytes
    encrypt: bytes | None


@dataclass(frozen=True)
class _Thunderbird:
    """A running Thunderbird, its mail server, and what a person does with both."""

    marionette: Marionette
    version: str
    directory: Path
    sink: SmtpSink

    def connect(self, identity: _Identity) -> None:
        """Let the identity send through the server of this check."""
        self.marionette.script("thunderbird_server", identity.key, self.sink.port)

    def send(self, identity: _Identity, *, encrypt: bool) -> tuple[str, bytes]:
        """Write and send a message to oneself; its nonce, and what arrived."""
        nonce, before = f"nonce-{os.urandom(8).hex()}", len(self.sink.messages)
        written = (identity.key, identity.email, f"check {nonce[-8:]}", f"{nonce}\n", encrypt)
        if not self.marionette.script("thunderbird_compose", *written):
            raise NotProven("the compose window does not offer S/MIME signing (signing_cert_name is empty)")
        end = time.monotonic() + _SEND_PATIENCE
        while time.monotonic() < end:
            if alerts := self.alerts:
                raise NotProven(f"Thunderbird says: {alerts}")
            if len(self.sink.messages) > before and not self.marionette.script("thunderbird_writing"):
                return nonce, self.sink.messages[before]  # it is done: the next one would share its temporary file
            time.sleep(0.1)
        raise NotProven("no message arrived at the mail server, or its window stayed open")

    def shows(self, message: bytes, nonce: str, *, signed: bool = False) -> dict[str, Any]:
        """Open the message in its window; the decrypted text must be there."""
        path = self.directory / f"{os.urandom(4).hex()}.eml"
        path.write_bytes(message)
        shown: dict[str, Any] = self.marionette.script("thunderbird_open", str(path), nonce, signed)
        if nonce not in (shown["text"] or "") or shown["encrypted"] != _ENCRYPTED:
            raise NotProven(f"Thunderbird does not show the decrypted text: {shown}, dialogs {self.alerts}")
        return shown

    def decrypts(self, der: bytes, address: str) -> None:
        """A message that openssl encrypts for the certificate can be read."""
        path, nonce = self.directory / "recipient.pem", f"nonce-{os.urandom(8).hex()}"
        path.write_text(pem(der))
        text = f"Content-Type: text/plain\r\n\r\n{nonce}\r\n".encode()
        head = ("-from", address, "-to", address, "-subject", "check")
        self.shows(openssl("cms", "-encrypt", "-aes-256-cbc", *head, path, data=text), nonce)

    @property
    def alerts(self) -> list[str]:
        """Dialogs that were no question for the password."""
        return list(self.marionette.script("state")["alerts"])


@contextmanager
def _running(profile: Path | None, home: Path | None, password: str | None, limit: float) -> Iterator[_Thunderbird]:
    with ExitStack() as stack:
        directory = stack.enter_context(workspace())
        copied = _copied(directory, profile, home)
        thunderbird_profile.quieten(next(iter(copied.values())))
        display = stack.enter_context(Display()) if password is not None else None
        unlock = _Unlock(display, password or "")
        starting = gecko.running(BINARY, directory, **copied, display=display, while_waiting=unlock, limit=limit)
        sink = stack.enter_context(SmtpSink())
        marionette = stack.enter_context(starting)
        if display and not unlock.window:
            raise NotProven("a primary password was expected but Thunderbird never asked for one")
        version = str(marionette.start(pageLoadStrategy="none")["browserVersion"])
        marionette.script("thunderbird_person", password)
        yield _Thunderbird(marionette, version, directory, sink)


class _Unlock:
    """Types the primary password, which Thunderbird wants before its first window and before remote control."""

    def __init__(self, display: Display | None, password: str) -> None:
        self._display, self._password = display, password
        self.window = ""

    def __call__(self) -> None:
        asking = self._display.windows("^Password Required") if self._display else []
        if self._display and asking and not self.window:
            self.window = asking[-1]
            self._display.type_into(self.window, self._password)
            log.info("typed the primary password into 'Password Required'")
        elif asking and asking[-1] != self.window:
            raise NotProven("Thunderbird rejected the primary password")


def _copied(directory: Path, profile: Path | None, home: Path | None) -> dict[str, Path]:
    if home:
        return {"home": copy_home(home, directory / "home", HOME_PARTS)}
    if profile:
        return {"profile": copy(profile, directory / "profile")}
    raise SetupError("neither a profile nor a home")


def _identity(marionette: Marionette, cn: str, address: str | None, sha256: str | None) -> _Identity:
    for one in marionette.script("thunderbird_identities"):
        log.info("identity %s <%s>: signing %s", one["key"], one["email"], "found" if one["sign"] else "NOT FOUND")
        if not one["sign"] or (address and one["email"].lower() != address.lower()):
            continue
        der = base64.b64decode(one["sign"])
        if cn in common_names(der) and sha256 in (None, fingerprint(der)):
            encrypt = base64.b64decode(one["encrypt"]) if one["encrypt"] else None
            return _Identity(one["key"], one["email"], der, encrypt)
    raise NotProven(f"no identity whose signing_cert_dbkey resolves to a certificate with CN {cn!r}")


def _check_signature(message: bytes, nonce: str, expected: bytes, directory: Path, ca: Path | bytes | None) -> None:
    text, signer = verified(message, directory, ca)
    if signer != expected:
        raise NotProven(f"signed by another certificate: {common_names(signer)}")
    if nonce not in email.message_from_bytes(text, policy=email.policy.default).get_content():
        raise NotProven("the signed text is not the one written")


def _check_enveloped(message: bytes, nonce: str, recipient: bytes) -> None:
    """The message must be encrypted, and for that certificate (named by issuer and serial number)."""
    mime = email.message_from_bytes(message, policy=email.policy.default)
    content = mime.get_payload(decode=True)
    serial, issuer, _ = fields(recipient)
    named = issuer + b"\x02" + bytes([len(serial)]) + serial
    enveloped = mime.get_content_type() == "application/pkcs7-mime" and isinstance(content, bytes) and named in content
    if not enveloped or nonce.encode() in message:
        raise NotProven(f"the message sent is not enveloped-data for the certificate: {mime['Content-Type']}")


if __name__ == "__main__":
    options = command.parser(__doc__, "profile", "home")
    options.add_argument("--email", help="address of the identity")
    options.add_argument("--password", help="primary password of the profile")
    options.add_argument("--trust-ca", type=Path, metavar="PEM", help="trusted for e-mail in the copy first")
    options.add_argument("--no-encrypt", dest="encrypt", action="store_false")
    command.main(signs_and_decrypts, options)
