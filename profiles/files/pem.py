"""PEM files and their relatives (DER, PKCS#7, PVK) as stores; PEM alone is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from profiles import asn1
from profiles.errors import Unsupported
from profiles.files.armour import armour
from profiles.files.loose import Loose
from profiles.files.store import FileStore
from profiles.model import Location, Secret
from profiles.pkcs12 import passwords
from profiles.pkcs12.dialects import STRONG, Dialect
from profiles.pkcs12.encryption import seal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from profiles.files.form import Data
    from profiles.pkcs12.contents import Contents, Item


@dataclass(frozen=True)
class PemFormat:
    """Certificates and keys in one file, or the certificates in the first and the keys in the second."""

    paths: tuple[Path, ...]
    dialect: Dialect = STRONG
    """How keys are sealed."""
    product: str = "PEM file"
    always_sealed: bool = False

    def visible(self, data: Data) -> tuple[Contents, bool]:
        """See ``Format``: certificates always, keys where they lie open."""
        loose = _parsed(data)
        return loose.without_password(), bool(loose.sealed)

    def opened(self, data: Data, password: Secret) -> Contents:
        """See ``Format``."""
        return _parsed(data).opened(password)

    def encoded(self, items: Sequence[Item], password: Secret) -> Data:
        """See ``Format``: leaf, chain, keys; each with its nickname and trust in the text before it."""
        certificates = b"".join(armour("CERTIFICATE", item.certificate.der, item.nickname, item.trust)
                                for item in items if item.certificate)
        keys = keys_pem(items, password, self.dialect)
        if len(self.paths) == 1:
            return (certificates + keys,)
        return certificates or None, keys or None

    def require_mergeable(self, data: Data) -> None:
        """See ``Format``."""
        if _parsed(data).unlike_pem:
            raise Unsupported(f"{self.paths[0]} is not PEM but a form that is read and not written",
                              "Name a new file as the target.")

    def private(self, path: Path) -> bool:
        """See ``Format``."""
        return path == self.paths[-1]


def _parsed(data: Data) -> Loose:
    return Loose.parse([content for content in data if content])


def keys_pem(items: Sequence[Item], password: Secret, dialect: Dialect) -> bytes:
    """Every key once, as armoured PKCS#8 (RFC 5958), sealed if there is a password."""
    keys = {item.key.public.value: item for item in items if item.key is not None}
    iterations, _ = dialect.shared(len(keys) + 1)
    out = b""
    for item in keys.values():
        if item.key is None:
            continue
        nickname = item.nickname if item.certificate is None else ""
        if not password:
            out += armour("PRIVATE KEY", item.key.pkcs8, nickname)
            continue
        algorithm, data = seal(item.key.pkcs8, dialect.keys, passwords.proper(password), dialect.prf,
                               (iterations, dialect.salt_length))
        out += armour("ENCRYPTED PRIVATE KEY", asn1.sequence(algorithm, asn1.octets(data)), nickname)
    return out


def PemFile(  # noqa: N802 - named as what it makes
    certificates: Path, keys: Path | None = None, dialect: Dialect = STRONG, *, new: bool = True
) -> FileStore:
    """The store that a PEM file is, or two with the keys apart; with ``new``, also where there is none yet."""
    paths = (certificates,) if keys is None or keys == certificates else (certificates, keys)
    return FileStore(Location("pem", ",".join(map(str, paths))), PemFormat(paths, dialect), new=new)
