"""The main job on Windows: from a Firefox profile into the Windows stores and back, seen by a witness of its own."""

from __future__ import annotations

import hashlib
import subprocess
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests import keys, nss_tools, pki
from tests.system import require

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


def firefox(machine, *leaves, name="alice"):
    """A Firefox profile under AppData with a primary password, made by the NSS tools; the root above is trusted."""
    root = machine.roaming / "Mozilla/Firefox"
    made = nss_tools.create(root / "Profiles" / name, PASSWORD)
    (root / "profiles.ini").write_text(
        f"[Profile0]\nName={name}\nIsRelative=1\nPath=Profiles/{name}\nDefault=1\n\n"
        f"[Install308046B0AF4A39CB]\nDefault=Profiles/{name}\nLocked=1\n\n[General]\nVersion=2\n")
    for authority in {leaf.chain[-1].sha256: leaf.chain[-1] for leaf in leaves}.values():
        made.add_certificate(authority.der, authority.cn, "C,C,C")
    for leaf in leaves:
        made.add_p12(leaf.p12("secret"), "secret")
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


def test_firefox_to_windows_and_back(machine, people, tmp_path):
    """Identity, intermediate and root are where they belong, the key signs; a second run plans nothing; and back."""
    alice = people[0]
    firefox(machine, alice)
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


def test_twenty_identities_keep_twenty_keys(machine, people, tmp_path):
    """Each in a container of its own, and each with its own key."""
    firefox(machine, *people)
    assert machine.certferry("migrate", "firefox", "windows", "--yes", source=PASSWORD).status == 0
    rows = seen(machine, "MY")
    assert set(rows) == set(map(sha1, people))
    assert len({row.container for row in rows.values()}) == 20
    assert all(signs(machine, leaf, tmp_path) for leaf in people[::6])
