"""``pip install certferry`` on Windows: everything it needs comes as a wheel, nothing is compiled."""

from __future__ import annotations

import json
import tomllib

import pytest

from tests.source import REPOSITORY
from tests.windows.wine import Machine

pytestmark = pytest.mark.slow

WALK = """
import importlib.metadata, json, sys
from packaging.requirements import Requirement
found, todo = {}, json.loads(sys.argv[1])
while todo:
    wanted = Requirement(todo.pop())
    if (wanted.marker and not wanted.marker.evaluate({"extra": ""})) or wanted.name in found:
        continue
    distribution = importlib.metadata.distribution(wanted.name)
    assert wanted.specifier.contains(distribution.version), (str(wanted), distribution.version)
    tags = [line.split()[1] for line in distribution.read_text("WHEEL").splitlines() if line.startswith("Tag:")]
    found[wanted.name] = tags
    todo += distribution.requires or []
print(json.dumps(found))
"""


def test_every_dependency_has_a_wheel_for_windows(shared_machine: Machine) -> None:
    """All that a Windows Python asks for, by its own conditions, was installed from wheels for Windows or for any."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    ran = shared_machine.python("-c", WALK, json.dumps(project["project"]["dependencies"]))
    assert ran.status == 0, ran.err
    found = json.loads(ran.out)
    assert {"cryptography", "typer", "psutil", "platformdirs", "colorama"} <= set(found)
    assert all(any(tag.endswith(("-win_amd64", "-any")) for tag in tags) for tags in found.values())


def test_certferry_itself_is_pure(shared_machine: Machine) -> None:
    """It has no extension modules, and imports each of its modules there."""
    assert {path.suffix for package in ("profiles", "migrate") for path in (REPOSITORY / package).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts} == {".py", ".txt", ".typed"}
    code = ("import importlib, pkgutil, sys, profiles, migrate\n"
            "for package in (profiles, migrate):\n"
            "    for one in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
            "        if not one.name.endswith(('__main__', 'library_worker')):\n"
            "            importlib.import_module(one.name)\n"
            "print(len(sys.modules))")
    ran = shared_machine.python("-c", code)
    assert ran.status == 0, ran.err
