"""The machines that the tests of Windows run on."""

from __future__ import annotations

from tests.windows.wine import machine, shared_machine

__all__ = ["machine", "shared_machine"]
