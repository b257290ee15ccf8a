"""Each thing that the system may say of a file has one sentence, wherever it is said."""

from __future__ import annotations

import errno
import os

import pytest

from profiles.errors import AccessDenied, Malformed, StoreNotFound, ToolFailed
from profiles.files.reading import explained
from profiles.nss.sql import translated
from profiles.refusals import refusal


@pytest.mark.parametrize(("code", "kind", "text"), [
    (errno.ENOENT, StoreNotFound, "there is no file"), (errno.ENAMETOOLONG, StoreNotFound, "no name can be that long"),
    (errno.EEXIST, AccessDenied, "is there already"), (errno.EACCES, AccessDenied, "may not be read or written here"),
    (errno.EROFS, AccessDenied, "may not be read or written here"), (errno.ENOSPC, ToolFailed, "the disk is full"),
    (errno.EDQUOT if hasattr(errno, "EDQUOT") else errno.ENOSPC, ToolFailed, "the disk is full"),
    (errno.EFBIG, ToolFailed, "no file may be that large"), (errno.EISDIR, Malformed, "is a directory"),
    (errno.EIO, ToolFailed, os.strerror(errno.EIO)),
])
@pytest.mark.parametrize("telling", [explained, translated])
def test_one_sentence(tmp_path, code, kind, text, telling):
    """For files and for databases alike, about the path in question."""
    path = tmp_path / "key4.db"
    with pytest.raises(kind) as caught, telling(path):
        raise OSError(code, os.strerror(code))
    assert str(path) in caught.value.message and text in caught.value.message


def test_a_missing_directory(tmp_path):
    """What is missing is named, not what would be in it."""
    error = refusal(FileNotFoundError(errno.ENOENT, "No such file"), tmp_path / "no" / "a.p12")
    assert error.message == f"there is no directory {tmp_path / 'no'}"


def test_what_the_system_names_itself(tmp_path):
    """A refusal that nobody caught nearer still says which file it is about."""
    with pytest.raises(FileNotFoundError) as caught:
        (tmp_path / "gone").stat()
    assert refusal(caught.value).message == f"there is no file {tmp_path / 'gone'}"
    assert refusal(OSError(errno.EMFILE, "Too many open files")).code == "error"
