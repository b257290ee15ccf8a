"""Short runs of the kill and fault campaigns, each with the control that must show harm."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.linux("kills and faults by fork and ptrace"), pytest.mark.slow]

ROOT = Path(__file__).parents[2]


def run(module: str, *options: str) -> subprocess.CompletedProcess[str]:
    """A campaign in a process of its own: it forks, and sets HOME."""
    return subprocess.run([sys.executable, "-m", f"tests.campaigns.{module}", *options], cwd=ROOT, check=False,
                          capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL)


def test_kills() -> None:
    """After 150 kills nothing is half there and nothing old is gone."""
    done = run("kill", "--count", "150", "--seed", "7")
    assert done.returncode == 0, done.stdout + done.stderr


def test_kills_of_a_naive_import_show() -> None:
    """The same harness over pk12util finds half-imports."""
    done = run("kill", "--count", "60", "--seed", "7", "--control")
    assert done.returncode == 0, done.stdout + done.stderr


def test_kills_with_an_association() -> None:
    """After 60 kills an account uses the key that arrived, or neither is so."""
    done = run("kill_mail", "--count", "60", "--seed", "7")
    assert done.returncode == 0, done.stdout + done.stderr


def test_kills_between_two_commands_show() -> None:
    """The same harness over moving first and setting the account afterwards finds keys that no account uses."""
    done = run("kill_mail", "--count", "30", "--seed", "7", "--control")
    assert done.returncode == 0, done.stdout + done.stderr


def test_faults() -> None:
    """A disk that fills up or fails at every sixth fault point: no false success, nothing half."""
    done = run("faults", "--every", "6")
    assert done.returncode == 0, done.stdout + done.stderr


def test_faults_of_a_naive_import_show() -> None:
    """The same harness over pk12util finds half-imports and false successes."""
    done = run("faults", "--every", "12", "--control")
    assert done.returncode == 0, done.stdout + done.stderr


def test_faults_of_a_backup() -> None:
    """A disk that fails at every sixth fault point: the file is whole, or all is as before."""
    done = run("backup_faults", "--every", "6", "--seed", "7")
    assert done.returncode == 0, done.stdout + done.stderr


def test_faults_of_a_naive_backup_show() -> None:
    """The same harness over openssl finds broken files."""
    done = run("backup_faults", "--control")
    assert done.returncode == 0, done.stdout + done.stderr


def test_kills_on_windows() -> None:
    """After a dozen kills no certificate is without its key, and the next start leaves nothing behind."""
    done = run("windows_kill", "--count", "12", "--seed", "7")
    assert done.returncode == 0, done.stdout + done.stderr


def test_kills_of_a_naive_import_on_windows_show() -> None:
    """The same harness finds certificates without keys where the certificate goes first."""
    done = run("windows_kill", "--count", "16", "--seed", "3", "--control")
    assert done.returncode == 0, done.stdout + done.stderr


def test_kills_in_directories() -> None:
    """At every fourth change that a step makes in the directories of gpgsm and mutt: all of it is there, or nothing."""
    done = run("kill_directories", "--count", "20", "--every", "4", "--seed", "7")
    assert done.returncode == 0, done.stdout + done.stderr


def test_kills_of_a_naive_writer_in_directories_show() -> None:
    """The same files written one after the other are found half there."""
    done = run("kill_directories", "--count", "10", "--every", "2", "--control")
    assert done.returncode == 0, done.stdout + done.stderr
