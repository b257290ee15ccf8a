"""Private keys of CNG (ncrypt): in and out as a PFX in memory, the only form that every exportable key has.

``NCryptExportKey`` gives the plain key only where its policy allows that by name; keys that came in from a PFX as
exportable do not (dotnet/runtime issues 77590, 109119), while ``PFXExportCertStoreEx`` hands them out.
"""

from __future__ import annotations

import ctypes
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from profiles import asn1
from profiles.windows import capi
from profiles.windows.crypt32 import KeyLink, SystemStore, certificate, memory_store
from profiles.windows.native import (
    DWORD,
    HANDLE,
    MORE_DATA,
    NO_KEYSET,
    USUAL,
    Blob,
    NativeError,
    Pkcs1Padding,
    hidden,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from profiles.model import Secret
    from profiles.windows.native import Native

PROVIDER = "Microsoft Software Key Storage Provider"
_EXPORTABLE, _USER_PROTECTED, _MACHINE_KEYSET, _USER_KEYSET = 1, 2, 0x20, 0x1000
_REPORT_NO_KEY, _REPORT_NOT_ABLE, _WITH_KEYS = 1, 2, 4
_ONLY_NCRYPT, _SILENT = 0x40000, 0x40
_NCRYPT_SILENT, _PAD_PKCS1, _MACHINE = 0x40, 2, 0x20
_ADD_ALWAYS = 4
_NO_POLICY = (*NO_KEYSET, 0x80090029)
"""NTE_NOT_FOUND and NTE_NOT_SUPPORTED: the key has no such property."""


def take_in(native: Native, pfx: bytes, passphrase: Secret, leaf: bytes, *,
            machine: bool, exportable: bool, protected: bool) -> KeyLink | None:
    """Store the key of a PFX of one identity; where Windows put it, or None where the PFX had no key for it."""
    flags = ((_MACHINE_KEYSET if machine else _USER_KEYSET) | (_EXPORTABLE if exportable else 0)
             | (_USER_PROTECTED if protected else 0))
    blob = Blob.of(pfx)
    handle = native.call("PFXImportCertStore", ctypes.byref(blob), passphrase.reveal().decode(), flags)
    try:
        return SystemStore(native, handle).link(leaf)
    except BaseException:
        with suppress(NativeError):  # Windows chose the name, so it is asked once more, to delete what was stored
            key = SystemStore(native, handle).link(leaf)
            if key is not None:
                (capi.delete if key.type else delete)(native, key)
        raise
    finally:
        native.call("CertCloseStore", handle, 0)


def hand_out(native: Native, leaf: bytes, key: KeyLink, passphrase: Secret) -> bytes:
    """A PFX of one certificate with its key; the native error says whether the key may not leave.

    The call exports the whole store that it is given, so that holds nothing else.
    """
    with memory_store(native) as store, certificate(native, leaf, key) as context:
        native.call("CertAddCertificateContextToStore", store.handle, context, _ADD_ALWAYS, None)
        text, flags = passphrase.reveal().decode(), _WITH_KEYS | _REPORT_NO_KEY | _REPORT_NOT_ABLE
        size = USUAL
        while True:  # it may ask its user each time, so there is room for all but odd ones at once
            buffer = ctypes.create_string_buffer(size)
            blob = Blob(size, ctypes.addressof(buffer))
            try:
                native.call("PFXExportCertStoreEx", store.handle, ctypes.byref(blob), text, None, flags)
            except NativeError as error:
                if error.code != MORE_DATA or blob.size <= size:
                    raise
                size = blob.size
            else:
                return buffer.raw[: blob.size]


def guarded(native: Native, key: KeyLink) -> bool:
    """Whether Windows asks its user before that key is used."""
    with _opened(native, key) as handle:
        policy = (DWORD * 1024)()  # NCRYPT_UI_POLICY and the texts behind it
        try:
            native.call("NCryptGetProperty", handle, "UI Policy", policy, ctypes.sizeof(policy),
                        ctypes.byref(DWORD()), _NCRYPT_SILENT)
        except NativeError as error:
            return error.code not in _NO_POLICY
        return bool(policy[1])


def sign(native: Native, leaf: bytes, key: KeyLink, digest: bytes, *, rsa: bool, silent: bool = True) -> bytes:
    """A signature over a SHA-256 digest: PKCS#1 v1.5 for RSA, DER of r and s (RFC 3279, 2.2.3) otherwise."""
    handle, spec, free = HANDLE(), DWORD(), ctypes.c_int32()
    with certificate(native, leaf, key) as context:
        native.call("CryptAcquireCertificatePrivateKey", context, _ONLY_NCRYPT | (_SILENT if silent else 0), None,
                    ctypes.byref(handle), ctypes.byref(spec), ctypes.byref(free))
        try:
            padding = ctypes.byref(Pkcs1Padding("SHA256")) if rsa else None
            flags = (_PAD_PKCS1 if rsa else 0) | (_NCRYPT_SILENT if silent else 0)
            size, buffer = DWORD(), ctypes.create_string_buffer(4096)
            native.call("NCryptSignHash", handle, padding, digest, len(digest), buffer, len(buffer),
                        ctypes.byref(size), flags)
            made = buffer.raw[: size.value]
        finally:
            if free.value:
                native.call("NCryptFreeObject", handle)
    if rsa:
        return made
    half = len(made) // 2
    return asn1.sequence(*(asn1.integer(int.from_bytes(part, "big")) for part in (made[:half], made[half:])))


def delete(native: Native, key: KeyLink) -> bool:
    """Delete a key by its name; False where there is none."""
    try:
        with _opened(native, key) as handle:
            native.call("NCryptDeleteKey", handle, _NCRYPT_SILENT)
            handle.value = None  # the call freed it
    except NativeError as error:
        if error.code in NO_KEYSET:
            return False
        raise
    return True


def software(key: KeyLink) -> bool:
    """Whether it is kept by Windows itself, and not in a device."""
    return key.type == 0 and key.provider == PROVIDER


def exists(native: Native, key: KeyLink) -> bool | None:
    """As ``capi.exists``."""
    try:
        with _opened(native, key):
            return True
    except NativeError as error:
        return None if hidden(native, error, machine=key.machine) else error.code not in NO_KEYSET


@contextmanager
def _opened(native: Native, key: KeyLink) -> Iterator[ctypes.c_void_p]:
    provider, handle = HANDLE(), HANDLE()
    native.call("NCryptOpenStorageProvider", ctypes.byref(provider), key.provider or PROVIDER, 0)
    try:
        native.call("NCryptOpenKey", provider, ctypes.byref(handle), key.container, 0,
                    (_MACHINE if key.machine else 0) | _NCRYPT_SILENT)
        try:
            yield handle
        finally:
            if handle.value:
                native.call("NCryptFreeObject", handle)
    finally:
        native.call("NCryptFreeObject", provider)
