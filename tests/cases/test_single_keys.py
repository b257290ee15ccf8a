"""Every single private key that others made, as a file store shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from profiles.errors import Error, WrongPassword
from profiles.files.pem import PemFile
from profiles.files.recognition import recognise
from profiles.model import Selection
from profiles.pkcs12.keys import verify
from profiles.pkcs12.seal import open_sealed
from tests.cases.manifest import FOLDER, cases, passwords, sha1
from tests.profiles.files.asking import Answers

if TYPE_CHECKING:
    from profiles.pkcs12.keys import PrivateKey


def exported(case: dict[str, Any]) -> list[PrivateKey]:
    """The keys that the store hands out, and proves by a signature where the kind signs."""
    path = FOLDER / case["files"][0]
    found = recognise(path)
    assert found is not None
    assert found.kind == "pem"
    store = PemFile(path, new=False)
    store.unlock(Answers(*passwords(case)))
    pending = store.list().pending_keys
    handed = open_sealed(store.export(Selection.of(keys=[key.id for key in pending])))
    return [item.key for item in handed.items if item.key]


@pytest.mark.parametrize("case", cases("single-key"))
def test_a_key_that_others_made(case: dict[str, Any]) -> None:
    """It is a key without certificate, reported as such; what no password opens is a wrong password."""
    if not case["identities"]:
        try:
            assert exported(case)
        except WrongPassword:
            pass
        except Error as error:
            pytest.fail(f"not called a wrong password: {error.message}")
        return
    keys = exported(case)
    assert {sha1(key.public.der) for key in keys} == {one["key_spki_sha1"] for one in case["identities"]}
    for key in keys:
        if "1.2.840.10045.3.0.5" not in key.name:  # a binary curve that no library signs with any more
            assert verify(key.public, b"message", key.sign(b"message"))
