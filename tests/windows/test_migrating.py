"""The main job on Windows: from a Firefox profile into the Windows stores and back, seen by a witness of its own."""

from __future__ import annotations

import hashlib
import subprocess
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests import keys, nss_tools, pki
from tests.applications import firefox as applications
from tests.system import require
from tests.windows.wine import Machine

pytestmark = pytest.mark.slow

PASSWORD = "pass wörd"


class Seen(NamedTuple):
    """A certificate as the witness lists it."""

    sha1: str
    name: str
    friendly: str
    container: str = ""
    provider: str = ""
    type: str = ""
    flags: str = ""
    spec: str = ""


def seen(machine, store, *where):
    """What the witness sees in a system store, by SHA-1."""
    ran = machine.witness("list", store, *where)
    assert ran.status == 0, ran
    rows = (Seen(*line.split("\t")) for line in ran.out.splitlines() if line.strip())
    return {row.sha1.lower(): row for row in rows}


def sha1(leaf):
    """What Windows calls a thumbprint."""
    return hashlib.sha1(leaf.der).hexdigest()


def firefox(machine, *leaves, name="alice", itself=False):
    """A Firefox profile under AppData with a primary password, the root above trusted; filled by the NSS tools.

    With ``itself`` Firefox has run on it and set its password.
    """
    root = machine.roaming / "Mozilla/Firefox"
    made = nss_tools.create(root / "Profiles" / name, None if itself else PASSWORD)
    (root / "profiles.ini").write_text(
        f"[Profile0]\nName={name}\nIsRelative=1\nPath=Profiles/{name}\nDefault=1\n\n"
        f"[Install308046B0AF4A39CB]\nDefault=Profiles/{name}\nLocked=1\n\n[General]\nVersion=2\n")
    for authority in {leaf.chain[-1].sha256: leaf.chain[-1] for leaf in leaves}.values():
        made.add_certificate(authority.der, authority.cn, "C,C,C")
    for leaf in leaves:
        made.add_p12(leaf.p12("secret"), "secret")
    if itself:
        applications.set_password(made.path, PASSWORD)
    return made


def signs(machine, leaf, tmp_path, *where):
    """Whether OpenSSL on this system accepts what the key that Windows keeps for a certificate signs."""
    message = b"signed on Windows"
    ran = machine.witness("sign", sha1(leaf), *where, stdin=message)
    assert ran.status == 0, ran
    files = {name: tmp_path / name for name in ("message", "signature", "public.pem")}
    files["message"].write_bytes(message)
    files["signature"].write_bytes(bytes.fromhex(ran.out.strip()))
    public = subprocess.run([require("openssl"), "x509", "-pubkey", "-noout"], input=leaf.pem, capture_output=True,
                            check=True)
    files["public.pem"].write_bytes(public.stdout)
    done = subprocess.run(["openssl", "dgst", "-sha256", "-verify", files["public.pem"], "-signature",
                           files["signature"], files["message"]], capture_output=True, check=False)
    return done.returncode == 0


def private_key(p12):
    """The key in a PKCS#12, as OpenSSL reads it."""
    done = subprocess.run([require("openssl"), "pkcs12", "-nodes", "-nocerts", "-passin", "pass:secret"], input=p12,
                          capture_output=True, check=True)
    return keys.pkcs8(load_pem_private_key(done.stdout, None))


@pytest.fixture(scope="module")
def people():
    """Twenty people of one authority, each with a key of their own."""
    authority = pki.root("Windows Root", key="rsa-2048").intermediate("Windows Intermediate", key="rsa-2048")
    return [authority.leaf(f"Person {number}", email=f"p{number}@example.test", key=keys.pooled("rsa-2048", number))
            for number in range(20)]


@pytest.mark.xdist_group("applications")
@pytest.mark.parametrize("itself", [True, False], ids=["password by Firefox", "password by certutil"])
def test_firefox_to_windows_and_back(machine, people, tmp_path, itself):
    """Identity, intermediate and root are where they belong, the key signs; a second run plans nothing; and back."""
    alice = people[0]
    firefox(machine, alice, itself=itself)
    ran = machine.certferry("migrate", "firefox", "windows", "--yes", source=PASSWORD)
    assert ran.status == 0, ran
    row = seen(machine, "MY")[sha1(alice)]
    assert row.friendly == "Person 0" and row.container.startswith("certferry-")
    assert set(seen(machine, "CA")) == {sha1(alice.chain[0])}
    assert set(seen(machine, "ROOT")) == {sha1(alice.chain[-1])}
    assert "Windows now asks" in ran.err
    assert signs(machine, alice, tmp_path)
    again = machine.certferry("migrate", "firefox", "windows", "--yes", "--json", source=PASSWORD).json
    assert (again["status"], again["already_there"]) == ("nothing", [alice.sha256])

    fresh = nss_tools.create(tmp_path / "fresh", PASSWORD)
    back = machine.certferry("migrate", "windows", f"nss:{machine.path(fresh.path)}", "--yes", target=PASSWORD)
    assert back.status == 0, back
    assert fresh.verify("Person 0", "C") is None
    assert private_key(fresh.export_p12("Person 0")) == alice.pkcs8


@pytest.mark.xdist_group("applications")
def test_firefox_takes_what_comes_back(machine, people, tmp_path):
    """A profile that went to Windows and back is one that Firefox ESR signs in with."""
    alice = people[0]
    firefox(machine, alice)
    ran = machine.certferry("migrate", "firefox", "windows", "--yes", source=PASSWORD)
    assert ran.status == 0, ran
    fresh = nss_tools.create(tmp_path / "fresh")
    assert machine.certferry("migrate", "windows", f"nss:{machine.path(fresh.path)}", "--yes").status == 0
    proof = applications.authenticates(profile=fresh.path, cn=alice.cn, password=None, ca=alice.chain[-1].pem,
                                       sha256=alice.sha256)
    assert proof.sha256 == alice.sha256


def test_twenty_identities_keep_twenty_keys(machine, people, tmp_path):
    """Each in a container of its own, and each with its own key."""
    firefox(machine, *people)
    assert machine.certferry("migrate", "firefox", "windows", "--yes", source=PASSWORD).status == 0
    rows = seen(machine, "MY")
    assert set(rows) == set(map(sha1, people))
    assert len({row.container for row in rows.values()}) == 20
    assert all(signs(machine, leaf, tmp_path) for leaf in people)


def test_the_stores_of_the_computer(machine, people, tmp_path):
    """Root, chain and identity arrive there with a key of the computer, and nothing at the user's."""
    firefox(machine, people[1])
    ran = machine.certferry("migrate", "firefox", "windows:machine", "--yes", source=PASSWORD)
    assert ran.status == 0, ran
    row = seen(machine, "MY", "lm")[sha1(people[1])]
    assert int(row.flags, 16) & 0x20 and not seen(machine, "MY")
    assert sha1(people[1].chain[-1]) in seen(machine, "ROOT", "lm") and not seen(machine, "ROOT")
    assert signs(machine, people[1], tmp_path, "lm")
    assert "Windows now asks" not in ran.err
    assert machine.certferry("undo", "--yes").status == 0
    assert not seen(machine, "MY", "lm") and sha1(people[1].chain[-1]) not in seen(machine, "ROOT", "lm")
    assert not machine.witness("containers", "lm").out.strip()


def test_out_of_the_stores_of_the_computer(machine, people, tmp_path):
    """What may leave arrives as it went in, with chain and trust; what may not stays, with the reason."""
    firefox(machine, *people[6:8])
    barred = machine.certferry("migrate", "firefox", "windows:machine", "--only", "Person 7", "--not-exportable",
                               "--yes", source=PASSWORD)
    assert barred.status == 0, barred
    assert machine.certferry("migrate", "firefox", "windows:machine", "--yes", source=PASSWORD).status == 0
    assert machine.witness("export", sha1(people[7]), "lm").status == 2
    assert all(signs(machine, leaf, tmp_path, "lm") for leaf in people[6:8])

    fresh = nss_tools.create(tmp_path / "fresh", PASSWORD)
    ran = machine.certferry("migrate", "windows:machine", f"nss:{machine.path(fresh.path)}", "--yes", "--json",
                            target=PASSWORD)
    assert ran.status == 5, ran
    outcomes = {step["sha256"]: (step["outcome"], step.get("code")) for step in ran.json["steps"]}
    assert outcomes[people[6].sha256][0] == "done"
    assert outcomes[people[7].sha256] == ("failed", "key-not-exportable")
    assert fresh.verify("Person 6", "C") is None
    assert private_key(fresh.export_p12("Person 6")) == people[6].pkcs8


def test_a_key_that_may_not_leave_stays_while_its_neighbours_go(machine, people, tmp_path):
    """Exit status 5 with the reason and the lawful ways on; what can move arrives."""
    firefox(machine, *people[2:5])
    barred = machine.certferry("migrate", "firefox", "windows", "--only", "Person 3", "--not-exportable", "--yes",
                               source=PASSWORD)
    assert barred.status == 0, barred
    assert machine.certferry("migrate", "firefox", "windows", "--yes", source=PASSWORD).status == 0
    assert "exportable" in machine.witness("export", sha1(people[2])).out
    assert machine.witness("export", sha1(people[3])).status == 2
    assert signs(machine, people[3], tmp_path)

    fresh = nss_tools.create(tmp_path / "fresh", PASSWORD)
    ran = machine.certferry("migrate", "windows", f"nss:{machine.path(fresh.path)}", "--yes", "--json",
                            target=PASSWORD)
    assert ran.status == 5, ran
    outcomes = {step["sha256"]: step for step in ran.json["steps"]}
    assert {sha256: step["outcome"] for sha256, step in outcomes.items()} == {
        people[2].sha256: "done", people[3].sha256: "failed", people[4].sha256: "done"}
    assert outcomes[people[3].sha256]["code"] == "key-not-exportable"
    assert "marked as not exportable" in outcomes[people[3].sha256]["reason"]
    assert len(fresh.private_keys()) == 2


def test_a_waiting_key_goes_out_and_its_certificate_finds_it(machine, people, tmp_path, tmp_path_factory):
    """From a file into REQUEST, out again, into REQUEST of another computer; there the issued certificate joins it."""
    frank = people[5]
    (machine.disk / "key.pem").write_bytes(frank.key_pem())
    assert machine.certferry("migrate", "pem:C:\\key.pem", "windows", "--yes").status == 0
    (row,) = seen(machine, "REQUEST").values()
    assert row.container and not seen(machine, "MY")
    ran = machine.certferry("backup", "windows", "C:\\waiting.p12", "--yes", file="file secret")
    assert ran.status == 0, ran

    other = Machine(tmp_path_factory.mktemp("other") / "prefix")
    try:
        (other.disk / "waiting.p12").write_bytes((machine.disk / "waiting.p12").read_bytes())
        assert other.certferry("restore", "C:\\waiting.p12", "windows", "--yes", file="file secret").status == 0
        (row,) = seen(other, "REQUEST").values()
        (other.disk / "issued.pem").write_bytes(frank.pem)
        ran = other.certferry("migrate", "pem:C:\\issued.pem", "windows", "--yes")
        assert ran.status == 0, ran
        mine = seen(other, "MY")[sha1(frank)]
        assert mine.container == row.container and not seen(other, "REQUEST")
        assert signs(other, frank, tmp_path)
    finally:
        other.stop()


def test_undo_leaves_no_container(machine, people):
    """Nor a certificate in any store."""
    firefox(machine, *people[:3])
    assert machine.certferry("migrate", "firefox", "windows", "--yes", source=PASSWORD).status == 0
    assert len(machine.witness("containers").out.split()) == 3
    ran = machine.certferry("undo", "windows", "--yes")
    assert ran.status == 0, ran
    assert "Windows now asks in a window whether to delete the root Windows Root" in ran.err
    assert not any(seen(machine, store) for store in ("MY", "CA", "ROOT", "REQUEST", "AddressBook"))
    assert not machine.witness("containers").out.strip()


def test_stores_and_list_show_them(machine, people):
    """With trust and chain, and without a question."""
    firefox(machine, people[0])
    machine.certferry("migrate", "firefox", "windows", "--yes", source=PASSWORD)
    found = {store["location"]: store for store in machine.certferry("stores", "--json").json["stores"]}
    assert found["windows"]["identities"] == 1 and found["windows:machine"]["identities"] == 0
    (store,) = machine.certferry("list", "windows", "--json").json["stores"]
    by_sha256 = {one["sha256"]: one for one in store["certificates"]}
    assert by_sha256[people[0].sha256]["has_key"] and by_sha256[people[0].sha256]["chain"] == "complete"
    assert by_sha256[people[0].chain[-1].sha256]["trust"]["server"] == "trusted"


def test_check_proves_every_key(machine, people):
    """Each with a signature, and says what else can use the store."""
    firefox(machine, *people[:2])
    machine.certferry("migrate", "firefox", "windows", "--yes", source=PASSWORD)
    ran = machine.certferry("check", "windows", "--json")
    assert ran.status == 0, ran
    mine = [one for one in ran.json["certificates"] if one["sha256"] in {person.sha256 for person in people[:2]}]
    assert [one["key_signs"] for one in mine] == [True, True]
    assert "in-place" in {one["code"] for one in ran.json["findings"]}
    doctor = machine.certferry("doctor", "windows", "--json")
    assert doctor.status == 0, doctor
