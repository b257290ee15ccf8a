"""GnuPG itself on a directory of its own, with an agent that ends with the test."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Self

from profiles.pkcs12 import kdf
from profiles.pkcs12.passwords import bmp
from profiles.pkcs12.reader import sealed_pieces
from tests.system import require

if TYPE_CHECKING:
    from pathlib import Path


def uneven(data: bytes, password: str) -> bool:
    """Whether a PKCS#12 has one of the few salts that gpgsm goes wrong with (``kdf.even``), as others do not avoid."""
    return any(not kdf.even("sha1", bmp(password), scheme.derivation.salt, scheme.derivation.iterations)
               for scheme, _ in sealed_pieces(data) if scheme.pkcs12)


class Gnupg:
    """A directory, and GnuPG's programs run on it; leaving the context ends the agent of this directory alone."""

    def __init__(self, home: Path, password: str) -> None:
        home.mkdir(mode=0o700)
        self.home, self.password = home, password

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run([require("gpgconf"), "--homedir", self.home, "--kill", "all"], check=False, timeout=30)

    def run(self, *arguments: str, data: bytes = b"", program: str = "gpgsm") -> bytes:
        """What a program prints; the passphrase comes by a pipe of its own."""
        reading, writing = os.pipe()
        os.write(writing, f"{self.password}\n".encode())
        os.close(writing)
        more = ["--disable-crl-checks"] if program == "gpgsm" else []
        try:
            done = subprocess.run(
                [require(program), "--homedir", str(self.home), "--batch", "--yes", "--pinentry-mode", "loopback",
                 "--passphrase-fd", str(reading), *more, *arguments],
                input=data, capture_output=True, timeout=60, check=False, pass_fds=(reading,))
        finally:
            os.close(reading)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout
