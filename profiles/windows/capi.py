"""Private keys of CryptoAPI (advapi32): a container for each, made, used, read and deleted by its name."""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from typing import TYPE_CHECKING

from profiles.windows.crypt32 import KeyLink
from profiles.windows.native import HANDLE, NO_KEYSET, NativeError, hidden

if TYPE_CHECKING:
    from collections.abc import Iterator

    from profiles.windows.native import Native

PROVIDER, PROVIDER_TYPE = "Microsoft Enhanced RSA and AES Cryptographic Provider", 24
"""Of the software providers the one that signs with SHA-256; it opens the containers of the older ones too."""
_OLDER = ("Microsoft Base Cryptographic Provider v1.0", "Microsoft Enhanced Cryptographic Provider v1.0",
          "Microsoft Strong Cryptographic Provider", "Microsoft RSA SChannel Cryptographic Provider",
          f"{PROVIDER} (Prototype)")
_NEW, _DELETE, _MACHINE, _SILENT = 8, 0x10, 0x20, 0x40
_PUBLIC, _PRIVATE = 6, 7
_EXPORTABLE, _USER_PROTECTED = 1, 2
_SHA256 = 0x800C


def link(container: str, *, machine: bool) -> KeyLink:
    """Where a key of that name is kept by the software provider."""
    return KeyLink(container, PROVIDER, PROVIDER_TYPE, _MACHINE if machine else 0, 1)


def software(key: KeyLink) -> bool:
    """Whether it is kept by Windows itself, and not in a device."""
    return key.provider in (PROVIDER, *_OLDER)


def make(native: Native, key: KeyLink, blob: bytes, *, exportable: bool, protected: bool) -> None:
    """A new container with that private key (PRIVATEKEYBLOB); one that was begun and failed is deleted.

    ``protected`` has Windows ask its user before every use; it shows a window now.
    """
    with _context(native, key, _NEW, silent=not protected) as context:
        try:
            flags = (_EXPORTABLE if exportable else 0) | (_USER_PROTECTED if protected else 0)
            handle = HANDLE()
            secret = ctypes.create_string_buffer(blob, len(blob))
            try:
                native.call("CryptImportKey", context, secret, len(blob), None, flags, ctypes.byref(handle))
            finally:
                ctypes.memset(secret, 0, len(blob))
            native.call("CryptDestroyKey", handle)
        except BaseException:
            delete(native, key)
            raise


def delete(native: Native, key: KeyLink) -> bool:
    """Delete the container with its key; False where there is none."""
    handle = HANDLE()
    try:
        native.call("CryptAcquireContextW", ctypes.byref(handle), key.container, key.provider, key.type,
                    _DELETE | (key.flags & _MACHINE) | _SILENT)
    except NativeError as error:
        if error.code in NO_KEYSET:
            return False
        raise
    return True


def exists(native: Native, key: KeyLink) -> bool | None:
    """Whether there is such a container; None where this user may not look, True where it cannot be told otherwise."""
    try:
        with _context(native, key, 0):
            return True
    except NativeError as error:
        return None if hidden(native, error, machine=key.machine) else error.code not in NO_KEYSET


def private(native: Native, key: KeyLink, *, silent: bool = True) -> bytes:
    """The PRIVATEKEYBLOB of a key; the native error says whether it may not leave."""
    return _exported(native, key, _PRIVATE, silent=silent)


def public(native: Native, key: KeyLink) -> bytes:
    """The PUBLICKEYBLOB of a key, which always comes out."""
    return _exported(native, key, _PUBLIC, silent=True)


def _exported(native: Native, key: KeyLink, kind: int, *, silent: bool) -> bytes:
    with _context(native, key, 0, silent=silent) as context:
        handle = HANDLE()
        native.call("CryptGetUserKey", context, key.spec, ctypes.byref(handle))
        try:
            return native.sized("CryptExportKey", handle, None, kind, 0)
        finally:
            native.call("CryptDestroyKey", handle)


def sign(native: Native, key: KeyLink, message: bytes, *, silent: bool = True) -> bytes:
    """A PKCS#1 v1.5 signature with SHA-256."""
    if software(key):
        key = key._replace(provider=PROVIDER, type=PROVIDER_TYPE)
    with _context(native, key, 0, silent=silent) as context:
        digest = HANDLE()
        native.call("CryptCreateHash", context, _SHA256, None, 0, ctypes.byref(digest))
        try:
            native.call("CryptHashData", digest, message, len(message), 0)
            return native.sized("CryptSignHashW", digest, key.spec, None, 0)[::-1]
        finally:
            native.call("CryptDestroyHash", digest)


@contextmanager
def _context(native: Native, key: KeyLink, flags: int, *, silent: bool = True) -> Iterator[ctypes.c_void_p]:
    handle = HANDLE()
    native.call("CryptAcquireContextW", ctypes.byref(handle), key.container or None, key.provider or None, key.type,
                flags | (key.flags & _MACHINE) | (_SILENT if silent else 0))
    try:
        yield handle
    finally:
        native.call("CryptReleaseContext", handle, 0)
