"""Dialects: named sets of PKCS#12 algorithms, each with who reads it, who does not, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass

from profiles.pkcs12.encryption import Encryption


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

    def shared(self, places: int) -> tuple[int, int]:
        """Iterations of each sealed piece and of the integrity check, where there are that many places in all."""
        if self.total_iterations is None:
            return self.iterations, self.mac_iterations
        fair = max(self.total_iterations // places, 1)
        return min(self.iterations, fair), min(self.mac_iterations, fair)


SEALED = Dialect("sealed", Encryption.AES_256, Encryption.AES_256, "sha256", 1, 1, 16)
"""For memory only, never for a file.

AES-256-CBC under PBES2, MAC SHA-256, one iteration each: the passphrase is 256 random bits used once, which stretching
cannot make stronger. Less than a millisecond for one identity. Read by this program, and by anything that reads STRONG.
"""

STRONG = Dialect("strong", Encryption.AES_256, Encryption.AES_256, "sha256", 300_000, 300_000, 16,
                 total_iterations=1_000_000)
"""For files that stay or travel.

AES-256-CBC and PBKDF2-HMAC-SHA256 for keys and certificates alike, MAC SHA-256, 300,000 iterations.
Read by OpenSSL 1.1.1 and later, NSS 3.31 and later (Firefox, Thunderbird, Chromium on Linux), Java 12 and later,
Windows Server 2019 and the Windows 10 of its age and later, macOS 15 and later.
Not read by Windows Server 2016 and older, macOS 14 and older (which call it a wrong password), gpgsm.
.NET refuses more than 300,000 iterations in one place or 1,000,000 in all, and Windows more than 600,000: so a file of
many keys gets fewer for each. About half a second to write or open.
"""

LEGACY = Dialect("legacy", Encryption.PBE_3DES, Encryption.PBE_3DES, "sha1", 2048, 2048, 8)
"""For readers that know nothing newer.

3DES for keys and certificates, MAC SHA-1, 2048 iterations, salts of 8 bytes.
Read by everything: every Windows, every macOS, every NSS and OpenSSL (3 without its legacy provider too), every Java,
gpgsm, Lotus Notes. The price is a password that can be guessed about a hundred times faster than with STRONG.
"""
