"""A short run of the campaign, and that it is not blind."""

from __future__ import annotations

import pytest

from tests.campaigns.fuzz_profiles_ini import campaign, certferry, naive

pytestmark = pytest.mark.linux("symbolic links, FIFOs, and files given away")


@pytest.mark.slow
def test_nothing_leads_outside() -> None:
    """No hostile file raises, or opens or finds anything out of bounds, and good profiles are found beside it."""
    seen = campaign(90, 7, certferry)
    assert (seen["files"], seen["uncaught"], seen["outside"], seen["opened outside"]) == (90, 0, 0, 0)
    assert seen["profiles"] > 90


def test_the_campaign_sees_what_leads_outside() -> None:
    """A reader that believes the files leaves the bounds."""
    assert campaign(300, 7, naive, quiet=True)["outside"]
