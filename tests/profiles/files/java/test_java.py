"""Keystores that the JDK and Bouncy Castle make here and now, with what was put into them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from profiles.files.recognition import recognise
from profiles.model import Selection
from profiles.opening import open_store
from profiles.pkcs12.keys import verify
from profiles.pkcs12.seal import open_sealed
from tests import pki
from tests.profiles.files.asking import Answers
from tests.system import require

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.pki import Authority, Leaf

pytestmark = [pytest.mark.linux("a Java program is compiled and run"), pytest.mark.slow]

PROGRAM = "tests/profiles/files/java/Keystores.java"
BOUNCY_CASTLE = "/usr/share/java/bcprov.jar"
TYPES = ("JKS", "JCEKS", "PKCS12", "BKS", "BKS-V1", "UBER")
STORE, KEY = dict.fromkeys(TYPES, "Störe-pass") | {"PKCS12": "Store-pass"}, "key pass"
"""The JDK refuses a password for PKCS#12 that is not ASCII, as it does one for a key in a JCEKS."""
ALIASES = {"rsa": "rsa", "ec": "ключ ß", "dsa": "a\0b \N{GRINNING FACE}"}
"""NUL and what takes two surrogates included: Java has its own UTF-8."""


@pytest.fixture(scope="module")
def people(root: Authority, intermediate: Authority) -> Mapping[str, Leaf]:
    """One identity of each kind that every keystore takes."""
    secret = dsa.generate_private_key(2048)
    return {"rsa": intermediate.leaf("Java RSA", key="rsa-2048"), "ec": intermediate.leaf("Java EC", key="ec-p384"),
            "dsa": intermediate.leaf("Java DSA", key=secret, usage=pki.SIGN)}  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def made(people: Mapping[str, Leaf], root: Authority, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a keystore of every type, and an empty one of each."""
    directory = tmp_path_factory.mktemp("java")
    orders = [line for kind in TYPES for line in _orders(kind, people, root, directory)]
    jar = require(BOUNCY_CASTLE)
    done = subprocess.run(
        [require("java"), "-Dorg.bouncycastle.bks.enable_v1=true", "-cp", jar, PROGRAM],
        input="\n".join(orders).encode(), capture_output=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return directory


def _orders(kind: str, people: Mapping[str, Leaf], root: Authority, directory: Path) -> Iterator[str]:
    yield f"keystore\t{kind}\t{directory / kind}"
    for name, leaf in people.items():
        files = []
        for number, der in enumerate((leaf.der, *(above.der for above in leaf.chain))):
            files.append(directory / f"{name}.{number}")
            files[-1].write_bytes(der)
        secret = directory / f"{name}.key"
        secret.write_bytes(leaf.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
        password = STORE[kind] if kind == "PKCS12" else KEY  # the JDK's PKCS#12 has one password
        alias = ALIASES[name].replace("\0", "\\0")
        yield "\t".join(["key", alias, password, str(secret), *map(str, files)])
    anchor = directory / "root"
    anchor.write_bytes(root.der)
    yield f"certificate\tanchor\t{anchor}"
    if kind != "JKS":
        yield f"secret\thidden\t{STORE[kind] if kind == 'PKCS12' else KEY}"
    yield f"store\t{STORE[kind]}"
    yield f"keystore\t{kind}\t{directory / kind}.empty"
    yield f"store\t{STORE[kind]}"


@pytest.mark.parametrize("kind", TYPES)
def test_everything_that_java_put_in_comes_out(
    kind: str, made: Path, people: Mapping[str, Leaf], root: Authority
) -> None:
    """Keys that sign, chains, aliases, trust; the secret key is named; each password is asked for once."""
    path = made / kind
    location = recognise(path)
    assert location is not None
    assert location.kind == ("p12" if kind == "PKCS12" else "jks")
    answers = Answers(STORE[kind], *([] if kind == "PKCS12" else [KEY]))
    store = open_store(str(path))
    store.unlock(answers)
    assert answers.answers == []
    listing = store.list()
    found = {entry.nickname.lower(): entry for entry in listing.entries if entry.has_key}
    assert {name: entry.certificate.der for name, entry in found.items()} == {
        ALIASES[name].lower(): leaf.der for name, leaf in people.items()}
    anchor = listing.entry(root.sha256)
    assert anchor is not None
    assert anchor.trust.server.value == "trusted"
    if kind != "PKCS12":  # there the copy in a chain comes first, and has its subject for a name
        assert anchor.nickname == "anchor"
    assert listing.entry(people["rsa"].chain[0].sha256) is not None
    items = open_sealed(store.export(Selection.of(leaf.sha256 for leaf in people.values()))).items
    for item in items:
        assert item.key is not None
        assert verify(item.key.public, b"m", store.sign(item.key.id, b"m"))
    assert len(items) == 3
    named = [problem.message for problem in listing.problems]
    assert len(named) == (kind != "JKS")
    assert all("secret" in one and "hidden" in one for one in named)


@pytest.mark.parametrize("kind", TYPES)
def test_an_empty_keystore_of_java(kind: str, made: Path) -> None:
    """Valid, with nothing in it."""
    store = open_store(str(made / f"{kind}.empty"))
    store.unlock(Answers(STORE[kind]))
    assert (store.list().entries, store.list().problems) == ((), ())


@pytest.mark.parametrize("options", [
    ["-storetype", "JKS"], ["-storetype", "JCEKS"], ["-storetype", "PKCS12"],
    ["-storetype", "PKCS12", "-J-Dkeystore.pkcs12.legacy"],
], ids=" ".join)
@pytest.mark.parametrize("algorithm", ["RSA", "EC", "DSA", "Ed25519"])
def test_what_keytool_makes(options: list[str], algorithm: str, tmp_path: Path) -> None:
    """The program itself, old and new types, every kind of key that it makes."""
    path = tmp_path / "keystore"
    done = subprocess.run(
        [
            require("keytool"), "-genkeypair", "-keystore", str(path), "-alias", "me", "-dname", "CN=Me",
            "-keyalg", algorithm, *options, "-storepass", "changeit", "-keypass", "changeit",
        ], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout.decode(errors="replace")
    store = open_store(str(path))
    store.unlock(Answers("changeit"))
    (entry,) = store.list().entries
    assert (entry.nickname, entry.has_key, entry.certificate.common_name) == ("me", True, "Me")
    assert verify(entry.certificate.public_key, b"m", store.sign(entry.certificate.key_id, b"m"))
