"""The whole job on a Windows machine: a certificate arrives, every mail program uses it, and undo takes both back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.windows.test_outlook import ALICE, OFFICE, act, binary, documented, user_hive

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pki import Leaf
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
