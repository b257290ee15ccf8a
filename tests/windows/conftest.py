"""What the tests of Windows run on: machines with a real Windows Python, and a stand-in for their calls."""

from __future__ import annotations

import pytest

from profiles.windows.store import USER, WindowsStore
from tests.windows.fake import FakeWindows
from tests.windows.wine import machine, shared_machine

__all__ = ["machine", "shared_machine"]


@pytest.fixture
def windows():
    """A computer that behaves as Microsoft documents."""
    return FakeWindows()


@pytest.fixture
def store(windows, tmp_path):
    """Opens its user's store, or the computer's."""

    def opened(location=USER):
        return WindowsStore(location, windows.native(), tmp_path)

    return opened
