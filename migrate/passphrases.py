"""A password for a file: one that is made here, and how long any would stand against guessing."""

from __future__ import annotations

import math
import secrets
from typing import TYPE_CHECKING, NamedTuple

from profiles.model import Secret

if TYPE_CHECKING:
    from profiles.pkcs12.dialects import Dialect

_LETTERS = "acdefhjkmnprtwxy"
"""Sixteen, of four bits each, without those that are taken for another letter or for a digit."""
_GROUP = 5
_GROUPS, _GROUPS_WEAK = 4, 6
"""80 bits, which a strong dialect stretches to 98; 120 where it adds little: more than 3DES has."""

_PER_SECOND = {"sha1": 5e10, "sha256": 2e10}
"""Digests that one graphics card of 2022 computes in a second (hashcat's benchmark of an RTX 4090)."""
_LONGEST = 64
"""Characters that are looked at; more make a password no weaker."""
_YEAR = 365.25 * 86400
_ENOUGH = 100 * _YEAR


class Generated(NamedTuple):
    """A password that was made here, and its entropy in bits."""

    secret: Secret
    bits: int


def generate(dialect: Dialect) -> Generated:
    """A random password that can be read out and typed: groups of plain letters, more for a weak dialect."""
    groups = _GROUPS_WEAK if dialect.weak else _GROUPS
    text = "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(groups))
    return Generated(Secret(text), int(groups * _GROUP * math.log2(len(_LETTERS))))


class Strength(NamedTuple):
    """An estimate of what it takes to guess a password of a file."""

    bits: float
    """The binary logarithm of how many guesses."""
    seconds: float
    """How long one graphics card would guess at this file."""

    @property
    def weak(self) -> bool:
        """Whether somebody with the file and some money would find it within years."""
        return self.seconds < _ENOUGH

    @property
    def duration(self) -> str:
        """The time in words."""
        for size, unit in ((_YEAR, "year"), (86400, "day"), (3600, "hour"), (60, "minute")):
            if self.seconds >= size:
                count = self.seconds / size
                if count >= 1e6:
                    return "more than a million years"
                number = int(float(f"{count:.1g}")) if count >= 10 else int(count)
                return f"about {number:,} {unit}{'' if number == 1 else 's'}"
        return "less than a minute"


def strength(password: Secret, dialect: Dialect) -> Strength:
    """How hard a password is to guess for whoever has a file of that dialect; zxcvbn's estimate, not a promise.

    It knows common passwords, words, names, dates and rows of the keyboard, most of them English.
    """
    text = password.reveal().decode("utf-8", "replace")[:_LONGEST]
    bits = _guesses(text) if text else 0.0
    return Strength(bits, 2**bits / 2 * dialect.mac_iterations / _PER_SECOND[dialect.mac])


def _guesses(text: str) -> float:
    from zxcvbn import zxcvbn

    return float(zxcvbn(text, max_length=_LONGEST)["guesses_log10"]) * math.log2(10)
