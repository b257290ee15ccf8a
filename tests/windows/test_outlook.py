"""Outlook, Outlook Express and Windows Mail on a Windows machine: the bytes in its registry, read by something else."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import struct
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.windows.wine import WITNESS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pki import Authority, Leaf
    from tests.windows.wine import Machine

pytestmark = pytest.mark.slow
ALICE, BOB = "alice@example.test", "bob@example.test"
OFFICE = r"Software\\Microsoft\\Office\\{}.0\\Outlook\\Profiles\\Outlook\\c02ebc5353d9cd11975200aa004ae40e"
MESSAGING = (r"Software\\Microsoft\\Windows NT\\CurrentVersion\\Windows Messaging Subsystem\\Profiles\\Outlook"
             r"\\c02ebc5353d9cd11975200aa004ae40e")
MANAGER = r"Software\\Microsoft\\Internet Account Manager\\Accounts\\00000001"
IDENTITY = r"Identities\\{11111111-2222-3333-4444-555555555555}" + "\\\\" + MANAGER


def act(machine: Machine, *words: str | Path) -> Any:
    ran = machine.python("-m", "tests.windows.outlook_user", *words)
    assert ran.status == 0, ran.err
    return json.loads(ran.out)


def user_hive(machine: Machine) -> dict[str, dict[str, str]]:
    """The user's registry as it lies on the disk: keys and values as text, without times."""
    machine.stop()
    text = (machine.prefix / "user.reg").read_text("utf-8", "replace").replace("\\\n", "")
    found: dict[str, dict[str, str]] = {}
    for block in re.split(r"\n\n+", text):
        head = re.match(r"\[(.*)\] \d+", block.strip())
        if head:
            found[head[1]] = dict(re.findall(r'^"([^"]*)"=(.*)$', block, re.MULTILINE))
    return {key: values for key, values in found.items()
            if key.startswith(("Identities", r"Software\\Microsoft\\Office", r"Software\\Microsoft\\Internet Account"))
            or "Windows Messaging" in key}


def binary(values: dict[str, str], name: str) -> bytes:
    kind, _, data = values[name].partition(":")
    assert kind == "hex"
    return bytes.fromhex(re.sub(r"[\s,]", "", data))


def documented(leaf: Leaf, width: int) -> bytes:
    """The value of 11020355 as the documents have it, written out by hand."""
    thumbprint, name = hashlib.sha1(leaf.der).digest(), f"S/MIME {ALICE}"
    body = bytes.fromhex("010008000100000006000800010000002000080007000000")
    body += b"\x0b\0" + struct.pack("<H", len(name) + 5) + name.encode() + b"\0"
    body += b"\x51\0" + struct.pack("<H", 2 * len(name) + 6) + name.encode("utf-16-le") + b"\0\0"
    body += b"\x09\0\x18\0" + thumbprint + b"\x22\0\x18\0" + thumbprint
    body += bytes.fromhex("02006000305a" "300b060960864801650304012a" "300b0609608648016503040116"
                          "300a06082a864886f70d0307" "300b0609608648016503040102" "300b0609608648016503040203"
                          "300b0609608648016503040202" "300b0609608648016503040201")
    head = struct.pack("<III", 1, len(body), 12) if width == 32 else struct.pack("<IQQ", 1, len(body), 20)
    return head + body + bytes(16 - len(head + body) % 16)


def der(leaf: Leaf, directory: Path) -> Path:
    path = directory / f"{leaf.sha256}.der"
    path.write_bytes(leaf.der)
    return path


def test_written_as_documented_read_back_and_undone(machine: Machine, alice: Leaf, tmp_path: Path) -> None:
    """Byte for byte, in every program; the same association comes back; undo leaves the registry as it was."""
    certificate = der(alice, tmp_path)
    file = machine.place(act(machine, "seed", ALICE, BOB)["file"])
    before, account = user_hive(machine), file.read_bytes()
    point = act(machine, "associate", ALICE, certificate)["point"]
    said = act(machine, "accounts", certificate)
    assert len(said) == 11
    assert {tuple(one) for one in said.values()} == {
        (ALICE, alice.sha256, alice.sha256), (BOB, alice.sha256, alice.sha256), (BOB, None, None)}
    assert {one for one, used in said.items() if used == [BOB, None, None]} == {
        one for one, used in said.items() if used[0] == BOB and one.startswith("outlook-express/")}

    hive = user_hive(machine)
    assert binary(hive[OFFICE.format(16)], "11020355") == documented(alice, 64)
    assert binary(hive[OFFICE.format(15)], "11020355") == documented(alice, 32)
    assert binary(hive[MESSAGING], "11020355") == documented(alice, 32)
    for key in (MANAGER, IDENTITY):
        for name in ("SMTP Certificate", "SMTP Encryption Certificate"):
            assert binary(hive[key], name) == hashlib.sha1(alice.der).digest()
    hexed = hashlib.sha1(alice.der).hexdigest()
    assert f'<SMTP_Certificate type="BINARY">{hexed}</SMTP_Certificate>' in file.read_bytes().decode("utf-16")
    changed = {key for key in hive if hive[key] != before.get(key)}
    assert changed == {OFFICE.format(16), OFFICE.format(15), MESSAGING, MANAGER, IDENTITY}

    act(machine, "restore", point)
    assert user_hive(machine) == before
    assert file.read_bytes() == account


def test_an_interrupted_run_is_decided_by_the_next(
    machine: Machine, alice: Leaf, intermediate: Authority, tmp_path: Path
) -> None:
    """With the certificate in the store it is finished, without it taken back."""
    certificate, other = der(alice, tmp_path), der(intermediate.leaf("Other", email=ALICE), tmp_path)
    act(machine, "seed", ALICE)
    before, absent, present = act(machine, "interrupted", ALICE, other, certificate)
    assert before == absent
    assert {tuple(one) for one in present.values()} == {(ALICE, alice.sha256, alice.sha256)}


def test_applications_of_this_windows(shared_machine: Machine) -> None:
    """Wine's own Internet Explorer is told from its registry, and that the user's store is its."""
    found = {one[0]: one[2] for one in act(shared_machine, "applications")}
    assert found["Internet Explorer"] == "windows"
    assert "IIS" not in found


def test_a_running_outlook_is_seen(shared_machine: Machine, alice: Leaf, tmp_path: Path) -> None:
    """By the name of its file, whoever started it; and not any more once it has ended."""
    machine = shared_machine
    act(machine, "seed", ALICE)
    program = machine.disk / "Office" / "OUTLOOK.EXE"
    program.parent.mkdir()
    shutil.copy(WITNESS, program)
    running = machine.start(program, "sleep", "60")
    try:
        deadline = time.monotonic() + 30
        while "error" not in (said := act(machine, "associate", ALICE, der(alice, tmp_path))):
            act(machine, "restore", said["point"])
            assert time.monotonic() < deadline
    finally:
        running.kill()
        running.communicate()
    assert said["error"] == "store-in-use"
    assert "Outlook is running" in said["message"]
    assert "point" in act(machine, "associate", ALICE, der(alice, tmp_path))
