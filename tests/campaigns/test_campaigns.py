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


def test_faults() -> None:
    """A disk that fills up or fails at every sixth fault point: no false success, nothing half."""
    done = run("faults", "--every", "6")
    assert done.returncode == 0, done.stdout + done.stderr


def test_faults_of_a_naive_import_show() -> None:
    """The same harness over pk12util finds half-imports and false successes."""
    done = run("faults", "--every", "12", "--control")
    assert done.returncode == 0, done.stdout + done.stderr
