"""What a PKCS#12 holds, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from profiles.model import NO_TRUST, Problem, Trust

if TYPE_CHECKING:
    from profiles.certificate import Certificate
    from profiles.pkcs12.keys import PrivateKey


@dataclass(frozen=True, slots=True)
class Item:
    """A certificate with its key, a certificate alone, or a key that has no certificate yet."""

    certificate: Certificate | None
    key: PrivateKey | None
    nickname: str = ""
    trust: Trust = NO_TRUST


@dataclass(frozen=True, slots=True)
class Contents:
    """Every item of a file once, and a problem for each thing in it that could not be carried."""

    items: tuple[Item, ...]
    problems: tuple[Problem, ...] = ()
    keyed: frozenset[str] = frozenset()
    """Fingerprints of certificates whose keys are there and still sealed."""
    locked: tuple[str, ...] = ()
    """Names of keys that the password of the file does not open."""
