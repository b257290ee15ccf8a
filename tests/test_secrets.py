"""A whole run watched with strace: where the passwords and the private key go, and where they never go."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests import keys, nss_tools
from tests.command import argv
from tests.system import require

pytestmark = pytest.mark.linux("strace")
OLD, NEW, FILE = "kanarienvogel-alt", "kanarienvogel-neu", "kanarienvogel-datei"
CALLS = "execve,write,pwrite64,writev,pwritev,sendto,sendmsg,openat,open,creat,memfd_create,socket,connect"
_CALL = re.compile(r"^\d+\s+(\w+)\((.*)$")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_DATABASE = re.compile(r"(?:cert9|key4)\.db(?:-journal)?(?:\.\d+\.new(?:-journal)?)?$|/\.(?:cert9|key4)\.db\.")


@dataclass
class Seen:
    """What a run did: program arguments, what it wrote where, and the files it made with their modes."""

    executed: list[bytes] = field(default_factory=list)
    written: dict[str, bytes] = field(default_factory=dict)
    created: dict[str, int] = field(default_factory=dict)
    sockets: list[str] = field(default_factory=list)


def watched(tmp_path: Path, *arguments: str | Path) -> Seen:
    """Run certferry under strace; it must succeed."""
    log = tmp_path / "strace.log"
    strace = [require("strace"), "-f", "-y", "-xx", "-s", "1000000", "-v", "-e", f"trace={CALLS}", "-o", str(log)]
    done = subprocess.run(strace + argv(*arguments), check=False, capture_output=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr.decode()
    return parse(log.read_text())


def parse(log: str) -> Seen:
    """The calls of a strace log (-f -y -xx -v)."""
    seen = Seen()
    for line in log.splitlines():
        found = _CALL.match(line)
        if not found or " = -1 " in line:
            continue
        call, rest = found.groups()
        strings = [bytes.fromhex(text.replace("\\x", "")) for text in _STRING.findall(rest)]
        if call == "execve":
            seen.executed += strings
        elif call in ("socket", "connect"):
            seen.sockets.append(line)
        elif call in ("openat", "open", "creat") and "O_CREAT" in rest:
            seen.created[strings[0].decode()] = int(found_mode[-1], 8) if (found_mode := re.findall(
                r", (0[0-7]{3})\)", rest)) else -1
        elif strings and call.startswith(("write", "pwrite", "send")):
            named = re.match(r"\d+<([^>]*)>", rest)
            where = bytes.fromhex(named[1].replace("\\x", "")).decode() if named and "\\x" in named[1] else (
                named[1] if named else "?")
            seen.written[where] = seen.written.get(where, b"") + strings[0]
    return seen


def canaries(leaf) -> dict[str, bytes]:
    """Every form of the secrets that must not be seen: passwords, and the numbers of the key in both orders."""
    numbers = leaf.key.private_numbers()
    passwords = {"old": OLD, "new": NEW, "file": FILE}
    found = {name: text.encode() for name, text in passwords.items()}
    found |= {f"{name}, two octets": text.encode("utf-16-be") for name, text in passwords.items()}
    for name, number in (("d", numbers.d), ("p", numbers.p), ("q", numbers.q)):
        for order in ("big", "little"):
            found[f"{name} {order}"] = number.to_bytes((number.bit_length() + 7) // 8, order)[4:40]
    return found


def check(seen: Seen, leaf, allowed: re.Pattern[str] = _DATABASE) -> None:
    """No canary in any argument or environment, none written anywhere but inside the databases, no network."""
    for name, canary in canaries(leaf).items():
        assert not any(canary in text for text in seen.executed), f"{name} in argv or environment"
        for path, content in seen.written.items():
            assert canary not in content, f"{name} written to {path}"
    assert not [line for line in seen.sockets if "AF_INET" in line]
    for path, mode in seen.created.items():
        if not path.startswith(("/dev/", "/proc/")) and not path.endswith("-journal"):
            assert mode & 0o077 == 0 or (Path(path).exists() and Path(path).stat().st_mode & 0o077 == 0), path


@pytest.fixture
def leaf(root):
    """An identity whose key is worth hiding."""
    return root.intermediate().leaf("Canary", email="canary@example.test", key=keys.generate("rsa-2048"))


def passwords(tmp_path: Path, **secrets: str) -> list[str]:
    """Options that name private files with the passwords."""
    options = []
    for name, secret in secrets.items():
        path = tmp_path / name
        path.write_text(secret + "\n")
        path.chmod(0o600)
        options += [f"--{name}-password", f"file:{path}"]
    return options


@pytest.mark.parametrize("password", [NEW, None], ids=["password", "none"])
def test_profile_to_profile(nss_database, leaf, tmp_path, password):
    """Neither password nor key is written anywhere in the clear, into a profile with and without a password."""
    source, target = nss_database(OLD), nss_database(password)
    source.add_p12(leaf.p12())
    secrets = {"from": OLD} | ({"to": password} if password else {})
    seen = watched(tmp_path, "migrate", f"nss:{source.path}", f"nss:{target.path}", *passwords(tmp_path, **secrets))
    assert any(path.endswith("key4.db") for path in seen.written)
    check(seen, leaf)
    outside = [path for path in seen.written if not _DATABASE.search(path) and ".certferry" not in path
               and not path.startswith(("/dev/", "pipe:")) and "journal.jsonl" not in path]
    assert not outside


@pytest.mark.slow
def test_through_a_file(nss_database, leaf, tmp_path):
    """A PKCS#12 file is written sealed, under its own name or a private one beside it."""
    source = nss_database(OLD)
    source.add_p12(leaf.p12())
    file = tmp_path / "canary.p12"
    options = passwords(tmp_path, file=FILE, **{"from": OLD})
    check(watched(tmp_path, "backup", f"nss:{source.path}", file, *options), leaf)
    target = nss_database(NEW)
    options = passwords(tmp_path, file=FILE, to=NEW)
    check(watched(tmp_path, "restore", file, f"nss:{target.path}", *options), leaf)


def test_wrong_password_is_not_repeated(nss_database, leaf, tmp_path):
    """No message shows what was typed."""
    source = nss_database(OLD)
    source.add_p12(leaf.p12())
    options = passwords(tmp_path, **{"from": "not-this-one"})
    done = subprocess.run(argv("migrate", f"nss:{source.path}", "chromium", *options), check=False,
                          capture_output=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 3
    assert b"not-this-one" not in done.stdout + done.stderr


def test_the_watch_is_not_blind(nss_database, leaf, tmp_path):
    """The same check over a run that does it wrong finds the password and the key."""
    seen = Seen(executed=[b"pk12util", b"-W", OLD.encode()])
    with pytest.raises(AssertionError, match="argv"):
        check(seen, leaf)
    log = tmp_path / "strace.log"
    script = f"open({str(tmp_path / 'leak')!r}, 'wb').write(bytes.fromhex({leaf.pkcs8.hex()!r}))"
    import sys

    subprocess.run([require("strace"), "-f", "-y", "-xx", "-s", "1000000", "-v", "-e", f"trace={CALLS}", "-o", str(log),
                    sys.executable, "-c", script], check=True, env=os.environ)
    seen = parse(log.read_text())
    with pytest.raises(AssertionError, match=r"written to|argv"):
        check(seen, leaf)
    assert any(str(tmp_path / "leak") in path for path in seen.written)
    assert nss_tools.Database(nss_database().path).private_keys() == []
