"""Every Java keystore that others made: all that is in it, by name, or refused for what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from profiles.errors import Malformed, Unsupported, WrongPassword
from profiles.files.java.store import KeystoreFile
from profiles.files.recognition import recognise
from profiles.model import Selection
from profiles.pkcs12.keys import verify
from profiles.pkcs12.seal import open_sealed
from tests.cases.manifest import FOLDER, cases, passwords, sha1
from tests.profiles.files.asking import Answers

if TYPE_CHECKING:
    from profiles.files.store import FileStore
    from profiles.pkcs12.contents import Item

REJECTED = "must be rejected"
WARNED = "warn"


def opened(case: dict[str, Any]) -> FileStore:
    """The store, unlocked with the keystore's password and then that of the keys."""
    path = FOLDER / case["files"][0]
    found = recognise(path)
    assert found is not None
    assert found.kind == "jks"
    store = KeystoreFile(path)
    store.unlock(Answers(*passwords(case), *[one for one in [case.get("key_password")] if one]))
    return store


def everything(store: FileStore) -> list[Item]:
    """All that comes out of a store."""
    listing = store.list()
    wanted = Selection.of((one.certificate.sha256 for one in listing.entries), (one.id for one in listing.pending_keys))
    return list(open_sealed(store.export(wanted)).items)


@pytest.mark.parametrize("case", cases("java-keystore"))
def test_a_keystore_that_others_made(case: dict[str, Any]) -> None:
    """Identities by key, certificate, chain and alias; further certificates; a problem for each other entry."""
    if case["expect"].startswith(REJECTED):
        with pytest.raises((Malformed, Unsupported, WrongPassword)) as refusal:
            opened(case)
        assert len(refusal.value.message) > 20
        return
    store = opened(case)
    items, problems = everything(store), store.list().problems
    by_key = {sha1(item.key.public.der): item for item in items if item.key}
    assert set(by_key) == {one["key_spki_sha1"] for one in case["identities"]}
    certificates = {sha1(item.certificate.der): item.nickname for item in items if item.certificate}
    for identity in case["identities"]:
        key = by_key[identity["key_spki_sha1"]].key
        mates = {sha1(one.certificate.der) if one.certificate else None: one.nickname
                 for one in items if one.key == key}
        assert mates[identity["cert_sha1"]] == identity["friendly_name"]
        assert set(identity["chain_sha1"]) <= set(certificates)
        assert verify(key.public, b"m", store.sign(key.id, b"m"))
    further = {one["sha1"]: one["friendly_name"] for one in case["certificates_without_key"] if one.get("sha1")}
    assert set(further) <= set(certificates)
    said = " ".join(problem.message for problem in problems)
    for secret in case.get("secret_keys", ()):
        assert repr(secret["alias"]) in said
    if WARNED in case["expect"]:
        assert "more than one entry" in said
    elif not case.get("secret_keys"):
        assert problems == ()


@pytest.mark.parametrize("case", cases("java-keystore"))
def test_a_listing_asks_for_nothing_and_shows_the_certificates(case: dict[str, Any]) -> None:
    """But for an UBER, which is sealed as a whole: every certificate, and which of them has a key."""
    if case["expect"].startswith(REJECTED):
        return
    listing = KeystoreFile(FOLDER / case["files"][0]).list()
    if case["format"] == "uber":
        assert (listing.state, listing.entries) == ("locked", ())
        return
    found = {sha1(one.certificate.der): one for one in listing.entries}
    assert {one["sha1"] for one in case["certificates_without_key"] if one.get("sha1")} <= set(found)
    for identity in case["identities"]:
        assert identity["cert_sha1"] is None or found[identity["cert_sha1"]].has_key


@pytest.mark.parametrize("case", cases("java-keystore"))
def test_a_wrong_password_is_named(case: dict[str, Any]) -> None:
    """By the integrity check, before any key is tried."""
    if case["expect"].startswith(REJECTED):
        return
    store = KeystoreFile(FOLDER / case["files"][0])
    data = store.data()
    with pytest.raises(WrongPassword):
        store.form.opened(data, Answers("certainly not the password")("x"))
