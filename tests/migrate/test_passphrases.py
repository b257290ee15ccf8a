"""Made passwords are what they say they are, and estimates are honest."""

from __future__ import annotations

import pytest

from migrate.passphrases import generate, strength
from profiles.model import Secret
from profiles.pkcs12.dialects import LEGACY, STRONG, TARGETS, named


@pytest.mark.parametrize("target", TARGETS)
def test_made_passwords_hold(target: str) -> None:
    """Whatever the dialect, none is found by guessing; it is longer where the dialect is weak."""
    dialect = named(target)
    made = generate(dialect)
    groups = made.secret.reveal().decode().split("-")
    assert all(len(group) == 5 and group.isalpha() and group.islower() for group in groups)
    assert not set("".join(groups)) & set("ilosqgzbuv0125689")
    assert made.bits == 4 * len("".join(groups)) == (120 if dialect.weak else 80)
    assert strength(made.secret, dialect).duration == "more than a million years"


def test_no_two_are_alike() -> None:
    """And every letter is in use."""
    made = [generate(STRONG).secret.reveal() for _ in range(200)]
    assert len(set(made)) == 200
    assert len(set(b"".join(made))) == 16 + 1


@pytest.mark.parametrize("password", ["", "secret", "12345678", "qwertzuiop", "password1", "Sommer2024!", "a" * 5000])
def test_weak_ones_are_called_weak(password: str) -> None:
    """Also long ones that are short in truth."""
    assert strength(Secret(password), LEGACY).weak
    assert strength(Secret(password), STRONG).weak


def test_a_dialect_makes_a_difference() -> None:
    """The same password stands longer in a strong file."""
    password = Secret("Kanne-7-Wolke")
    strong, legacy = strength(password, STRONG), strength(password, LEGACY)
    assert strong.bits == legacy.bits
    assert 200 < strong.seconds / legacy.seconds < 500
    assert (strong.duration, legacy.duration) == ("about 50 days", "about 3 hours")


def test_any_bytes_are_estimated() -> None:
    """Also what is no UTF-8."""
    assert strength(Secret(b"\xff\xfe\x00 secret"), STRONG).bits > 0
