"""The Windows store passes the contract: for real on a Windows Python, and over calls that behave as documented."""

from __future__ import annotations

import pytest

from tests.source import REPOSITORY


@pytest.mark.slow
def test_the_contract_on_windows(machine):
    """Over the real crypt32, in a process on Windows."""
    ran = machine.python("-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", REPOSITORY, "-c",
                         REPOSITORY / "pyproject.toml", REPOSITORY / "tests/windows/contract_on_windows.py", timeout=300)
    assert ran.status == 0, ran.out[-6000:]
    assert " 0 failed, 0 skipped" in ran.out
