"""The NSS project's own tools (certutil, pk12util, modutil) over one database: the opinion certferry is measured by."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.host import run
from tests.system import require

if TYPE_CHECKING:
    from collections.abc import Iterator

FIREFOX_LIBRARIES = "/usr/lib/firefox-esr"
_LISTED = re.compile(r"^(?P<nickname>.*?) +(?P<flags>[a-zA-Z]*,[a-zA-Z]*,[a-zA-Z]*) *$")
_KEY = re.compile(r"^<\s*\d+>\s+(?P<kind>\w+)\s+(?P<id>[0-9a-f]+)\s+(?P<nickname>.*)$")


class ToolError(Exception):
    """An NSS tool refused; the text is what it said."""


@dataclass(frozen=True)
class Listed:
    """One certificate in `certutil -L`; flags as printed, e.g. ``u,u,u`` or ``CT,C,``."""

    nickname: str
    flags: str


@dataclass(frozen=True)
class ListedKey:
    """One private key in `certutil -K`; `id` is its CKA_ID in hex."""

    kind: str
    id: str
    nickname: str


@dataclass(frozen=True)
class Database:
    """An NSS database directory and the password the tools open it with.

    `modern` runs the tools on the NSS that Firefox brings (3.118 and later write 48-byte salts and SHA-384 where a
    password is set); otherwise on the system's own. `kind` is ``sql`` or, for cert8/key3, ``dbm``.
    """

    path: Path
    password: str | None = None
    modern: bool = False
    kind: str = "sql"

    def run(self, tool: str, *arguments: str | Path) -> str:
        """What the tool prints; raises `ToolError` when it fails."""
        done = run([require(tool), *arguments], env=self._environment())
        said = done.stdout.decode(errors="replace")
        if done.returncode:
            raise ToolError(f"{tool} {arguments[0]}: {(said + done.stderr.decode(errors='replace')).strip()}")
        return said

    def certificates(self) -> list[Listed]:
        """What `certutil -L` lists, logged in, so that trust and key flags are the checked ones."""
        with self._password() as opened:
            said = self.run("certutil", "-L", *self._where, *opened)
        found = (_LISTED.match(line) for line in said.splitlines())
        return [Listed(one["nickname"], one["flags"]) for one in found if one]

    def flags(self) -> dict[str, str]:
        """Trust flags by nickname (the last of several certificates that share one)."""
        return {one.nickname: one.flags for one in self.certificates()}

    def private_keys(self) -> list[ListedKey]:
        """What `certutil -K` lists; none is no failure here."""
        with self._password() as opened:
            try:
                said = self.run("certutil", "-K", *self._where, *opened)
            except ToolError as error:
                if "no keys found" in str(error):
                    return []
                raise
        found = (_KEY.match(line) for line in said.splitlines())
        return [ListedKey(one["kind"], one["id"], one["nickname"].strip()) for one in found if one]

    def add_p12(self, p12: bytes | Path, password: str = "secret") -> None:
        """Import a PKCS#12 with `pk12util -i`."""
        with self._file(p12) as path, secret_file(password) as sealed, secret_file(self.password or "") as mine:
            self.run("pk12util", "-i", path, *self._where, "-w", sealed, "-k", mine)

    def export_p12(self, nickname: str, password: str = "secret") -> bytes:
        """Every identity of that nickname as one PKCS#12 with `pk12util -o`."""
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "out.p12"
            with secret_file(password) as sealed, secret_file(self.password or "") as mine:
                self.run("pk12util", "-o", path, "-n", nickname, *self._where, "-w", sealed, "-k", mine)
            return path.read_bytes()

    def add_certificate(self, der: bytes, nickname: str, flags: str = ",,") -> None:
        """Add a certificate without a key, with trust flags such as ``CT,C,``."""
        with self._file(der) as path, self._password() as opened:
            self.run("certutil", "-A", *self._where, "-n", nickname, "-t", flags, "-i", path, *opened)

    def trust(self, nickname: str, flags: str) -> None:
        """Set the trust flags of a certificate."""
        with self._password() as opened:
            self.run("certutil", "-M", *self._where, "-n", nickname, "-t", flags, *opened)

    def verify(self, nickname: str, usage: str) -> str | None:
        """None when valid for `usage` (C client, R e-mail recipient, S e-mail signer, L CA …), else what is wrong."""
        with self._password() as opened:
            try:
                said = self.run("certutil", "-V", *self._where, "-n", nickname, "-u", usage, "-e", *opened)
            except ToolError as error:
                return str(error)
        return None if "certificate is valid" in said else said.strip()

    def certificate(self, nickname: str) -> bytes:
        """The DER of one certificate."""
        from base64 import b64decode

        pem = self.run("certutil", "-L", *self._where, "-n", nickname, "-a")
        body = pem.split("-----BEGIN CERTIFICATE-----")[1].split("-----END")[0]
        return b64decode(body)

    def delete(self, nickname: str, *, with_key: bool = False) -> None:
        """Delete a certificate, and its key when asked."""
        with self._password() as opened:
            self.run("certutil", "-F" if with_key else "-D", *self._where, "-n", nickname, *opened)

    def change_password(self, new: str) -> Database:
        """Set another password with `certutil -W`; the database opened by it."""
        with secret_file(self.password or "") as old, secret_file(new) as fresh:
            self.run("certutil", "-W", *self._where, "-f", old, "-@", fresh)
        return Database(self.path, new, self.modern, self.kind)

    def add_module(self, name: str, library: str | Path) -> None:
        """Register a PKCS#11 module with `modutil`."""
        self.run("modutil", "-force", "-dbdir", f"{self.kind}:{self.path}", "-add", name, "-libfile", library)

    @property
    def _where(self) -> tuple[str, str]:
        return "-d", f"{self.kind}:{self.path}"

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("NSS_", "LD_"))}
        return kept | {"LC_ALL": "C.UTF-8"} | ({"LD_LIBRARY_PATH": FIREFOX_LIBRARIES} if self.modern else {})

    @contextmanager
    def _password(self) -> Iterator[tuple[str | Path, ...]]:
        with secret_file(self.password or "") as path:
            yield "-f", path

    @staticmethod
    @contextmanager
    def _file(content: bytes | Path) -> Iterator[Path]:
        if isinstance(content, Path):
            yield content
            return
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "content"
            path.write_bytes(content)
            yield path


def create(path: Path, password: str | None = None, *, modern: bool = False, kind: str = "sql") -> Database:
    """A new, empty database, made by the tools."""
    path.mkdir(parents=True, exist_ok=True)
    database = Database(path, password, modern, kind)
    if modern:
        require(f"{FIREFOX_LIBRARIES}/libnss3.so")
    if password:
        with secret_file(password) as mine:
            database.run("certutil", "-N", *database._where, "-f", mine)
    else:
        database.run("certutil", "-N", *database._where, "--empty-password")
    return database


@contextmanager
def secret_file(secret: str) -> Iterator[Path]:
    """A private file that holds a password, for as long as a tool needs it."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "secret"
        path.touch(0o600)
        path.write_text(secret + "\n" if secret else "\n", encoding="utf-8")
        yield path
