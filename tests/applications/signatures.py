"""S/MIME signatures, verified by openssl."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.applications.certificates import pem, read
from tests.applications.proof import NotProven
from tests.system import require

if TYPE_CHECKING:
    from pathlib import Path


def verified(message: bytes, directory: Path, ca: Path | bytes | None = None) -> tuple[bytes, bytes]:
    """The signed text and the signer's certificate (DER); with `ca` the message must carry the chain up to it."""
    signer, trusted = directory / "signer.pem", ["-noverify"]
    if ca:
        (directory / "signers-ca.pem").write_text(pem(*read(ca)))
        trusted = ["-CAfile", str(directory / "signers-ca.pem"), "-no-CApath"]
    command = [require("openssl"), "cms", "-verify", "-inform", "SMIME", "-purpose", "smimesign"]
    done = subprocess.run(
        [*command, "-signer", signer, *trusted],
        input=message,
        capture_output=True,
        timeout=60,
        check=False,
    )
    if done.returncode:
        raise NotProven(f"openssl cms -verify: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout, read(signer)[0]
