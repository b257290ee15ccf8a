"""Private keys of CNG (ncrypt): in and out as a PFX in memory, the only form that every exportable key has.

``NCryptExportKey`` gives the plain key only where its policy allows that by name; keys that came in from a PFX as
exportable do not (dotnet/runtime issues 77590, 109119), while ``PFXExportCertStoreEx`` hands them out.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress
from typing import TYPE_CHECKING

from profiles import asn1
from profiles.windows.crypt32 import KeyLink, SystemStore, certificate, memory_store
from profiles.windows.native import DWORD, HANDLE, NO_KEYSET, Blob, NativeError, Pkcs1Padding

if TYPE_CHECKING:
    from profiles.model import Secret
    from profiles.windows.native import Native

PROVIDER = "Microsoft Software Key Storage Provider"
_EXPORTABLE, _USER_PROTECTED, _MACHINE_KEYSET, _USER_KEYSET = 1, 2, 0x20, 0x1000
_REPORT_NO_KEY, _REPORT_NOT_ABLE, _WITH_KEYS = 1, 2, 4
_ONLY_NCRYPT, _SILENT = 0x40000, 0x40
_NCRYPT_SILENT, _PAD_PKCS1, _MACHINE = 0x40, 2, 0x20
_ADD_ALWAYS = 4


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
                delete(native, key)
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
        blob = Blob()
        native.call("PFXExportCertStoreEx", store.handle, ctypes.byref(blob), text, None, flags)
        buffer = ctypes.create_string_buffer(max(blob.size, 1))
        blob.data = ctypes.addressof(buffer)
        native.call("PFXExportCertStoreEx", store.handle, ctypes.byref(blob), text, None, flags)
        return buffer.raw[: blob.size]


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
    provider, handle = HANDLE(), HANDLE()
    native.call("NCryptOpenStorageProvider", ctypes.byref(provider), key.provider or PROVIDER, 0)
    try:
        native.call("NCryptOpenKey", provider, ctypes.byref(handle), key.container, 0,
                    (_MACHINE if key.machine else 0) | _NCRYPT_SILENT)
        native.call("NCryptDeleteKey", handle, _NCRYPT_SILENT)  # which frees the handle
    except NativeError as error:
        if error.code in NO_KEYSET:
            return False
        raise
    finally:
        native.call("NCryptFreeObject", provider)
    return True
