"""System stores through crypt32: certificates with their properties, in and out.

What holds on Windows and on Wine alike: properties are set before a certificate is added, only new ones are added,
every change is forced out with CERT_STORE_CTRL_COMMIT, and success is what a store that was opened afresh shows.
"""

from __future__ import annotations

import ctypes
import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from profiles.windows.native import DWORD, EXISTS, NOT_FOUND, Blob, CertContext, KeyProvInfo, NativeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from profiles.windows.native import Native

_ENCODING = 0x10001  # X509_ASN_ENCODING | PKCS_7_ASN_ENCODING
_MEMORY, _SYSTEM, _PHYSICAL = 2, 10, 13  # CERT_STORE_PROV_MEMORY, _SYSTEM_W, _SYSTEM_REGISTRY_W
_CURRENT_USER, _LOCAL_MACHINE = 1 << 16, 2 << 16
_READONLY, _ARCHIVED_TOO, _CREATE_NEW = 0x8000, 0x200, 0x2000
_BY_SHA1 = 0x10000
_ADD_NEW = 1
_COMMIT, _FORCE = 3, 1
KEY_LINK, USAGES, FRIENDLY_NAME, REFUSED_USAGES = 2, 9, 11, 122
"""Property ids: CERT_KEY_PROV_INFO, CERT_ENHKEY_USAGE, CERT_FRIENDLY_NAME, CERT_DISALLOWED_ENHKEY_USAGE."""


class KeyLink(NamedTuple):
    """Which key belongs to a certificate: CRYPT_KEY_PROV_INFO. Type 0 is a CNG key; no name is the default one."""

    container: str
    provider: str
    type: int
    flags: int = 0
    spec: int = 1

    @property
    def machine(self) -> bool:
        """Whether the key is kept for the computer and not for a user."""
        return bool(self.flags & 0x20)  # CRYPT_MACHINE_KEYSET


class Held(NamedTuple):
    """A certificate as one system store holds it."""

    der: bytes
    name: str = ""
    link: KeyLink | None = None
    usages: bytes | None = None
    """The extended usages that this store allows it, as DER; None for all of them."""
    refused: bytes | None = None
    """Those that it refuses it, likewise."""
    lent: bool = False
    """Whether it is only seen here: the computer has it, for a user, or a policy, for the computer."""


class SystemStore:
    """An open store of certificates."""

    def __init__(self, native: Native, handle: int) -> None:
        self.native, self.handle = native, handle

    def held(self) -> Iterator[Held]:
        """Every certificate, archived ones too."""
        return (held(self.native, context) for context in self._contexts())

    def ders(self) -> Iterator[bytes]:
        """Every certificate as DER alone, which is a fifth of the work."""
        return map(encoded, self._contexts())

    def _contexts(self) -> Iterator[int]:
        context: int | None = None
        try:
            while context := self.native.call("CertEnumCertificatesInStore", self.handle, context):
                yield context
        finally:
            if context:
                self.native.call("CertFreeCertificateContext", context)

    def find(self, der: bytes) -> Held | None:
        """That certificate, if it is here."""
        with self._found(der) as context:
            return held(self.native, context) if context else None

    def link(self, der: bytes) -> KeyLink | None:
        """Where the key of a certificate that is here is kept."""
        with self._found(der) as context:
            return _link(self.native, context) if context else None

    @contextmanager
    def _found(self, der: bytes) -> Iterator[int | None]:
        blob = Blob.of(hashlib.sha1(der).digest())
        try:
            context = self.native.call("CertFindCertificateInStore", self.handle, _ENCODING, 0, _BY_SHA1,
                                       ctypes.byref(blob), None)
        except NativeError as error:
            if error.code not in (NOT_FOUND, 0):
                raise
            context = None
        try:
            yield context if context and encoded(context) == der else None
        finally:
            if context:
                self.native.call("CertFreeCertificateContext", context)

    def add(self, der: bytes, properties: Mapping[int, bytes | KeyLink]) -> bool:
        """Put it in with its properties; False where it is already."""
        with certificate(self.native, der) as context:
            for number, value in properties.items():
                _set(self.native, context, number, value)
            try:
                self.native.call("CertAddCertificateContextToStore", self.handle, context, _ADD_NEW, None)
            except NativeError as error:
                if error.code == EXISTS:
                    return False
                raise
        self.save()
        return True

    def change(self, der: bytes, properties: Mapping[int, bytes | KeyLink | None]) -> None:
        """Give a certificate that is here other properties; None takes one away."""
        with self._found(der) as context:
            if context is None:
                raise NativeError("CertFindCertificateInStore", NOT_FOUND)
            for number, value in properties.items():
                _set(self.native, context, number, value)
            self.save()

    def element(self, der: bytes) -> bytes | None:
        """A certificate with all its properties, as ``put_back`` takes it; None where it is not here."""
        with self._found(der) as context:
            return None if context is None else self.native.sized("CertSerializeCertificateStoreElement", context, 0)

    def remove(self, der: bytes) -> bool:
        """Take it out; False where it is not here."""
        with self._found(der) as context:
            if context is None:
                return False
            # The call frees what it is given, so it is given a duplicate.
            self.native.call("CertDeleteCertificateFromStore",
                             self.native.call("CertDuplicateCertificateContext", context))
        self.save()
        return True

    def put_back(self, element: bytes) -> None:
        """Restore what was taken out, with all its properties."""
        try:
            self.native.call("CertAddSerializedElementToStore", self.handle, element, len(element), _ADD_NEW, 0, 2,
                             None, None)
        except NativeError as error:
            if error.code != EXISTS:
                raise
        self.save()

    def save(self) -> None:
        """Force every change out; Windows itself has written it already."""
        self.native.call("CertControlStore", self.handle, 0, _COMMIT, ctypes.byref(DWORD(_FORCE)))


def system_store(
    native: Native, name: str, *, machine: bool, write: bool = False
) -> AbstractContextManager[SystemStore]:
    """A system store of the user or the computer: that store alone, without what is lent to it."""
    return _opened(native, _PHYSICAL, _where(machine) | (0 if write else _READONLY) | _ARCHIVED_TOO, name)


def collection(native: Native, name: str, *, machine: bool) -> AbstractContextManager[SystemStore]:
    """A system store as applications see it: with what policies, Windows and (for a user) the computer lend to it.

    To read only: what is deleted from a collection goes from wherever it was.
    """
    return _opened(native, _SYSTEM, _where(machine) | _READONLY | _ARCHIVED_TOO, name)


def memory_store(native: Native) -> AbstractContextManager[SystemStore]:
    """A store that lasts as long as it is open."""
    return _opened(native, _MEMORY, _CREATE_NEW, None)


def _where(machine: bool) -> int:
    return _LOCAL_MACHINE if machine else _CURRENT_USER


@contextmanager
def _opened(native: Native, provider: int, flags: int, name: str | None) -> Iterator[SystemStore]:
    handle = native.call("CertOpenStore", provider, 0, None, flags, name)
    try:
        yield SystemStore(native, handle)
    finally:
        native.call("CertCloseStore", handle, 0)


@contextmanager
def certificate(native: Native, der: bytes, link: KeyLink | None = None) -> Iterator[int]:
    """A certificate context of its own, in no store."""
    context: int = native.call("CertCreateCertificateContext", _ENCODING, der, len(der))
    try:
        if link is not None:
            _set(native, context, KEY_LINK, link)
        yield context
    finally:
        native.call("CertFreeCertificateContext", context)


def encoded(context: int) -> bytes:
    """The DER of a context."""
    found = CertContext.from_address(context)
    return ctypes.string_at(found.encoded, found.size)


def held(native: Native, context: int) -> Held:
    """What a context holds."""
    name = _get(native, context, FRIENDLY_NAME) or b""
    return Held(encoded(context), name.decode("utf-16-le", "replace").removesuffix("\0"), _link(native, context),
                _get(native, context, USAGES), _get(native, context, REFUSED_USAGES))


def friendly(name: str) -> bytes:
    """A name as CERT_FRIENDLY_NAME_PROP_ID holds it: UTF-16, ended by a NUL."""
    return (name + "\0").encode("utf-16-le", "surrogatepass")


def _get(native: Native, context: int, number: int) -> bytes | None:
    try:
        return native.sized("CertGetCertificateContextProperty", context, number)
    except NativeError as error:
        if error.code in (NOT_FOUND, 0):
            return None
        raise


def _link(native: Native, context: int) -> KeyLink | None:
    size = DWORD(0)
    try:
        native.call("CertGetCertificateContextProperty", context, KEY_LINK, None, ctypes.byref(size))
    except NativeError as error:
        if error.code in (NOT_FOUND, 0):
            return None
        raise
    buffer = ctypes.create_string_buffer(max(size.value, ctypes.sizeof(KeyProvInfo)))
    native.call("CertGetCertificateContextProperty", context, KEY_LINK, buffer, ctypes.byref(size))
    info = KeyProvInfo.from_buffer(buffer)  # its texts point into the buffer behind it
    return KeyLink(info.container or "", info.provider or "", info.type, info.flags, info.spec)


def _set(native: Native, context: int, number: int, value: bytes | KeyLink | None) -> None:
    data: ctypes.Structure | None
    if isinstance(value, KeyLink):
        data = KeyProvInfo(value.container or None, value.provider or None, value.type, value.flags & 0x20, 0, None,
                           value.spec)
    else:
        data = None if value is None else Blob.of(value)
    native.call("CertSetCertificateContextProperty", context, number, 0, None if data is None else ctypes.byref(data))
