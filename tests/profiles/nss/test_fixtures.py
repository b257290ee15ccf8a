"""The sample profiles in ``fixtures/``, made by two generations of NSS, give what stands beside them."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from profiles.model import Location, Selection
from profiles.nss.store import NssStore
from profiles.pkcs12.seal import open_sealed
from profiles.trust import letters
from tests.askers import Given

FIXTURES = Path(__file__).parents[3] / "fixtures"
NAMES = sorted(path.parent.name for path in FIXTURES.glob("*/expected.json"))


def test_they_are_there():
    """Without a password, with one, and with one that the newest NSS salted."""
    assert NAMES == ["nss-3.125-password", "nss-3.87-no-password", "nss-3.87-password"]


@pytest.mark.parametrize("name", NAMES)
def test_fixture(name, tmp_path):
    """Identities with their own keys, and the trust of the CAs."""
    place = shutil.copytree(FIXTURES / name, tmp_path / name)
    expected = json.loads((place / "expected.json").read_text())
    store = NssStore(Location("nss", str(place)), place)
    store.unlock(Given(expected["password"]))
    listing = store.list()
    assert {entry.certificate.sha256 for entry in listing.entries if entry.has_key} == set(expected["identities"])
    assert {entry.certificate.sha256: letters(entry.trust) for entry in listing.entries
            if not entry.has_key} == expected["trust"]
    for item in open_sealed(store.export(Selection.of(expected["identities"]))).items:
        assert hashlib.sha256(item.key.public.der).hexdigest() == expected["identities"][item.certificate.sha256]
