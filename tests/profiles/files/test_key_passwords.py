"""PKCS#12 whose keys have passwords of their own, as Java's KeyStore gives them on demand."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from profiles import asn1
from profiles.errors import WrongPassword
from profiles.files.pkcs12 import Pkcs12File
from profiles.model import Secret, Selection
from profiles.pkcs12 import bags, encryption, passwords
from profiles.pkcs12.bags import Labels
from profiles.pkcs12.dialects import LEGACY, SEALED
from profiles.pkcs12.mac import mac_data
from profiles.pkcs12.reader import decode
from profiles.pkcs12.seal import open_sealed
from tests.command import argv
from tests.profiles.files.asking import Answers
from tests.profiles.pkcs12 import material as m

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pki import Leaf

FILE, OWN, OTHER = "file", "key pässword", "another"


def shrouded(leaf: Leaf, password: str) -> bytes:
    """The key of a leaf under that password."""
    algorithm, data = encryption.seal(leaf.pkcs8, SEALED.keys, passwords.proper(Secret(password)), "sha256", (1, 8))
    return bags.bag(bags.SHROUDED_KEY, asn1.sequence(algorithm, asn1.octets(data)), Labels(leaf.cn))


def made(*keys: tuple[Leaf, str]) -> bytes:
    """A file under ``FILE`` of keys under their own passwords, and their certificates."""
    contents = [shrouded(leaf, password) for leaf, password in keys]
    contents += [bags.certificate_bag(leaf.der, Labels(leaf.cn)) for leaf, _ in keys]
    safe = asn1.sequence(m.data(asn1.sequence(*contents)))
    mac = mac_data(safe, LEGACY.mac, passwords.proper(Secret(FILE)), (1, 8))
    return asn1.sequence(asn1.integer(3), m.data(safe), mac)


def test_each_key_is_asked_for_by_its_name(alice: Leaf, bob: Leaf, tmp_path: Path) -> None:
    """After the password of the file; and both come out."""
    path = tmp_path / "java.p12"
    path.write_bytes(made((alice, OWN), (bob, OTHER)))
    store, answers = Pkcs12File(path), Answers(FILE, OWN, OTHER)
    store.unlock(answers)
    asked = [what for what, _ in answers.questions]
    assert asked[0] == f"the password of p12:{path}"
    assert [name in what for name, what in zip((alice.cn, bob.cn), asked[1:], strict=True)] == [True, True]
    found = open_sealed(store.export(Selection.of([alice.sha256, bob.sha256]))).items
    assert {item.key for item in found} == {m.key(alice), m.key(bob)}
    assert store.list().problems == ()


def test_a_key_that_nobody_opens_is_left_behind(alice: Leaf, bob: Leaf, tmp_path: Path) -> None:
    """It is told by its name, beside one that opens; where none does, the password is wrong."""
    path = tmp_path / "java.p12"
    path.write_bytes(made((alice, FILE), (bob, OWN)))
    store = Pkcs12File(path)
    store.unlock(Answers(FILE, ""))
    assert [(entry.certificate.sha256, entry.has_key) for entry in store.list().entries] == [
        (alice.sha256, True), (bob.sha256, False)]
    assert bob.cn in store.list().problems[0].message
    path.write_bytes(made((alice, OWN)))
    with pytest.raises(WrongPassword, match=f"not the key '{alice.cn}'"):
        Pkcs12File(path).unlock(Answers(FILE, "wrong"))
    with pytest.raises(WrongPassword):
        Pkcs12File(path).unlock(Answers(OWN))
    with pytest.raises(WrongPassword):
        decode(path.read_bytes(), Secret(FILE))


@pytest.mark.slow
def test_a_script_gives_it_in_the_next_line(alice: Leaf, tmp_path: Path) -> None:
    """Of the same standard input."""
    path, out, new = tmp_path / "java.p12", tmp_path / "out.p12", tmp_path / "new"
    path.write_bytes(made((alice, OWN)))
    new.write_text("new")
    done = subprocess.run(argv("migrate", path, out, "--from-password", "file:-", "--to-password", f"file:{new}"),
                          input=f"{FILE}\n{OWN}\n".encode(), capture_output=True, check=False, timeout=60,
                          env=os.environ | {"PYTHONUTF8": "1"})
    assert done.returncode == 0, done.stderr
    assert [item.key for item in decode(out.read_bytes(), Secret("new")).items] == [m.key(alice)]
