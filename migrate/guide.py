"""Steps that only a person can take, where no program can: texts, filled in with the names of that person's files."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from profiles.commands import typed
from profiles.errors import NoMatch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

_SUFFIX = ".txt"
_UNNAMED = "your .p12 file"


class Guide(NamedTuple):
    """One guide: what it is called, what it is about, and its steps, which end with how to see that it worked."""

    topic: str
    title: str
    text: str


def topics() -> tuple[Guide, ...]:
    """Every guide there is, by topic."""
    return tuple(sorted(_guide(found, None) for found in _texts()))


def guide(topic: str, file: str | None = None) -> Guide:
    """The guide of a topic, about the file of that name; ``NoMatch`` where there is none."""
    for found in _texts():
        if found.name == topic.strip().lower() + _SUFFIX:
            return _guide(found, file)
    raise NoMatch(f"there is no guide {topic!r}", f"There are {', '.join(one.topic for one in topics())}.")


def _texts() -> Iterator[Traversable]:
    return (found for found in (files("migrate") / "guides").iterdir() if found.name.endswith(_SUFFIX))


def _guide(found: Traversable, file: str | None) -> Guide:
    title, _, text = found.read_text("utf-8").replace(
        "{file}", file or _UNNAMED).replace("{typed}", typed(file) if file else "FILE").partition("\n\n")
    return Guide(found.name.removesuffix(_SUFFIX), title.strip(), text.rstrip("\n"))
