"""Dialects: named sets of PKCS#12 algorithms, each with who reads it, who does not, and what it costs.

The lists after "Read by" and "Not read by" name the rows of ``profiles.pkcs12.readers``, which has the sources.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from profiles.errors import Unsupported
from profiles.pkcs12.encryption import Encryption

if TYPE_CHECKING:
    from profiles.public_key import PublicKey


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a writer seals keys and certificates and how it protects the whole (RFC 7292)."""

    name: str
    keys: Encryption
    certificates: Encryption
    mac: str
    """The digest of the integrity check, of PBMAC1 (RFC 9579) where ``pbmac1`` is set."""
    iterations: int
    mac_iterations: int
    salt_length: int
    prf: str = "sha256"
    """The digest of PBKDF2's HMAC; PBES1 has none to choose."""
    pbmac1: bool = False
    total_iterations: int | None = None
    """A reader's ceiling over all places of a file; a file of many keys gets fewer iterations for each."""
    families: tuple[str, ...] = ()
    """The kinds of keys that its reader takes (``rsa``, ``ec``); none named means all."""
    reader: str = ""
    """Who refuses the other kinds."""

    @property
    def weak(self) -> bool:
        """Whether a good password is all that protects the key: old ciphers, and fast guessing."""
        return self.keys is Encryption.PBE_3DES

    def shared(self, places: int) -> tuple[int, int]:
        """Iterations of each sealed piece and of the integrity check, where there are that many places in all."""
        if self.total_iterations is None:
            return self.iterations, self.mac_iterations
        fair = max(self.total_iterations // places, 1)
        return min(self.iterations, fair), min(self.mac_iterations, fair)

    def require(self, key: PublicKey) -> None:
        """``Unsupported`` where a key of that kind would be written for a reader that does not take it."""
        if self.families and key.family not in self.families:
            raise Unsupported(f"{self.reader} takes {' and '.join(self.families).upper()} keys only, and this one is "
                              f"{key.name}", "Leave it out with --only, or make its file for another --for.")


SEALED = Dialect("sealed", Encryption.AES_256, Encryption.AES_256, "sha256", 1, 1, 16)
"""For memory only, never for a file.

AES-256-CBC under PBES2, MAC SHA-256, one iteration each: the passphrase is 256 random bits used once, which stretching
cannot make stronger. Less than a millisecond for one identity. Read by this program, and by anything that reads STRONG.
"""

STRONG = Dialect("strong", Encryption.AES_256, Encryption.AES_256, "sha256", 300_000, 300_000, 16,
                 total_iterations=1_000_000)
"""For files that stay or travel.

AES-256-CBC and PBKDF2-HMAC-SHA256 for keys and certificates alike, MAC SHA-256, 300,000 iterations, salts of 16 bytes.
.NET refuses more than 300,000 iterations in one place or 1,000,000 in all, and Windows more than 600,000: so a file of
many keys gets fewer for each. About half a second to write or open.

Read by: OpenSSL 1.1.1; OpenSSL 3; OpenSSL 3 with -legacy; NSS 3.87; Firefox ESR; Java 12 and later; GnuTLS;
cryptography for Python; Windows 10 1709, Windows Server 2019 and later; .NET 9 and later; Android 14 and later.
Not read by: gpgsm 2.2; Java 8; Windows Server 2016, Windows 8.1 and older; macOS 15 and later; macOS 14 and older;
iOS 18 and later; iOS 17 and older; Android 13 and older; Lotus Notes.
Most of them call it a wrong password.
"""

APPLE = replace(STRONG, name="apple", salt_length=8, families=("rsa", "ec"), reader="Apple's import")
"""For the Apple systems that know AES: STRONG with salts of 8 bytes.

Apple's import takes AES-256 with PBKDF2-HMAC-SHA256 for whatever a file says (so certificates under AES-128, as NSS
writes them, fail), RSA and EC keys only, and never a file without an integrity check. Its source knows no limit for
salts, but files with 16 bytes were refused where 8 went in. ``security import`` needs ``-f pkcs12`` for it.
A salt of 8 bytes costs nothing: it is random, and a file's own. As slow to open as STRONG.

Read by: OpenSSL 1.1.1; OpenSSL 3; OpenSSL 3 with -legacy; NSS 3.87; Firefox ESR; Java 12 and later; GnuTLS;
cryptography for Python; Windows 10 1709, Windows Server 2019 and later; .NET 9 and later; macOS 15 and later;
iOS 18 and later; Android 14 and later.
Not read by: gpgsm 2.2; Java 8; Windows Server 2016, Windows 8.1 and older; macOS 14 and older; iOS 17 and older;
Android 13 and older; Lotus Notes.
"""

STRETCHED = Dialect("stretched", Encryption.PBE_3DES, Encryption.PBE_3DES, "sha1", 100_000, 100_000, 8,
                    total_iterations=300_000)
"""For readers that know no AES but are known to take their time.

3DES for keys and certificates, MAC SHA-1, 100,000 iterations, salts of 8 bytes: Java's own old dialect has as many, and
Windows was fed 600,000 by NSS for years. The price against STRONG is 3DES, and a password that can be guessed some
seven times faster. A quarter of a second to write or open.

Read by: OpenSSL 1.1.1; OpenSSL 3; OpenSSL 3 with -legacy; NSS 3.87; Firefox ESR; Java 12 and later; Java 8; GnuTLS;
gpgsm 2.2; cryptography for Python; Windows 10 1709, Windows Server 2019 and later;
Windows Server 2016, Windows 8.1 and older; .NET 9 and later; macOS 15 and later; macOS 14 and older;
iOS 18 and later; iOS 17 and older; Android 14 and later; Android 13 and older; Lotus Notes.
Not read by: nothing that is known; but of Lotus Notes and old telephones nobody has said whether so many iterations are
too many, so they get LEGACY.
"""

LEGACY = Dialect("legacy", Encryption.PBE_3DES, Encryption.PBE_3DES, "sha1", 2048, 2048, 8)
"""For readers that know nothing newer, and where nobody knows the reader.

3DES for keys and certificates, MAC SHA-1, 2048 iterations, salts of 8 bytes, DER: what OpenSSL made for twenty years.
The price is a password that can be guessed some three hundred times faster than with STRONG: it should be a long one.

Read by: OpenSSL 1.1.1; OpenSSL 3; OpenSSL 3 with -legacy; NSS 3.87; Firefox ESR; Java 12 and later; Java 8; GnuTLS;
gpgsm 2.2; cryptography for Python; Windows 10 1709, Windows Server 2019 and later;
Windows Server 2016, Windows 8.1 and older; .NET 9 and later; macOS 15 and later; macOS 14 and older;
iOS 18 and later; iOS 17 and older; Android 14 and later; Android 13 and older; Lotus Notes.
Not read by: nothing that is known.
"""


class Target(NamedTuple):
    """Whom a file is made for: a name that ``--for`` takes."""

    title: str
    dialect: Dialect
    readers: tuple[str, ...]
    """The rows of ``READERS`` that are promised to open it."""


_TWO = ("rsa", "ec")
_NSS = replace(STRONG, families=("rsa", "ec", "dsa"), reader="NSS")

TARGETS = {
    "windows": Target("Windows 10 1709, Windows Server 2019 and later",
                      replace(STRONG, families=_TWO, reader="Windows"), ("windows", "dotnet")),
    "windows-legacy": Target("every Windows", replace(STRETCHED, families=_TWO, reader="Windows"),
                             ("windows", "windows-legacy", "dotnet")),
    "macos": Target("macOS 15 and later", APPLE, ("macos",)),
    "macos14": Target("every macOS", replace(LEGACY, families=_TWO, reader="macOS"), ("macos", "macos14")),
    "ios": Target("every iOS", replace(LEGACY, families=_TWO, reader="iOS"), ("ios", "ios17")),
    "android": Target("every Android", LEGACY, ("android", "android13")),
    "java": Target("Java 12 and later", STRONG, ("java",)),
    "java8": Target("Java 8", replace(STRETCHED, families=("rsa", "ec", "dsa"), reader="Java 8"), ("java", "java8")),
    "openssl3": Target("OpenSSL 3", STRONG, ("openssl3", "openssl3-legacy")),
    "openssl1": Target("OpenSSL 1", STRONG, ("openssl1",)),
    "nss": Target("Firefox, Thunderbird and whatever else has NSS 3.31 or later", _NSS, ("nss", "firefox")),
    "gpgsm": Target("gpgsm 2.2 and Kleopatra",
                    replace(STRETCHED, families=("rsa",), reader="gpgsm 2.2, which crashes on others,"), ("gpgsm",)),
    "notes": Target("Lotus Notes", LEGACY, ("notes",)),
    "any": Target("every reader that is known", LEGACY, ()),
}
"""By the name that ``--for`` takes. ``any`` is promised to all."""


def named(target: str) -> Dialect:
    """The dialect for a name that ``--for`` takes; ``Unsupported`` listing the names for any other."""
    if target not in TARGETS:
        raise Unsupported("there is no reader of that name to make a file for", f"--for takes {', '.join(TARGETS)}.")
    return TARGETS[target].dialect
