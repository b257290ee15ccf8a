"""A short run of the PKCS#12 fuzzing campaign, and proof that it would see a careless decoder."""

from __future__ import annotations

import pytest

pytest.importorskip("resource", reason="Linux only: the campaign measures its memory")

from tests.campaigns.fuzz_pkcs12 import campaign, careless


@pytest.mark.slow
def test_two_thousand_mutants() -> None:
    """Only errors that a caller can act on, none slow, none large; and the mutants reach every outcome."""
    found = campaign(2000, 7)
    assert found.failures == []
    assert {"opened", "malformed", "unsupported", "wrong-password", "password-needed"} <= set(found.outcomes)


@pytest.mark.slow
def test_the_control_is_caught() -> None:
    """A decoder that believes lengths fails the same campaign."""
    found = campaign(300, 7, careless)
    assert any("IndexError" in failure for failure in found.failures)
