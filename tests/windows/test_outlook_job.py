"""The whole job on a Windows machine: a certificate arrives, every mail program uses it, and undo takes both back."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from tests.windows.test_outlook import ALICE, IDENTITY, MANAGER, MESSAGING, OFFICE, act, binary, documented, user_hive

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pki import Authority, Leaf
    from tests.windows.wine import Machine

pytestmark = pytest.mark.slow


def test_migrate_associate_undo(machine: Machine, alice: Leaf, tmp_path: Path) -> None:
    """In Outlook, Outlook Express and Windows Mail at once; a second run has nothing to do."""
    file = tmp_path / "alice.p12"
    file.write_bytes(alice.p12("secret"))
    act(machine, "seed", ALICE)
    before = user_hive(machine)
    words = ("migrate", file, "windows", "--associate", "auto", "--yes", "--json")
    ran = machine.certferry(*words, source="secret")
    assert ran.status == 0, ran.err
    assert ran.json["status"] == "done"
    hive = user_hive(machine)
    assert binary(hive[OFFICE.format(16)], "11020355") == documented(alice, 64)
    assert binary(hive[OFFICE.format(15)], "11020355") == documented(alice, 32)
    shown = machine.certferry("mail", "windows")
    assert shown.status == 0
    assert shown.out.count("signs with") == shown.out.count(alice.sha256[:16]) // 2 == 6
    again = machine.certferry(*words, source="secret")
    assert again.json["status"] == "nothing"
    undone = machine.certferry("undo", "--yes")
    assert undone.status == 0, undone.err
    assert user_hive(machine) == before
    assert machine.witness("list", "MY").out == ""


def test_undo_gives_back_what_somebody_had_chosen(
    machine: Machine, alice: Leaf, intermediate: Authority, tmp_path: Path
) -> None:
    """Values that stood there come back byte for byte, in Outlook and in Outlook Express, by the command alone."""
    file, former = tmp_path / "alice.p12", intermediate.leaf("Former Alice", email=ALICE)
    file.write_bytes(alice.p12("secret"))
    act(machine, "seed", ALICE)
    values = {bits: documented(former, bits) + bytes(16) for bits in (64, 32)}  # more zeros than are written here
    flags, thumbprint = bytes.fromhex("01000000"), hashlib.sha1(former.der).digest()
    act(machine, "chosen", values[64].hex(), values[32].hex(), flags.hex(), thumbprint.hex())
    before = user_hive(machine)
    outlook, express = {OFFICE.format(16): 64, OFFICE.format(15): 32, MESSAGING: 32}, (MANAGER, IDENTITY)
    assert {(binary(before[key], "11020355"), binary(before[key], "00030354")) for key in outlook} == {
        (value, flags) for value in values.values()}

    words = ("migrate", file, "windows", "--associate", ALICE, "--sign", "--yes", "--json")
    ran = machine.certferry(*words, source="secret")
    assert {one["outcome"] for one in ran.json["associations"]} == {"set"}
    codes = {one["account"].partition("/")[0]: one["code"] for one in ran.json["associations"]}
    assert (ran.status, codes) == (1, {
        "outlook": "", "outlook-express": "defaults-shared", "windows-mail": "defaults-shared"})
    hive = user_hive(machine)
    for key, bits in outlook.items():
        assert binary(hive[key], "11020355") == documented(alice, bits)
        assert binary(hive[key], "00030354") == bytes.fromhex("03000000")
    for key in express:
        assert binary(hive[key], "SMTP Certificate") == hashlib.sha1(alice.der).digest()

    undone = machine.certferry("undo", "--yes")
    assert undone.status == 0, undone.err
    assert user_hive(machine) == before
    assert machine.witness("list", "MY").out == ""
