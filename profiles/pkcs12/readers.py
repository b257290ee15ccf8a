"""Who opens which PKCS#12 file: one row a reader, each with where that is known from.

A row that is ``here`` is what ``tests/profiles/pkcs12/readers`` sees the real program do. The others cannot run there
and are taken from their sources: what such a row does not name is not known to be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from profiles.pkcs12.anatomy import Anatomy, Integrity, Sealing

if TYPE_CHECKING:
    from profiles.pkcs12.dialects import Dialect

_NAMES = {
    "aes-256-cbc": "AES-256", "aes-192-cbc": "AES-192", "aes-128-cbc": "AES-128", "3des": "3DES",
    "3des-2key": "3DES with two keys", "des": "single DES",
}
_SHA = frozenset({"sha1", "sha224", "sha256", "sha384", "sha512"})
_3DES = frozenset({"pkcs12 3des"})
_RC2_40 = frozenset({"pkcs12 rc2-40"})
_OLD = _3DES | _RC2_40 | {"pkcs12 rc2-128", "pkcs12 rc4-40", "pkcs12 rc4-128"}
_PKCS5 = frozenset({"pkcs5 md5 des", "pkcs5 sha1 des", "pkcs5 md5 rc2-64", "pkcs5 sha1 rc2-64"})
_AES_256 = frozenset({"pbes2 aes-256-cbc"})
_AES = _AES_256 | {"pbes2 aes-192-cbc", "pbes2 aes-128-cbc"}
_CAMELLIA = frozenset(f"pbes2 camellia-{bits}" for bits in (128, 192, 256))


class Reader(NamedTuple):
    """A program or system, and what it opens."""

    name: str
    title: str
    ciphers: frozenset[str]
    """``SCHEME CIPHER`` as in ``Sealing``, with the digest between them under ``pkcs5``."""
    source: str
    here: bool = False
    """Whether the tests run it."""
    key_ciphers: frozenset[str] | None = None
    """Those of them that it takes for a key; all where it makes no difference."""
    prfs: frozenset[str] = _SHA
    scrypt: bool = False
    digests: frozenset[str] = _SHA
    """Of the integrity check."""
    pbmac1: bool = False
    open_keys: bool = True
    """Whether it takes a key that is not encrypted inside the file."""
    unchecked: bool = False
    """Whether it takes a file without an integrity check."""
    most: int | None = None
    """Iterations in one place."""
    total: int | None = None
    """Iterations in all places together."""
    salt: int | None = None
    """The longest salt, in bytes."""
    families: tuple[str, ...] = ()
    """The kinds of keys it takes; none named means all."""
    denies: tuple[str, ...] = ()
    """Schemes that it is known to refuse, where the row is not ``here``."""
    blames: bool = False
    """Whether it calls the password wrong when it is the file that it cannot read."""

    def refusal(self, anatomy: Anatomy) -> str | None:
        """Why it does not open a file, in one sentence; None where it does."""
        why = next(filter(None, map(self._sealed, anatomy.sealings)), None)
        why = why or self._unlike(anatomy.integrity) or self._too_much(anatomy)
        if why is None:
            return None
        return f"{self.title} {why}{', and says that the password is wrong' if self.blames else ''}"

    def key_refusal(self, family: str, name: str) -> str | None:
        """Why it does not take a key of that family, called ``name``; None where it does."""
        if not self.families or family in self.families:
            return None
        return f"{self.title} takes {' and '.join(self.families).upper()} keys only, and this one is {name}"

    def _unlike(self, integrity: Integrity | None) -> str | None:
        if integrity is None:
            return None if self.unchecked else "does not take a file without an integrity check"
        if integrity.kind == "pbmac1":
            return None if self.pbmac1 else "does not know the integrity check PBMAC1"
        if integrity.digest in self.digests:
            return None
        return f"{self._cannot} an integrity check with {integrity.digest.upper()}"

    def _sealed(self, sealing: Sealing) -> str | None:
        of_key = sealing.what == "key"
        if sealing.scheme == "none":
            return "does not take a key that is not encrypted" if of_key and not self.open_keys else None
        ciphers = self.key_ciphers if of_key and self.key_ciphers is not None else self.ciphers
        if not _among(sealing, ciphers):
            cipher = _NAMES.get(sealing.cipher, sealing.cipher.upper())
            cannot = "cannot read" if sealing.scheme in self.denies else self._cannot
            place = " for a key" if of_key and _among(sealing, self.ciphers) else ""
            return f"{cannot} {cipher}{place} ({_SCHEMES.get(sealing.scheme, sealing.scheme)})"
        if sealing.derivation == "scrypt" and not self.scrypt:
            return f"{self._cannot} scrypt"
        if sealing.derivation == "pbkdf2" and sealing.prf not in self.prfs:
            return f"{self._cannot} PBKDF2 with {sealing.prf.upper()}"
        return None

    def _too_much(self, anatomy: Anatomy) -> str | None:
        counts = [sealing.iterations for sealing in anatomy.sealings]
        salts = [sealing.salt for sealing in anatomy.sealings]
        if anatomy.integrity is not None:
            counts.append(anatomy.integrity.iterations)
            salts.append(anatomy.integrity.salt)
        if self.most is not None and max(counts, default=0) > self.most:
            return f"takes at most {self.most:,} iterations in one place, and the file has {max(counts):,}"
        if self.total is not None and sum(counts) > self.total:
            return f"takes at most {self.total:,} iterations in all, and the file has {sum(counts):,}"
        if self.salt is not None and max(salts, default=0) > self.salt:
            return f"was seen to refuse salts of more than {self.salt} bytes, and the file has {max(salts)}"
        return None

    @property
    def _cannot(self) -> str:
        return "cannot read" if self.here else "is not known to read"


_SCHEMES = {"pbes2": "PBES2", "pkcs12": "the scheme of PKCS#12", "pkcs5": "PBES1"}


def _among(sealing: Sealing, ciphers: frozenset[str]) -> bool:
    if sealing.scheme != "pkcs5":
        return f"{sealing.scheme} {sealing.cipher}" in ciphers
    digests = (sealing.prf,) if sealing.prf else ("md5", "sha1")
    return any(f"pkcs5 {digest} {sealing.cipher}" in ciphers for digest in digests)


_APPLE_SOURCE = "Apple's Security, p12import.c of 61439.1.1; salts: ca.stable.confirm.ch/pkcs12.html"
_EVERYTHING = _OLD | {"pkcs12 3des-2key"} | _PKCS5 | _AES | _CAMELLIA | {"pbes2 3des", "pbes2 des"}

READERS = (
    Reader("openssl1", "OpenSSL 1.1.1", _EVERYTHING, scrypt=True, digests=_SHA | {"md5"},
           source="run by hand: 1.1.1l, as in the wheel of cryptography 3.4.8; AES and its digests since 1.0.0: "
                  "crypto/evp/evp_pbe.c"),
    Reader("openssl3", "OpenSSL 3", _3DES | {"pkcs12 3des-2key", "pbes2 3des"} | _AES | _CAMELLIA, here=True,
           scrypt=True, digests=_SHA | {"md5"}, unchecked=True, source="run: 3.0.19; PBMAC1 from 3.4 on"),
    Reader("openssl3-legacy", "OpenSSL 3 with -legacy", _EVERYTHING, here=True, scrypt=True, digests=_SHA | {"md5"},
           unchecked=True, source="run: 3.0.19; PBMAC1 from 3.4 on"),
    Reader("nss", "NSS 3.87", _OLD | _AES | _CAMELLIA | {"pbes2 3des", "pbes2 des"}, here=True,
           digests=_SHA | {"md5"}, families=("rsa", "ec", "dsa"), blames=True,
           source="run: pk12util 3.87.1; AES and UTF-8 passwords since 3.31, PBMAC1 since 3.102"),
    Reader("firefox", "Firefox ESR", _OLD | {"pkcs12 3des-2key", "pbes2 3des", "pbes2 des"} | _AES | _CAMELLIA,
           here=True, digests=_SHA | {"md5"}, pbmac1=True, families=("rsa", "ec", "dsa", "ed25519"), blames=True,
           source="run: its import, and pk12util on its NSS; Ed25519 with NSS 3.125, not 3.112"),
    Reader("java", "Java 12 and later", _OLD | {"pkcs5 md5 des", "pbes2 aes-256-cbc", "pbes2 aes-128-cbc"}, here=True,
           open_keys=False, unchecked=True, most=5_000_000, source="run: keytool 17"),
    Reader("java8", "Java 8", _OLD | {"pkcs5 md5 des"}, digests=frozenset({"sha1"}), open_keys=False, unchecked=True,
           most=5_000_000, families=("rsa", "ec", "dsa"), denies=("pbes2",), blames=True,
           source="JDK-8267701: HMAC of SHA-256 only since 8u301; keystore-explorer issue 173: AES since 12"),
    Reader("certtool", "GnuTLS", _AES | _3DES | _RC2_40 | {
        "pkcs12 rc4-128", "pkcs5 md5 des", "pbes2 3des", "pbes2 des"}, here=True, source="run: certtool 3.7.9"),
    Reader("gpgsm", "gpgsm 2.2", _3DES | _RC2_40, here=True, key_ciphers=_3DES, digests=_SHA | {"md5"},
           open_keys=False, unchecked=True, families=("rsa",), source="run: 2.2.40, which EC keys crash"),
    Reader("cryptography", "cryptography for Python", _EVERYTHING, here=True, scrypt=True, digests=_SHA | {"md5"},
           pbmac1=True, unchecked=True, source="run: the one that is installed"),
    Reader("windows", "Windows 10 1709, Windows Server 2019 and later", _3DES | _RC2_40 | _AES_256,
           prfs=frozenset({"sha256"}), digests=frozenset({"sha1", "sha256"}), most=600_000, families=("rsa", "ec"),
           blames=True, source="learn.microsoft.com, PKCS12_PBES2_EXPORT_PARAMS; iterations: NSS, bug 1278071"),
    Reader("windows-legacy", "Windows Server 2016, Windows 8.1 and older", _3DES | _RC2_40,
           digests=frozenset({"sha1"}), most=600_000, families=("rsa", "ec"), denies=("pbes2",), blames=True,
           source="openssl issue 27035, ansible.windows issue 582; iterations: NSS, bug 1278071"),
    Reader("dotnet", ".NET 9 and later", _3DES | _RC2_40 | _AES, digests=_SHA, unchecked=True, most=300_000,
           total=1_000_000, source=".NET, Pkcs12LoaderLimits.cs: its defaults"),
    Reader("macos", "macOS 15 and later", _OLD | _AES_256, prfs=frozenset({"sha256"}), salt=8, families=("rsa", "ec"),
           blames=True, source=_APPLE_SOURCE),
    Reader("macos14", "macOS 14 and older", _OLD, digests=frozenset({"sha1"}), salt=8, families=("rsa", "ec"),
           denies=("pbes2",), blames=True, source="Apple's Security, p12import.c and pkcs12Decode.cpp of 61123.140.15"),
    Reader("ios", "iOS 18 and later", _OLD | _AES_256, prfs=frozenset({"sha256"}), salt=8, families=("rsa", "ec"),
           blames=True, source=_APPLE_SOURCE + "; VaulTLS issue 176"),
    Reader("ios17", "iOS 17 and older", _3DES | _RC2_40, digests=frozenset({"sha1"}), salt=8,
           families=("rsa", "ec"), denies=("pbes2",), blames=True,
           source="VaulTLS issue 176, owntracks/ios issue 752, xca issue 536"),
    Reader("android", "Android 14 and later", _3DES | _RC2_40 | _AES_256, prfs=frozenset({"sha256"}),
           digests=frozenset({"sha1", "sha256"}), blames=True,
           source="clip_share_server pull request 48, ultimate-ca-manager issue 331"),
    Reader("android13", "Android 13 and older", _3DES | _RC2_40, digests=frozenset({"sha1"}),
           denies=("pbes2",), blames=True,
           source="strongswan-docs issue 5, clip_share_server pull requests 48 and 58"),
    Reader("notes", "Lotus Notes", _3DES | _RC2_40, digests=frozenset({"sha1"}),
           source="not verified: help pages of authorities that tell people to export with 3DES for it"),
)
"""Every reader that is known. Where a row is from sources, ``Reader.source`` says which."""


def anatomy_of(dialect: Dialect, keys: int = 1) -> Anatomy:
    """What a file of that dialect, with that many keys and with certificates, will say of itself."""
    iterations, mac_iterations = dialect.shared(keys + 2)
    sealed = {"key": dialect.keys, "certificates": dialect.certificates}
    sealings = {what: _sealing(what, encryption.name, dialect, iterations) for what, encryption in sealed.items()}
    integrity = Integrity("pbmac1" if dialect.pbmac1 else "hmac", dialect.mac, mac_iterations, dialect.salt_length)
    return Anatomy((sealings["certificates"], *[sealings["key"]] * keys), integrity, der=True, keys=keys)


def _sealing(what: str, encryption: str, dialect: Dialect, iterations: int) -> Sealing:
    scheme, cipher = _WRITTEN[encryption]
    derivation, prf = ("pbkdf2", dialect.prf) if scheme == "pbes2" else ("pkcs12", "sha1")
    return Sealing(what, scheme, cipher, derivation, prf, iterations, dialect.salt_length)


_WRITTEN = {"AES_256": ("pbes2", "aes-256-cbc"), "AES_128": ("pbes2", "aes-128-cbc"),
            "PBE_3DES": ("pkcs12", "3des"), "PBE_RC2_40": ("pkcs12", "rc2-40")}
