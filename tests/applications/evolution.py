"""Do Evolution's S/MIME libraries sign and decrypt with the certificate a mail account names?

python -m tests.applications.evolution --home DIR --cn CN [--ca ROOT.pem] [--no-decrypt]

Uses libcamel, the library Evolution itself signs and decrypts with, on a copy of the home; it finds ~/.pki/nssdb by
itself. Databases with a password are not supported: nobody is there to type it.
"""

from __future__ import annotations

import configparser
import os
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.applications import command
from tests.applications.certificates import common_names, fingerprint, in_nss_database, openssl, pem
from tests.applications.process import environment
from tests.applications.proof import NotProven, Proof, SetupError, log
from tests.applications.signatures import verified
from tests.applications.workspace import copy_home, workspace
from tests.system import require

PYTHON = "/usr/bin/python3"
"""The system's Python, for which Debian packages libcamel."""
CAMEL = Path(__file__).parent / "scripts" / "camel.py"
DATABASE = ".pki/nssdb"
HOME_PARTS = (".pki", ".local/share/evolution", ".config/evolution")
_GROUP = "Secure MIME (S/MIME)"
_REFUSED = 3


class Account(NamedTuple):
    """The nicknames a mail identity names."""

    sign: str
    encrypt: str


def signs_and_decrypts(
    *,
    home: Path,
    cn: str,
    ca: Path | bytes | None = None,
    sha256: str | None = None,
    decrypt: bool = True,
    limit: float = 55,
) -> Proof:
    """Prove that some account's nickname signs as that certificate, and (with `decrypt`) opens mail for it.

    NSS 3.87 of Debian 12 cannot decode ECDH messages: use ``decrypt=False`` for EC keys there.
    """
    with workspace() as directory:
        moved = copy_home(home, directory / "home", HOME_PARTS)
        accounts = _accounts(moved)
        if not accounts:
            raise NotProven(f"no account has a [{_GROUP}] SigningCertificate")
        reasons = []
        for account in accounts:
            try:
                der = _signs(account.sign, moved, directory, ca, limit)
            except NotProven as error:
                reasons.append(str(error))
                continue
            if cn not in common_names(der) or sha256 not in (None, fingerprint(der)):
                reasons.append(f"{account.sign} signs as {common_names(der)}")
                continue
            shown = [f"signed by nickname {account.sign!r}"]
            if decrypt and account.encrypt:
                _decrypts(account.encrypt, der, moved, directory, limit)
                shown.append(f"decrypted by nickname {account.encrypt!r}")
            return Proof("Evolution", cn, fingerprint(der), tuple(shown))
    raise NotProven("; ".join(reasons))


def _accounts(home: Path) -> list[Account]:
    found = []
    for path in sorted((home / ".config/evolution/sources").glob("*.source")):
        source = configparser.RawConfigParser(strict=False, interpolation=None)
        source.read(path)
        sign = source.get(_GROUP, "SigningCertificate", fallback="")
        if sign:
            found.append(Account(sign, source.get(_GROUP, "EncryptionCertificate", fallback="")))
    log.info("accounts: %s", found)
    return found


def _camel(verb: str, nickname: str, message: bytes, home: Path, directory: Path, limit: float) -> bytes:
    """What libcamel makes of the message."""
    require("/usr/share/doc/gir1.2-camel-1.2")
    done = subprocess.run(
        [require(PYTHON), str(CAMEL), verb, nickname, str(directory)],
        env=environment(home, directory),
        input=message,
        capture_output=True,
        timeout=limit,
        check=False,
    )
    said = done.stderr.decode(errors="replace").strip()
    if done.returncode == _REFUSED:
        raise NotProven(f"{nickname}: {said}")
    if done.returncode:
        raise SetupError(said)
    return done.stdout


def _signs(nickname: str, home: Path, directory: Path, ca: Path | bytes | None, limit: float) -> bytes:
    nonce = f"nonce-{os.urandom(8).hex()}"
    signed = _camel("sign", nickname, f"{nonce}\r\n".encode(), home, directory, limit)
    text, signer = verified(b"MIME-Version: 1.0\n" + signed, directory, ca)
    if nonce.encode() not in text:
        raise NotProven(f"{nickname}: the signed text is not the one given")
    return signer


def _decrypts(nickname: str, signer: bytes, home: Path, directory: Path, limit: float) -> None:
    named = [der for der, label in in_nss_database(home / DATABASE) if label == nickname]
    path, nonce = directory / "recipient.pem", f"nonce-{os.urandom(8).hex()}"
    path.write_text(pem(named[0] if named else signer))
    text = f"Content-Type: text/plain\r\n\r\n{nonce}\r\n".encode()
    message = openssl("cms", "-encrypt", "-aes-256-cbc", path, data=text)
    if nonce.encode() not in _camel("decrypt", nickname, message, home, directory, limit):
        raise NotProven("decryption gave another text")


if __name__ == "__main__":
    options = command.parser(__doc__, "home")
    options.add_argument("--no-decrypt", dest="decrypt", action="store_false")
    command.main(signs_and_decrypts, options)
