"""The Windows store passes the contract: for real on a Windows Python, and over calls that behave as documented."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import ClassVar

import pytest

from profiles.windows.store import MACHINE, USER, WindowsStore
from tests.profiles.contract import StoreContract
from tests.profiles.place import Place
from tests.source import REPOSITORY
from tests.windows.fake import FakeWindows
from tests.windows.limits import NARROW_TRUST


class TestWindows(StoreContract):
    """The stores of the user, on the stand-in: here also EC keys, which CNG keeps."""

    limits: ClassVar = NARROW_TRUST
    location: ClassVar = USER

    @pytest.fixture
    def make(self, tmp_path):
        def one():
            windows = FakeWindows()
            store = partial(WindowsStore, self.location, windows.native(), Path(mkdtemp(dir=tmp_path)))
            return Place(store, bar=windows.bar)

        return one


@pytest.mark.slow
class TestWindowsMachine(TestWindows):
    """The stores of the computer."""

    location = MACHINE


@pytest.mark.slow
def test_the_contract_on_windows(machine):
    """Over the real crypt32, in a process on Windows."""
    ran = machine.python("-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "--rootdir", REPOSITORY, "-c",
                         REPOSITORY / "pyproject.toml", REPOSITORY / "tests/windows/contract_on_windows.py",
                         timeout=900)
    assert ran.status == 0, ran.out[-6000:]
    assert " 0 failed, 0 skipped" in ran.out
