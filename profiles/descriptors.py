"""Windows security descriptors as text (SDDL): the native seam under ``disk``, called on Windows only.

Learn: Security Descriptor String Format; CreateFileW, CreateDirectoryW, GetNamedSecurityInfoW.
"""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from ctypes import POINTER, byref, c_int, c_uint32, c_void_p, c_wchar_p
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_REVISION = 1
_DACL = 4
_FILE_OBJECT = 1
_TOKEN_QUERY = 8
_TOKEN_USER = 1
_WRITE, _SHARE_READ, _CREATE_NEW = 0x40000000, 1, 1
_INVALID = c_void_p(-1).value


class _Attributes(ctypes.Structure):
    _fields_ = (("length", c_uint32), ("descriptor", c_void_p), ("inherit", c_int))


@cache
def _libraries() -> tuple[Any, Any]:
    """kernel32 and advapi32 with their prototypes."""
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined,unused-ignore]
    kernel.CreateFileW.argtypes = [c_wchar_p, c_uint32, c_uint32, c_void_p, c_uint32, c_uint32, c_void_p]
    kernel.CreateFileW.restype = c_void_p
    kernel.CreateDirectoryW.argtypes = [c_wchar_p, c_void_p]
    kernel.GetCurrentProcess.restype = c_void_p
    kernel.CloseHandle.argtypes = [c_void_p]
    kernel.LocalFree.argtypes = [c_void_p]
    security = ctypes.WinDLL("advapi32", use_last_error=True)  # type: ignore[attr-defined,unused-ignore]
    security.OpenProcessToken.argtypes = [c_void_p, c_uint32, POINTER(c_void_p)]
    security.GetTokenInformation.argtypes = [c_void_p, c_int, c_void_p, c_uint32, POINTER(c_uint32)]
    security.ConvertSidToStringSidW.argtypes = [c_void_p, POINTER(c_void_p)]
    security.ConvertStringSecurityDescriptorToSecurityDescriptorW.argtypes = [
        c_wchar_p, c_uint32, POINTER(c_void_p), c_void_p]
    security.ConvertSecurityDescriptorToStringSecurityDescriptorW.argtypes = [
        c_void_p, c_uint32, c_uint32, POINTER(c_void_p), c_void_p]
    security.GetNamedSecurityInfoW.argtypes = [
        c_wchar_p, c_int, c_uint32, c_void_p, c_void_p, c_void_p, c_void_p, POINTER(c_void_p)]
    security.GetNamedSecurityInfoW.restype = c_uint32
    return kernel, security


def _failure(code: int | None = None) -> OSError:
    found = ctypes.get_last_error() if code is None else code  # type: ignore[attr-defined,unused-ignore]
    error: OSError = ctypes.WinError(found)  # type: ignore[attr-defined,unused-ignore]
    return error


@cache
def user() -> str:
    """The SID of the user who runs this, as text."""
    kernel, security = _libraries()
    token, size, text = c_void_p(), c_uint32(), c_void_p()
    if not security.OpenProcessToken(kernel.GetCurrentProcess(), _TOKEN_QUERY, byref(token)):
        raise _failure()
    try:
        buffer = ctypes.create_string_buffer(256)  # a SID has at most 68 octets
        if not security.GetTokenInformation(token, _TOKEN_USER, buffer, len(buffer), byref(size)):
            raise _failure()
        if not security.ConvertSidToStringSidW(c_void_p.from_buffer(buffer), byref(text)):
            raise _failure()
        return _taken(text)
    finally:
        kernel.CloseHandle(token)


def owner_only(*, directory: bool = False) -> str:
    """The access list that lets this user in and nobody else, whatever the directory above grants."""
    return f"D:P(A;{'OICI' if directory else ''};FA;;;{user()})"


def _taken(text: c_void_p) -> str:
    """A string that the system allocated, freed."""
    try:
        return ctypes.wstring_at(text)
    finally:
        _libraries()[0].LocalFree(text)


@contextmanager
def _attributes(sddl: str | None) -> Iterator[Any]:
    """The argument that gives a new object this access list; None: what the directory above hands down."""
    if sddl is None:
        yield None
        return
    kernel, security = _libraries()
    descriptor = c_void_p()
    if not security.ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, _REVISION, byref(descriptor), None):
        raise _failure()
    try:
        yield byref(_Attributes(ctypes.sizeof(_Attributes), descriptor, 0))
    finally:
        kernel.LocalFree(descriptor)


def create_file(path: Path, sddl: str | None) -> int:
    """A descriptor of a new file to write, binary, with that access list from the first moment; ``OSError`` if not.

    Until it is closed nobody else can write, rename or remove the file.
    """
    import msvcrt
    import os

    with _attributes(sddl) as attributes:
        handle = _libraries()[0].CreateFileW(str(path), _WRITE, _SHARE_READ, attributes, _CREATE_NEW, 0, None)
        if handle == _INVALID:
            raise _failure()
    flags = os.O_WRONLY | os.O_BINARY | os.O_NOINHERIT  # type: ignore[attr-defined,unused-ignore]
    return int(msvcrt.open_osfhandle(handle, flags))  # type: ignore[attr-defined,unused-ignore]


def create_directory(path: Path, sddl: str | None) -> None:
    """A new directory with that access list; ``OSError`` if not."""
    with _attributes(sddl) as attributes:
        if not _libraries()[0].CreateDirectoryW(str(path), attributes):
            raise _failure()


def access_list(path: Path) -> str:
    """Who may do what with a file or directory."""
    kernel, security = _libraries()
    descriptor, text = c_void_p(), c_void_p()
    code = security.GetNamedSecurityInfoW(str(path), _FILE_OBJECT, _DACL, None, None, None, None, byref(descriptor))
    if code:
        raise _failure(code)
    try:
        if not security.ConvertSecurityDescriptorToStringSecurityDescriptorW(
                descriptor, _REVISION, _DACL, byref(text), None):
            raise _failure()
        return _taken(text)
    finally:
        kernel.LocalFree(descriptor)
