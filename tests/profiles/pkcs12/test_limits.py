"""What a hostile PFX may cost: every count in every place is refused before any work is done for it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from profiles import asn1
from profiles.errors import Malformed, Unsupported
from profiles.model import Secret
from profiles.pkcs12 import limits
from profiles.pkcs12.reader import decode
from tests.profiles.pkcs12 import material as m

if TYPE_CHECKING:
    from collections.abc import Callable

COUNTS = (0, -1, 2**31 - 1, 2**64)


def derived(count: int) -> bytes:
    """PBKDF2 with that many iterations."""
    return m.pbkdf2(asn1.octets(bytes(8)), asn1.integer(count))


def keyed(length: int) -> bytes:
    """PBKDF2 with that key length, one iteration."""
    return m.pbkdf2(asn1.octets(bytes(8)), asn1.integer(1), asn1.integer(length))


ITERATIONS: dict[str, Callable[[int], bytes]] = {
    "mac": lambda count: m.pfx(mac=m.mac(count)),
    "pbmac1": lambda count: m.pfx(mac=m.pbmac1(
        m.pbkdf2(asn1.octets(bytes(8)), asn1.integer(count), asn1.integer(32)))),
    "certificates by PBES1": lambda count: m.pfx(m.encrypted(m.pbes1(count))),
    "certificates by PBES2": lambda count: m.pfx(m.encrypted(m.pbes2(derived(count)))),
    "key by PBES1": lambda count: m.pfx(m.data(asn1.sequence(m.shrouded_bag(m.pbes1(count))))),
    "key by PBES2": lambda count: m.pfx(m.data(asn1.sequence(m.shrouded_bag(m.pbes2(derived(count)))))),
    "key in a nested bag": lambda count: m.pfx(m.data(asn1.sequence(m.nested_bag(m.shrouded_bag(m.pbes1(count)))))),
    "one more than a place may ask for": lambda count: m.pfx(mac=m.mac(max(count, limits.MAX_PLACE_ITERATIONS) + 1)),
    "scrypt cost": lambda count: m.pfx(m.encrypted(m.pbes2(m.scrypt(count)))),
    "scrypt block": lambda count: m.pfx(m.encrypted(m.pbes2(m.scrypt(1024, count)))),
    "scrypt parallel": lambda count: m.pfx(m.encrypted(m.pbes2(m.scrypt(1024, 8, count)))),
}
LENGTHS: dict[str, Callable[[int], bytes]] = {
    "pbmac1 key length": lambda length: m.pfx(mac=m.pbmac1(keyed(length))),
    "PBES2 key length": lambda length: m.pfx(m.encrypted(m.pbes2(keyed(length)))),
}


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("place", [*ITERATIONS, *LENGTHS])
def test_a_derivation_bomb_is_refused_at_once(place: str, count: int) -> None:
    """Zero, negative and huge counts, in every place, in less than a tenth of a second."""
    data = (ITERATIONS | LENGTHS)[place](count)
    started = time.process_time()
    with pytest.raises((Malformed, Unsupported)):
        decode(data, Secret("password"))
    assert time.process_time() - started < 0.1


@pytest.mark.parametrize("place", ["certificates by PBES1", "certificates by PBES2"])
def test_many_small_counts_add_up(place: str) -> None:
    """The cap is on the file too: ten places of what one may ask for are a bomb."""
    count = limits.MAX_PLACE_ITERATIONS - 1
    algorithm = m.pbes1(count) if "PBES1" in place else m.pbes2(derived(count))
    started = time.process_time()
    with pytest.raises(Unsupported, match="iterations"):
        decode(m.pfx(*[m.encrypted(algorithm)] * 10), Secret("password"))
    assert time.process_time() - started < 0.1


@pytest.mark.parametrize("make", [
    lambda salt: m.pfx(m.encrypted(m.pbes1(1, salt))),
    lambda salt: m.pfx(mac=m.mac(1, salt)),
    lambda salt: m.pfx(m.encrypted(m.pbes2(m.pbkdf2(asn1.octets(salt), asn1.integer(1))))),
])
def test_a_huge_salt_is_refused(make: Callable[[bytes], bytes]) -> None:
    """No writer salts with more than a kilobyte."""
    with pytest.raises(Unsupported, match="salt"):
        decode(make(bytes(1025)), Secret("password"))


def test_a_huge_file_is_refused() -> None:
    """Nothing over eight megabytes is parsed."""
    with pytest.raises(Unsupported, match="bytes"):
        decode(bytes(limits.MAX_FILE + 1), Secret("password"))


def test_rc2_is_not_done_for_ever() -> None:
    """Megabytes under a cipher that is done in Python are refused, not ground through; many small ones too."""
    rc2 = asn1.sequence(asn1.oid("1.2.840.113549.1.12.1.6"), asn1.sequence(asn1.octets(bytes(8)), asn1.integer(1)))
    started = time.process_time()
    with pytest.raises(Unsupported, match="RC2"):
        decode(m.pfx(m.encrypted(rc2, bytes(4 << 20))), Secret("password"))
    assert time.process_time() - started < 0.1


def test_too_many_bags_are_refused() -> None:
    """The number of entries is bounded, nested ones counted."""
    empty = m.nested_bag()
    with pytest.raises(Unsupported, match="entries"):
        decode(m.pfx(m.data(asn1.sequence(*[empty] * (limits.MAX_BAGS + 1)))), None)


def test_bags_in_bags_in_bags_are_refused() -> None:
    """Nesting is bounded."""
    bag = m.nested_bag()
    for _ in range(limits.MAX_BAG_DEPTH + 1):
        bag = m.nested_bag(bag)
    with pytest.raises(Malformed, match="nested"):
        decode(m.pfx(m.data(asn1.sequence(bag))), None)


def test_brackets_without_end_are_refused() -> None:
    """Neither definite nor indefinite lengths nest without bound."""
    for deep in (b"\x30\x80" * 50_000, b"".join(b"\x30\x84" + (200_000 - 6 * i).to_bytes(4, "big") for i in range(33))):
        with pytest.raises(Malformed):
            decode(deep + bytes(200_000), None)
