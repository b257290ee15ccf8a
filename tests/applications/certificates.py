"""Certificates as the checks see them: bytes, read by code of its own and not by the code under test."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
import ssl
import subprocess
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from tests.applications.proof import SetupError
from tests.system import require

_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_COMMON_NAME = b"\x55\x04\x03"
_CHARSETS = {0x1E: "utf-16-be", 0x1C: "utf-32-be", 0x14: "latin-1"}


class Fields(NamedTuple):
    """The content of the serial number, and the two names as DER."""

    serial: bytes
    issuer: bytes
    subject: bytes


def openssl(*arguments: str | Path, data: bytes | None = None) -> bytes:
    """What the openssl command prints."""
    done = subprocess.run(
        [require("openssl"), *map(str, arguments)], input=data, capture_output=True, timeout=60, check=False
    )
    if done.returncode:
        raise SetupError(f"openssl {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def read(source: Path | str | bytes) -> list[bytes]:
    """Every certificate (DER) of a file or of bytes, PEM or DER."""
    try:
        content = source if isinstance(source, bytes) else Path(source).read_bytes()
    except OSError as error:
        raise SetupError(str(error)) from error
    if _BEGIN.encode() not in content:
        return [content]
    blocks = content.decode("latin-1").split(_BEGIN)[1:]
    return [ssl.PEM_cert_to_DER_cert(_BEGIN + block.partition(_END)[0] + _END) for block in blocks]


def pem(*ders: bytes) -> str:
    """The certificates as PEM."""
    return "".join(map(ssl.DER_cert_to_PEM_cert, ders))


def fingerprint(der: bytes) -> str:
    """The SHA-256 of a certificate in hex."""
    return hashlib.sha256(der).hexdigest()


def fields(der: bytes) -> Fields:
    """Serial number, issuer and subject of a certificate."""
    _, at, _ = _tlv(der, 0)
    _, at, _ = _tlv(der, at)
    tag, start, end = _tlv(der, at)
    if tag == 0xA0:  # version
        at = end
        _, start, end = _tlv(der, at)
    serial = der[start:end]
    _, _, at = _tlv(der, end)  # past the signature algorithm
    _, _, end = _tlv(der, at)
    issuer = der[at:end]
    _, _, at = _tlv(der, end)  # past the validity
    _, _, end = _tlv(der, at)
    return Fields(serial, issuer, der[at:end])


def common_names(der: bytes) -> list[str]:
    """Every commonName in the subject."""
    found, name = [], fields(der).subject
    _, at, end = _tlv(name, 0)
    while at < end:
        _, part, at = _tlv(name, at)
        while part < at:
            _, oid, following = _tlv(name, part)
            _, start, value = _tlv(name, oid)
            if name[start:value] == _COMMON_NAME:
                tag, start, stop = _tlv(name, value)
                found.append(name[start:stop].decode(_CHARSETS.get(tag, "utf-8"), "replace"))
            part = following
    return found


def db_key(der: bytes) -> str:
    """Mozilla's key of a certificate (``nsIX509Cert.dbKey``), by which Thunderbird's settings name it."""
    serial, issuer, _ = fields(der)
    lengths = bytes(8) + len(serial).to_bytes(4, "big") + len(issuer).to_bytes(4, "big")
    return base64.b64encode(lengths + serial + issuer).decode()


def in_nss_database(directory: Path) -> list[tuple[bytes, str]]:
    """Every certificate in ``cert9.db`` with its nickname; none when there is no such file."""
    path = directory / "cert9.db"
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
        rows = connection.execute("select a11, a3 from nssPublic where a0 = ?", (b"\0\0\0\x01",)).fetchall()
    return [(bytes(value), (label or b"").decode("utf-8", "replace")) for value, label in rows if value]


def _tlv(der: bytes, at: int) -> tuple[int, int, int]:
    """Tag, where the content starts, and where it ends."""
    tag, length, header = der[at], der[at + 1], 2
    if length & 0x80:
        count = length & 0x7F
        length = int.from_bytes(der[at + 2 : at + 2 + count], "big")
        header += count
    return tag, at + header, at + header + length
