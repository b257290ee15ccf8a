"""The real programs that open PKCS#12 files: each takes a file and a password and holds the key afterwards, or not."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests import nss_tools
from tests.nss_tools import FIREFOX_LIBRARIES, secret_file
from tests.system import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PASSWORD = "Kanne-7-Wolke"
_PYCA = """
import sys
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12
found = load_pkcs12(open(sys.argv[1], "rb").read(), sys.stdin.buffer.read())
sys.exit(found.key is None)
"""


def run(*argv: str | Path, stdin: bytes = b"", fd: int | None = None, **env: str) -> subprocess.CompletedProcess[bytes]:
    """A program in its plainest surroundings, or with one descriptor more."""
    return subprocess.run(
        [require(str(argv[0])), *map(str, argv[1:])], input=stdin, capture_output=True, timeout=120, check=False,
        env=os.environ | {"LC_ALL": "C.UTF-8"} | env, pass_fds=() if fd is None else (fd,))


def openssl(path: Path, *options: str) -> bool:
    """OpenSSL takes out a private key that passes its own check."""
    done = run("openssl", "pkcs12", *options, "-in", path, "-passin", "stdin", "-nodes", "-nocerts",
               stdin=PASSWORD.encode() + b"\n")
    return not done.returncode and not run("openssl", "pkey", "-check", "-noout", stdin=done.stdout).returncode


def openssl_legacy(path: Path) -> bool:
    """The same with the legacy provider loaded."""
    return openssl(path, "-legacy")


def nss(path: Path, *, modern: bool = False) -> bool:
    """Imported with ``pk12util`` into a new database, which then lists the key."""
    database = nss_tools.create(path.with_name(f"{path.name}-{'firefox' if modern else 'nss'}"), modern=modern)
    try:
        database.add_p12(path, PASSWORD)
    except nss_tools.ToolError:
        return False
    return bool(database.private_keys())


def firefox(path: Path) -> bool:
    """``pk12util`` on the NSS that Firefox ESR brings."""
    require(f"{FIREFOX_LIBRARIES}/libnss3.so")
    return nss(path, modern=True)


def java(path: Path) -> bool:
    """``keytool`` signs a certificate request with every key entry."""
    with secret_file(PASSWORD) as secret:
        # keytool wants the password without an end of line
        secret.write_text(PASSWORD)
        where = ("-keystore", path, "-storetype", "PKCS12", "-storepass:file", secret)
        listed = run("keytool", "-list", *where)
        if listed.returncode:
            return False
        entries = [line.split(b",")[0].decode() for line in listed.stdout.splitlines() if b"PrivateKeyEntry" in line]
        return bool(entries) and all(not run("keytool", "-certreq", "-alias", one, *where).returncode
                                     for one in entries)


@contextmanager
def gnupg() -> Iterator[Path]:
    """A home for gpgsm, its path short enough for the name of a socket; its daemon ends with it."""
    with TemporaryDirectory(prefix="gpg-", ignore_cleanup_errors=True) as directory:
        try:
            yield Path(directory)
        finally:
            run("gpgconf", "--kill", "all", GNUPGHOME=directory)


def gpgsm(path: Path) -> bool:
    """Imported with gpgsm, whose agent then has the key."""
    with gnupg() as home, secret_file(PASSWORD) as secret, secret.open("rb") as opened:
        done = run("gpgsm", "--batch", "--disable-dirmngr", "--pinentry-mode", "loopback", "--passphrase-fd",
                   str(opened.fileno()), "--import", path, fd=opened.fileno(), GNUPGHOME=str(home))
        keys = list((home / "private-keys-v1.d").glob("*.key"))
    return not done.returncode and bool(keys)


def certtool(path: Path) -> bool:
    """GnuTLS decrypts everything and names a private key; the password goes in on a pseudo-terminal's place, stdin."""
    done = run("certtool", "--p12-info", "--inder", "--infile", path, stdin=PASSWORD.encode() + b"\n")
    return not done.returncode and b"PRIVATE KEY" in done.stdout


def pyca(path: Path) -> bool:
    """Python's cryptography loads a key, in a process of its own."""
    return not run(sys.executable, "-W", "ignore", "-c", _PYCA, path, stdin=PASSWORD.encode()).returncode


PROGRAMS: dict[str, Callable[[Path], bool]] = {
    "openssl3": openssl, "openssl3-legacy": openssl_legacy, "nss": nss, "firefox": firefox, "java": java,
    "gpgsm": gpgsm, "certtool": certtool, "cryptography": pyca,
}
"""By the name of their row in ``READERS``."""
