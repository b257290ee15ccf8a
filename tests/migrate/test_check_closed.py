"""check of a file that its right password does not open, or not all of it: never called a wrong password."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from migrate.checkup.checkup import Password
from migrate.cli import checking, findings
from profiles import asn1
from profiles.model import Secret
from profiles.pkcs12 import bags
from profiles.pkcs12.bags import Labels
from profiles.pkcs12.dialects import LEGACY
from profiles.pkcs12.writer import encode
from tests.migrate import odd_files as odd
from tests.migrate.test_check import codes, looked, said
from tests.profiles.files.java import making
from tests.profiles.pkcs12 import material as m

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.pki import Leaf


def words(found: object, capsys: pytest.CaptureFixture[str]) -> str:
    """What a person is shown."""
    findings.checkup(found)  # type: ignore[arg-type]
    return capsys.readouterr().out


def row(text: str, name: str) -> str:
    """What stands in one row of it."""
    (line,) = [line for line in text.splitlines() if line.strip().startswith(f"{name} ")]
    return line.split(name, 1)[1].strip()


@pytest.mark.parametrize("before", [b"\4\x08", b"\4\x14"], ids=["salt of the check", "check value"])
def test_altered(tmp_path: Path, alice: Leaf, capsys: pytest.CaptureFixture[str], before: bytes) -> None:
    """The password is right in every row, the file cannot be used, and no command on it is offered."""
    data = bytearray(encode([m.item(alice)], Secret("secret"), LEGACY))
    data[data.rindex(before) + 2] ^= 1
    path = tmp_path / "altered.p12"
    path.write_bytes(data)
    found = looked(path)
    assert (found.status, checking.status(found), found.password) == ("malformed", 7, Password.RIGHT)
    assert codes(found) == ["altered"]
    text = words(found, capsys)
    assert row(text, "password") == "right"
    assert "private key" in text and "integrity" in text and "opened by" not in text and "certferry" not in text
    assert not any(one["opens"] for one in found.as_json()["readers"])


SEALED_APART: dict[str, Callable[[Leaf], bytes]] = {
    "key.p12": lambda alice: odd.pfx(odd.certificate(alice), odd.key_under(alice, "other")),
    "all.p12": lambda alice: odd.pfx(
        odd.key_under(alice, "other"), parts=(odd.encrypted("other", odd.certificate(alice)),)),
    "key.jks": lambda alice: making.jks(
        [making.jks_key("mine", making.jks_sealed(alice.pkcs8, "other"), [alice.der])], "secret"),
    "key.uber": lambda alice: making.uber(
        [making.bks_sealed("mine", making.plain_key(alice.pkcs8), [alice.der], "other")], "secret"),
}


@pytest.mark.parametrize("name", SEALED_APART)
def test_a_key_under_another_password(
    tmp_path: Path, alice: Leaf, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """The file's own password is right; it is the key's that is missing, and the key is not called missing."""
    path = tmp_path / name
    path.write_bytes(SEALED_APART[name](alice))
    found = looked(path)
    assert (found.status, checking.status(found), found.password) == ("flawed", 1, Password.RIGHT)
    assert "key-password" in codes(found) and "key-missing" not in codes(found)
    assert row(words(found, capsys), "password") == "right"
    found = looked(path, "wrong")
    assert (found.status, found.password) == ("wrong-password", Password.WRONG)


ARIA = asn1.sequence(asn1.oid("1.2.410.200046.1.1.12"), asn1.octets(bytes(16)))
ODD_INSIDE: dict[str, tuple[bytes, str, str]] = {
    "certificate": (bags.certificate_bag(asn1.sequence(asn1.integer(1)), Labels()), "malformed", "malformed"),
    "key": (bags.bag(bags.KEY, asn1.sequence(asn1.integer(0)), Labels()), "malformed", "malformed"),
    "cipher": (m.shrouded_bag(ARIA), "unsupported", "unsupported-cipher"),
}


def test_one_of_two_keys_under_another_password(
    tmp_path: Path, alice: Leaf, bob: Leaf, capsys: pytest.CaptureFixture[str]
) -> None:
    """The other is proved, and that one key is of no use is a problem; nothing was left behind, for nothing moved."""
    path = tmp_path / "two.p12"
    keys = (odd.key_under(alice, "secret"), odd.key_under(bob, "other"))
    path.write_bytes(odd.pfx(*map(odd.certificate, (alice, bob)), *keys))
    found = looked(path)
    assert (found.status, found.password, sum(map(bool, found.proved.values()))) == ("flawed", Password.RIGHT, 1)
    assert "(Bob EC) is sealed with another password" in said(found, "wrong-password")
    assert row(words(found, capsys), "password") == "right"
    assert not any("left behind" in one.message for one in found.findings)


@pytest.mark.parametrize("what", ODD_INSIDE)
def test_one_thing_inside_cannot_be_read(
    tmp_path: Path, alice: Leaf, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    """All that is known is said all the same: how it is made, that the password is right, and what is wrong."""
    bag, status, code = ODD_INSIDE[what]
    path = tmp_path / "odd.p12"
    path.write_bytes(odd.pfx(parts=(odd.encrypted("secret", bag),)))
    found = looked(path)
    assert (found.status, checking.status(found), found.password) == (status, 7, Password.RIGHT)
    assert codes(found) == [code] and "the password is right" in said(found, "password-right")
    assert found.anatomy is not None and len(found.readers) > 5
    text = words(found, capsys)
    assert "AES-256-CBC" in text and row(text, "password") == "right" and "its ciphers are known to" in text
    body = found.as_json()
    assert body["file"]["integrity"] and body["readers"] and body["password"] == "right"
    found = looked(path, "wrong")
    assert (found.status, found.password) == ("wrong-password", Password.WRONG)


def test_a_password_from_a_terminal_is_asked_for_once(tmp_path: Path, alice: Leaf) -> None:
    """Also where the file turns out to be unreadable after it was typed."""
    from migrate.checkup.examination import Examination
    from tests.askers import Given

    path, asked = tmp_path / "odd.p12", Given("secret", tries=3)
    inside = odd.encrypted("secret", bags.certificate_bag(asn1.sequence(asn1.integer(1)), Labels()))
    path.write_bytes(odd.pfx(parts=(inside,)))
    found = Examination(str(path), asked, given=False).run()
    assert (found.password, asked.asked) == (Password.RIGHT, 1)
