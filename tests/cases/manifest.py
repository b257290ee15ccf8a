"""The cases folder: files that others made, with what is expected of each; read in place."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("CERTFERRY_CASES") or ROOT.parent / "shared" / "cases")
MANIFEST = FOLDER / "manifest.json"


def cases(kind: str) -> list[Any]:
    """A test parameter for every case of a kind, or one that is skipped by name where the folder is absent."""
    if not MANIFEST.is_file():
        reason = f"the cases folder is not at {FOLDER} (CERTFERRY_CASES names another)"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason), id=f"no {kind} cases")]
    entries = json.loads(MANIFEST.read_text("utf-8"))["entries"]
    return [pytest.param(entry, id=entry["id"], marks=_marks(entry)) for entry in entries if entry["kind"] == kind]


def _marks(entry: dict[str, Any]) -> list[pytest.MarkDecorator]:
    return [pytest.mark.slow] if "600000" in entry.get("algorithms", "") else []


def content(case: dict[str, Any]) -> bytes:
    """The bytes of a case that is one file."""
    return (FOLDER / case["files"][0]).read_bytes()


def passwords(case: dict[str, Any]) -> list[str]:
    """The passwords to try."""
    found = case["password"]
    return found if isinstance(found, list) else [found or ""]


def sha1(data: bytes) -> str:
    """The fingerprint the manifest names things by."""
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()
