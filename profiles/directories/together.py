"""Several files of one directory change together or not at all, whatever interrupts it.

drafts of all files → backup of what is replaced → intent (names and fingerprints, no content) → every draft takes its
place → the intent goes. ``recover`` finishes what was interrupted before anything else, and needs no secret: the
drafts are what they will be. Where another program changed a file meanwhile, it takes back instead.
"""

from __future__ import annotations

import json
import secrets
import shutil
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from profiles import disk
from profiles.errors import Error, Malformed, StoreInUse
from profiles.files import writing
from profiles.files.reading import explained, read, read_if_there
from profiles.files.record import fingerprint
from profiles.nss.intent import INTENT, OWN, pending
from profiles.nss.lock import locked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["OWN", "Edit", "pending", "recover", "stamp", "unsettled", "write"]

_BACKUP = "backup-"
_KEPT = 10
_ALONE = "Put a copy of the file in its place, then start again."


class Edit(NamedTuple):
    """One file, named from the directory: what it holds now (None: it is not there) and what it is to hold."""

    name: str
    old: bytes | None
    new: bytes | None
    mode: int = 0o600

    @classmethod
    def of(cls, directory: Path, name: str, new: bytes | None) -> Edit:
        """What a file is to hold from now on, whoever may read it now."""
        path = directory / name
        old = read_if_there(path)
        return cls(name, old, new, 0o600 if old is None else path.stat().st_mode & 0o777)


@dataclass
class _Noted:
    """One edit as the intent has it: fingerprints instead of contents."""

    name: str
    old: str | None
    new: str | None
    mode: int
    draft: str | None = None


def stamp() -> str:
    """A name that sorts by time and is used once."""
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"


def write(directory: Path, edits: Sequence[Edit], *, keep: bool = True) -> None:
    """Make all edits durably, or none; ``StoreInUse`` where a file no longer holds what its edit says.

    With ``keep``, what was replaced stays in a backup; without, nothing of what was removed remains.
    """
    wanted = [edit for edit in edits if edit.old != edit.new]
    if not wanted:
        return
    made = _make_directories(directory, wanted)
    try:
        with locked(directory / OWN):
            _recover(directory)
            _write(directory, wanted, keep=keep)
    except BaseException:
        for empty in reversed(made):
            with suppress(OSError):
                empty.rmdir()
        raise


def unsettled(directory: Path) -> bool:
    """Whether a run that was killed left anything here; costs a look into the directory where certferry wrote once."""
    return (directory / OWN).is_dir() and (pending(directory) or any(_drafts(directory)))


def recover(directory: Path) -> None:
    """Finish or take back a step that was interrupted, and remove drafts that became of no use."""
    if unsettled(directory):
        with locked(directory / OWN):
            _recover(directory)
            for place in {draft.parent for draft in _drafts(directory)}:
                writing.sweep_all(place)


def _drafts(directory: Path) -> Iterator[Path]:
    below = (one for one in directory.iterdir() if one.is_dir() and not one.is_symlink())
    backups = (one for one in (directory / OWN).rglob("*") if one.is_dir() and not one.is_symlink())
    for place in (directory, *below, *backups):
        yield from writing.drafts(place)


def _make_directories(directory: Path, edits: Sequence[Edit]) -> list[Path]:
    """Those that are not there yet, for their owner alone; which ones were made."""
    made = []
    for place in (directory, directory / OWN, *((directory / edit.name).parent for edit in edits)):
        missing = [one for one in (place, *place.parents) if not one.is_dir()]
        for one in reversed(missing):
            with explained(one):
                one.mkdir(mode=0o700)
                disk.sync(one.parent)
            made.append(one)
    return made


def _write(directory: Path, edits: Sequence[Edit], *, keep: bool) -> None:
    noted: list[_Noted] = []
    name = stamp()
    for place in {(directory / edit.name).parent for edit in edits}:
        writing.sweep_all(place)
    try:
        noted.extend(_drafted(directory, edit) for edit in edits)
        _back_up(directory, name, edits)
        writing.write_new(_intent(directory, name), _encoded(name, noted, keep=keep))
        _forward(directory, noted)
    except BaseException:
        _back(directory, name, noted)
        _finish(directory, name, keep=True)
        raise
    _finish(directory, name, keep=keep)


def _drafted(directory: Path, edit: Edit) -> _Noted:
    path = directory / edit.name
    owner = writing.require_plain(path, _ALONE) if edit.old is not None else None
    if read_if_there(path) != edit.old:
        raise StoreInUse(f"{path} was changed by another program meanwhile", "Start again; it was left as it is.")
    noted = _Noted(edit.name, _of(edit.old), _of(edit.new), edit.mode)
    if edit.new is not None:
        with explained(path):
            noted.draft = writing.draft(path, edit.new, edit.mode, owner).name
    return noted


def _back_up(directory: Path, name: str, edits: Iterable[Edit]) -> None:
    for edit in edits:
        if edit.old is not None:
            copy = directory / OWN / f"{_BACKUP}{name}" / edit.name
            with explained(copy):
                copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            writing.write_new(copy, edit.old)


def _forward(directory: Path, noted: Iterable[_Noted]) -> None:
    """Give every file its new content; what is done already is passed over."""
    places = set()
    for one in noted:
        path, draft = _places(directory, one)
        now = _fingerprint(path)
        if now != one.new:
            if now != one.old:
                raise StoreInUse(f"{path} was changed by another program meanwhile", "It was left as it is.")
            with explained(path):
                if draft is None:
                    path.unlink()
                elif one.old is None:
                    disk.publish(draft, path)
                else:
                    draft.replace(path)
        _discard(draft)
        places.add(path.parent)
    for place in places:
        with explained(place):
            disk.sync(place)


def _back(directory: Path, name: str, noted: Sequence[_Noted]) -> None:
    """Give every file that has its new content the old one again."""
    for one in reversed(noted):
        path, draft = _places(directory, one)
        _discard(draft)
        if one.old == one.new or _fingerprint(path) != one.new:
            continue
        if one.old is None:
            with explained(path):
                path.unlink()
                disk.sync(path.parent)
        else:
            old = read(directory / OWN / f"{_BACKUP}{name}" / one.name)
            if one.new is None:
                writing.write_new(path, old, one.mode)
            else:
                writing.replace(path, old, read(path), one.mode)


def _recover(directory: Path) -> None:
    for intent in sorted((directory / OWN).glob(f"{INTENT}*.json")):
        try:
            kept = json.loads(read(intent))
            name, keep, noted = str(kept["name"]), bool(kept["keep"]), [_Noted(**one) for one in kept["files"]]
            outside = any(Path(one.name).is_absolute() or ".." in Path(one.name).parts for one in noted)
        except (ValueError, TypeError, KeyError):
            outside = True
        if outside:
            intent.rename(intent.with_suffix(".damaged"))
            raise Malformed(f"the note of an interrupted step in {intent.parent} is damaged",
                            "It was set aside. Look whether all is there, and migrate again if it is not.")
        try:
            _forward(directory, noted)
        except (Error, OSError):
            _back(directory, name, noted)
            keep = True
        _finish(directory, name, keep=keep)


def _places(directory: Path, one: _Noted) -> tuple[Path, Path | None]:
    path = directory / one.name
    return path, path.with_name(Path(one.draft).name) if one.draft else None


def _fingerprint(path: Path) -> str | None:
    return _of(read_if_there(path))


def _of(data: bytes | None) -> str | None:
    return None if data is None else fingerprint(data)


def _discard(draft: Path | None) -> None:
    if draft is not None:
        with suppress(OSError):
            draft.unlink()


def _encoded(name: str, noted: Iterable[_Noted], *, keep: bool) -> bytes:
    return json.dumps({"name": name, "keep": keep, "files": [asdict(one) for one in noted]}).encode()


def _intent(directory: Path, name: str) -> Path:
    return directory / OWN / f"{INTENT}{name}.json"


def _finish(directory: Path, name: str, *, keep: bool) -> None:
    """The step is over: its intent goes, and of the backups all but the newest ten."""
    own, intent = directory / OWN, _intent(directory, name)
    if not keep:
        shutil.rmtree(own / f"{_BACKUP}{name}", ignore_errors=True)
    with explained(intent):
        intent.unlink(missing_ok=True)
        disk.sync(own)
    for old in sorted(own.glob(f"{_BACKUP}*"))[:-_KEPT]:
        if not old.is_symlink():
            shutil.rmtree(old, ignore_errors=True)
