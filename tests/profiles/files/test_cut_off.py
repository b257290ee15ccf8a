"""Files whose end is missing are told from damaged ones: the one is fetched again, the other asked for anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from profiles import asn1
from profiles.errors import Malformed, Truncated
from profiles.files.java import store as keystore
from profiles.files.loose import Loose
from profiles.model import Secret
from profiles.pkcs12.anatomy import anatomy
from profiles.pkcs12.dialects import LEGACY
from profiles.pkcs12.reader import decode
from profiles.pkcs12.writer import encode
from tests.profiles.files.java import making
from tests.profiles.pkcs12 import material as m

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.pki import Leaf

PASSWORD = Secret("secret")
READERS: dict[str, Callable[[bytes], object]] = {
    "p12": lambda data: decode(data, PASSWORD),
    "anatomy": anatomy,
    "loose": lambda data: Loose.parse([data]),
    "java": keystore.parse,
}


def made(leaf: Leaf) -> dict[str, tuple[str, bytes]]:
    """A whole file of each kind, with its reader."""
    p12 = encode([m.item(leaf, "Alice")], PASSWORD, LEGACY)
    ber = m.as_ber(asn1.parse(p12))
    sealed = making.jks_sealed(leaf.pkcs8, "secret")
    return {
        "PKCS#12": ("p12", p12), "PKCS#12 of NSS": ("p12", ber),
        "PKCS#12 unopened": ("anatomy", p12), "PKCS#12 of NSS unopened": ("anatomy", ber),
        "certificate": ("loose", leaf.der), "PEM": ("loose", leaf.pem.rstrip()),
        "JKS": ("java", making.jks([making.jks_key("alice", sealed, [leaf.der])], "secret")),
        "BKS": ("java", making.bks([making.bks_key("alice", leaf.pkcs8, [leaf.der])], "secret")),
    }


@pytest.mark.parametrize("kind", ["PKCS#12", "PKCS#12 of NSS", "PKCS#12 unopened", "PKCS#12 of NSS unopened",
                                  "certificate", "PEM", "JKS", "BKS"])
def test_a_file_that_is_cut_off_says_so(kind: str, alice: Leaf) -> None:
    """Wherever it is cut behind its header, also where BER does not say how long it should be."""
    reader, data = made(alice)[kind]
    READERS[reader](data)
    half = len(data) // 2
    for end in (*range(40, 56), len(data) // 3, *range(half, half + 16), len(data) - 30, len(data) - 1):
        with pytest.raises(Truncated):
            READERS[reader](data[:end])


def test_a_wrong_length_inside_a_whole_file_is_damage(alice: Leaf) -> None:
    """It is all there, so that fetching it once more would not help."""
    inner = asn1.sequence(m.key_bag(m.key(alice)))
    for data in (m.pfx(m.data(inner[:-1])), m.pfx(m.data(b"\x30\x80\x30\x80"))):
        for reader in ("p12", "anatomy"):
            with pytest.raises(Malformed) as refused:
                READERS[reader](data)
            assert not isinstance(refused.value, Truncated)
    with pytest.raises(Malformed) as refused:
        asn1.parse(b"\x30\x04\x04\x05ab")
    assert not isinstance(refused.value, Truncated)
