"""Where an unfinished step leaves its mark: certferry's own directory inside a profile."""

from __future__ import annotations

import os
from pathlib import Path

OWN = ".certferry"
"""Holds the lock, the intent of a step under way, and one directory for each run that wrote."""
INTENT = "intent-"
"""How the name of an intent file begins."""


def pending(directory: Path) -> bool:
    """Whether a step was interrupted here and not yet recovered."""
    own = f"{directory}{os.sep}{OWN}"
    return os.path.isdir(own) and any(Path(own).glob(f"{INTENT}*.json"))  # noqa: PTH112 - of a whole fleet
