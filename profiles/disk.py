"""What POSIX and Windows each have for files that must be private and must not be lost.

Private is mode 0600, or on Windows an access list with the owner alone; both from the moment the file exists.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

Access = int | str
"""Who may read and write a file: its POSIX mode, or on Windows its access list as text (SDDL)."""
OWNER_ONLY = 0o600

WINDOWS = os.name == "nt"
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
_SHARING_VIOLATIONS = (32, 33)
_CLASSIC_LIMIT = 259
_ROOM = 90
"""Characters that the names of what is made beside a file, or in a profile, may need."""


def create(path: Path, access: Access = OWNER_ONLY) -> int:
    """A descriptor of a new file to write, binary, never through a link; ``FileExistsError`` where anything is.

    On POSIX the file is private until ``give``; on Windows it has that access from the start.
    """
    if WINDOWS:
        from profiles.descriptors import create_file, owner_only

        return create_file(path, access if isinstance(access, str) else None if access & 0o077 else owner_only())
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    return os.open(path, flags, OWNER_ONLY)


def give(handle: int, access: Access) -> None:
    """Give an open file of ``create`` its access, whatever the umask left of it."""
    if not WINDOWS and isinstance(access, int):
        os.fchmod(handle, access)


def access_of(path: Path) -> Access:
    """Who may read and write what is there now."""
    if WINDOWS:
        from profiles.descriptors import access_list

        return access_list(path)
    return stat.S_IMODE(path.stat().st_mode)


def make_private_directory(path: Path) -> None:
    """A new directory that only its owner can look into, and whose files are as private; ``OSError`` if not."""
    if WINDOWS:
        from profiles.descriptors import create_directory, owner_only

        create_directory(path, owner_only(directory=True))
    else:
        path.mkdir(mode=0o700)


def publish(draft: Path, path: Path) -> None:
    """Give a draft its name, without taking that name from anything: ``FileExistsError``. The draft may stay."""
    if WINDOWS:
        draft.rename(path)  # which there replaces nothing, and needs no hard links: memory sticks have none
        return
    try:
        os.link(draft, path, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
        draft.rename(path)  # a file system without hard links: FAT, some network shares


def sync(directory: Path) -> None:
    """Make the names in a directory durable; Windows does so by itself."""
    if WINDOWS:
        return
    handle = os.open(directory, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def in_use(error: OSError) -> bool:
    """Whether Windows refused because another program has the file open."""
    return getattr(error, "winerror", None) in _SHARING_VIOLATIONS


def extended(path: Path) -> Path:
    r"""The absolute path in the form that Windows takes at any length (``\\?\``), where it is a long one.

    Without it, Windows stops at 259 characters unless its administrator allowed more (Learn: Maximum Path Length
    Limitation).
    """
    text = str(path)
    if not WINDOWS or len(text) + _ROOM <= _CLASSIC_LIMIT or text.startswith("\\\\?\\"):
        return path
    from pathlib import Path

    return Path("\\\\?\\UNC\\" + text[2:] if text.startswith("\\\\") else "\\\\?\\" + os.path.normpath(text))


def real(path: str | Path) -> str:
    """Where a path leads, its links followed as far as the system can tell."""
    try:
        return os.path.realpath(path)
    except OSError:  # Windows has many ways not to know, of which Python passes over some
        return os.path.abspath(path)  # noqa: PTH100 - Path.absolute leaves ".." in


def same(one: str | Path, other: str | Path) -> bool:
    """Whether two paths are one place, also where nothing is there yet."""
    from pathlib import Path

    try:
        return Path(one).samefile(other)
    except OSError:  # one of them is yet to be made, or cannot be looked at
        return real(one) == real(other)
