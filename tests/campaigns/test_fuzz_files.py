"""A short run of the campaign over PEM, Java and IIS files, and proof that it is not blind."""

from __future__ import annotations

import pytest

pytest.importorskip("resource", reason="the campaign measures its memory where there is POSIX")

from tests.campaigns.fuzz_files import campaign


@pytest.mark.slow
def test_six_thousand_mutants() -> None:
    """Only errors that a caller can act on, none slow, none large; and the mutants reach every outcome."""
    found = campaign(6000, 7)
    assert found.failures == []
    assert {"opened", "opened, empty", "malformed", "unsupported", "wrong-password"} <= set(found.outcomes)


@pytest.mark.slow
def test_the_control_is_caught() -> None:
    """A reader that believes lengths fails the same campaign."""
    assert any("error(" in failure or "IndexError" in failure for failure in campaign(600, 7, careless=True).failures)
