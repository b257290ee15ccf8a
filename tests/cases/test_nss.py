"""Every NSS profile (cert9/key4) of the cases: what the manifest says is in it comes out, or the named refusal."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from profiles.model import NO_TRUST, Location, Selection
from profiles.nss.store import NssStore
from profiles.pkcs12.seal import open_sealed
from profiles.trust import letters
from tests.askers import Given
from tests.cases.manifest import FOLDER, cases, sha1
from tests.command import certferry


@pytest.fixture
def directory(row, tmp_path) -> Path:
    """A copy of the profile: the cases are read in place, and opening a profile may recover it."""
    place = tmp_path / "profile"
    place.mkdir()
    for name in row["files"]:
        shutil.copy(FOLDER / name, place)
        (place / Path(name).name).chmod(0o600)
    return place


@pytest.mark.parametrize("row", cases("nss-sql"))
def test_profile(row, directory):
    """Identities with their own keys, certificates with their trust, missing partner files said."""
    store = NssStore(Location("nss", str(directory)), directory)
    store.unlock(Given(row["password"]))
    listing = store.list()
    found = {sha1(entry.certificate.der): entry for entry in listing.entries}
    identities = {one["cert_sha1"]: one for one in row["identities"]}
    assert {name for name, entry in found.items() if entry.has_key} == set(identities)
    assert {entry.nickname.strip() for entry in listing.entries if entry.has_key} == {
        one["friendly_name"] for one in row["identities"]}
    bare = {one["sha1"]: one for one in row["certificates_without_key"]}
    assert set(bare) <= set(found)
    if (directory / "key4.db").exists():
        for name, one in bare.items():
            assert letters(found[name].trust) == one["trust"]
    for name in ("cert9.db", "key4.db"):
        missing = not (directory / name).exists()
        assert any(name in problem.message for problem in listing.problems) == missing
    exported = open_sealed(store.export(Selection.of(entry.certificate.sha256 for entry in listing.entries
                                                     if entry.has_key))).items
    for item in exported:
        expected = identities[sha1(item.certificate.der)]
        assert sha1(item.key.public.der) == expected["key_spki_sha1"]
    assert len(exported) == len(identities)


@pytest.mark.parametrize("row", cases("nss-sql"))
def test_main_job_on_it(row, directory, tmp_path):
    """`migrate` of the whole profile arrives verified in a new one, or says that there is nothing."""
    target = tmp_path / "target"
    target.mkdir()
    ran = certferry("migrate", f"nss:{directory}", f"nss:{target}", "--json",
                    source=row["password"] if not row["database_has_no_master_password"] else None)
    assert ran.status == 0, ran.err + ran.out
    if not row["identities"]:
        assert ran.json["status"] == "nothing"
        return
    assert [step["outcome"] for step in ran.json["steps"]] == ["done"] * len(row["identities"])
    listing = NssStore(Location("nss", str(target)), target).list()
    assert sum(entry.has_key for entry in listing.entries) == len(row["identities"])
    assert all(entry.trust == NO_TRUST or entry.certificate for entry in listing.entries)
