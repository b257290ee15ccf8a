"""GnuPG's and mutt's directories pass the contract, but for what those programs have no place for."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import ClassVar

import pytest

from profiles.directories.store import DirectoryStore
from profiles.gnupg.form import KEYS, GnupgForm
from profiles.gnupg.grip import keygrip
from profiles.model import Location
from profiles.mutt.form import MuttForm
from profiles.pkcs12.dialects import STRONG
from tests.profiles.contract import StoreContract
from tests.profiles.place import Place

pytestmark = pytest.mark.slow  # every step of one starts gpgsm

ROOTS_FOR_MAIL = "only that a root is trusted for e-mail has a place"
NO_BARE_KEYS = "a key is found by its certificate, and not without one"
LIMITS = {
    **{f"test_trust_survives[{name}]": ROOTS_FOR_MAIL for name in ("anchor", "websites", "valid", "peer", "refused")},
    "test_trust_is_set_again": ROOTS_FOR_MAIL,
    "test_a_key_without_certificate": NO_BARE_KEYS,
    "test_a_key_is_joined_by_its_certificate": NO_BARE_KEYS,
    "test_undo_takes_back_a_key_without_certificate": NO_BARE_KEYS,
}


class DirectoryContract(StoreContract):
    """Directories; with a passphrase unless said otherwise."""

    kind: ClassVar[str]
    password: ClassVar[str] = "pass wörd"
    form: ClassVar[object]
    bar: ClassVar[object] = None

    @pytest.fixture
    def make(self, tmp_path):
        def one():
            directory = Path(mkdtemp(dir=tmp_path))
            store = partial(DirectoryStore, Location(self.kind, str(directory)), directory, self.form, new=True)
            return Place(store, self.password, directory, self.bar and partial(self.bar, store))

        return one


def on_a_card(store, key_id):
    """Put a stub in place of the key, as gpgsm does when it has seen a card."""
    found = next(one.certificate.public_key for one in store().contents().held
                 if one.certificate.public_key.id == key_id)
    path = store().directory / KEYS / f"{keygrip(found)}.key"
    path.write_bytes(b"(20:shadowed-private-key(3:ecc(5:curve10:NIST P-256)(1:q1:x)(8:shadowed5:t1-v1(4:1234))))")


NO_NICKNAMES = "gpgsm has nicknames for nothing; certferry writes one into the file of a key"


@pytest.mark.linux("gpgsm as Debian packs it")
class TestGnupg(DirectoryContract):
    """A directory of gpgsm, its keys sealed."""

    kind, form, bar = "gpgsm", GnupgForm(octets=1024, system_trust=Path("/nonexistent")), staticmethod(on_a_card)
    limits: ClassVar = LIMITS | {
        "test_a_certificate_without_key_has_its_nickname": NO_NICKNAMES,
        "test_a_certificate_is_joined_by_its_key": NO_NICKNAMES,
    }


class TestOpenGnupg(TestGnupg):
    """The same with keys that take no passphrase."""

    password = ""


class TestMutt(DirectoryContract):
    """A directory of mutt, its keys sealed."""

    kind, form = "mutt", MuttForm(replace(STRONG, iterations=2048, mac_iterations=2048), Path("/nonexistent"))
    limits: ClassVar = LIMITS


class TestOpenMutt(TestMutt):
    """The same with keys that take no passphrase."""

    password = ""
