"""What the Windows stores cannot do, and why."""

from __future__ import annotations

NO_WORD = "Windows has no word for a CA that is no anchor"
NARROW_TRUST = {
    "test_trust_survives[websites]": NO_WORD,
    "test_trust_survives[valid]": NO_WORD,
    "test_trust_is_set_again": NO_WORD,
}
