"""The native calls of Windows that certferry needs: prototypes once, every failure one exception with its code.

Names, parameters and codes are those of wincrypt.h, ncrypt.h, winuser.h and winerror.h in the Windows SDK.
"""

from __future__ import annotations

import ctypes
import sys
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from profiles.errors import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

DWORD, HANDLE, POINTER = ctypes.c_uint32, ctypes.c_void_p, ctypes.c_void_p
TEXT = ctypes.c_wchar_p
OUT = ctypes.c_void_p
"""The address of something that the call fills in."""


class Blob(ctypes.Structure):
    """CRYPT_DATA_BLOB, CRYPT_HASH_BLOB."""

    _fields_ = (("size", DWORD), ("data", ctypes.c_void_p))

    @classmethod
    def of(cls, data: bytes) -> Blob:
        """A blob over a copy of ``data``, which it keeps alive."""
        buffer = ctypes.create_string_buffer(data, max(len(data), 1))
        blob = cls(len(data), ctypes.addressof(buffer))
        blob.buffer = buffer
        return blob


class CertContext(ctypes.Structure):
    """CERT_CONTEXT."""

    _fields_ = (("encoding", DWORD), ("encoded", ctypes.c_void_p), ("size", DWORD), ("info", ctypes.c_void_p),
                ("store", HANDLE))


class KeyProvInfo(ctypes.Structure):
    """CRYPT_KEY_PROV_INFO."""

    _fields_ = (("container", TEXT), ("provider", TEXT), ("type", DWORD), ("flags", DWORD), ("parameters", DWORD),
                ("parameter", ctypes.c_void_p), ("spec", DWORD))


class Pkcs1Padding(ctypes.Structure):
    """BCRYPT_PKCS1_PADDING_INFO."""

    _fields_ = (("algorithm", TEXT),)


class UserObjectFlags(ctypes.Structure):
    """USEROBJECTFLAGS."""

    _fields_ = (("inherit", ctypes.c_int32), ("reserved", ctypes.c_int32), ("flags", DWORD))


class Fails(Enum):
    """How a call says that it failed."""

    FALSE = "returns 0, and the reason is the thread's last error"
    STATUS = "returns the reason; 0 is success"
    NEVER = "has nothing to say"


class Prototype(NamedTuple):
    """Where a function lives, how it fails, what it takes."""

    library: str
    fails: Fails
    result: Any
    arguments: tuple[Any, ...]


def _prototypes(library: str, fails: Fails, result: Any, **functions: tuple[Any, ...]) -> dict[str, Prototype]:
    return {name: Prototype(library, fails, result, arguments) for name, arguments in functions.items()}


_BOOL = ctypes.c_int32
_NO_PACKAGE = 15700  # APPMODEL_ERROR_NO_PACKAGE
_OWN_TOKEN, _ELEVATION = -4, 20  # GetCurrentProcessToken(), TokenElevation
PROTOTYPES: dict[str, Prototype] = {
    **_prototypes(
        "crypt32", Fails.FALSE, HANDLE,
        CertOpenStore=(POINTER, DWORD, HANDLE, DWORD, TEXT),
        CertFindCertificateInStore=(HANDLE, DWORD, DWORD, DWORD, POINTER, POINTER),
        CertCreateCertificateContext=(DWORD, POINTER, DWORD),
        CertDuplicateCertificateContext=(POINTER,),
        PFXImportCertStore=(POINTER, TEXT, DWORD)),
    **_prototypes(
        "crypt32", Fails.NEVER, HANDLE,
        CertEnumCertificatesInStore=(HANDLE, POINTER)),
    **_prototypes(
        "crypt32", Fails.FALSE, _BOOL,
        CertControlStore=(HANDLE, DWORD, DWORD, POINTER),
        CertAddCertificateContextToStore=(HANDLE, POINTER, DWORD, OUT),
        CertAddSerializedElementToStore=(HANDLE, POINTER, DWORD, DWORD, DWORD, DWORD, OUT, OUT),
        CertSerializeCertificateStoreElement=(POINTER, DWORD, OUT, OUT),
        CertDeleteCertificateFromStore=(POINTER,),
        CertGetCertificateContextProperty=(POINTER, DWORD, OUT, OUT),
        CertSetCertificateContextProperty=(POINTER, DWORD, DWORD, POINTER),
        PFXExportCertStoreEx=(HANDLE, OUT, TEXT, POINTER, DWORD),
        CryptAcquireCertificatePrivateKey=(POINTER, DWORD, POINTER, OUT, OUT, OUT)),
    **_prototypes(
        "crypt32", Fails.NEVER, _BOOL,
        CertCloseStore=(HANDLE, DWORD),
        CertFreeCertificateContext=(POINTER,)),
    **_prototypes(
        "advapi32", Fails.FALSE, _BOOL,
        CryptAcquireContextW=(OUT, TEXT, TEXT, DWORD, DWORD),
        CryptImportKey=(HANDLE, POINTER, DWORD, HANDLE, DWORD, OUT),
        CryptExportKey=(HANDLE, HANDLE, DWORD, DWORD, OUT, OUT),
        CryptGetUserKey=(HANDLE, DWORD, OUT),
        CryptCreateHash=(HANDLE, DWORD, HANDLE, DWORD, OUT),
        CryptHashData=(HANDLE, POINTER, DWORD, DWORD),
        CryptSignHashW=(HANDLE, DWORD, TEXT, DWORD, OUT, OUT)),
    **_prototypes(
        "advapi32", Fails.NEVER, _BOOL,
        CryptReleaseContext=(HANDLE, DWORD),
        CryptDestroyKey=(HANDLE,),
        CryptDestroyHash=(HANDLE,)),
    **_prototypes(
        "ncrypt", Fails.STATUS, ctypes.c_int32,
        NCryptOpenStorageProvider=(OUT, TEXT, DWORD),
        NCryptOpenKey=(HANDLE, OUT, TEXT, DWORD, DWORD),
        NCryptGetProperty=(HANDLE, TEXT, OUT, DWORD, OUT, DWORD),
        NCryptSignHash=(HANDLE, POINTER, POINTER, DWORD, OUT, DWORD, OUT, DWORD),
        NCryptDeleteKey=(HANDLE, DWORD)),
    **_prototypes("advapi32", Fails.FALSE, _BOOL, GetTokenInformation=(HANDLE, ctypes.c_int32, OUT, DWORD, OUT)),
    **_prototypes("ncrypt", Fails.NEVER, ctypes.c_int32, NCryptFreeObject=(HANDLE,)),
    **_prototypes("kernel32", Fails.STATUS, ctypes.c_int32, GetCurrentPackageFullName=(OUT, OUT)),
    **_prototypes("user32", Fails.FALSE, HANDLE, GetProcessWindowStation=()),
    **_prototypes("user32", Fails.FALSE, _BOOL, GetUserObjectInformationW=(HANDLE, ctypes.c_int32, OUT, DWORD, OUT)),
}

FILE_NOT_FOUND, ACCESS_DENIED, INVALID_PARAMETER, NOT_IMPLEMENTED = 2, 5, 0x57, 0x78
CANCELLED, DISK_FULL, MORE_DATA = 1223, 112, 234
NOT_FOUND, EXISTS = 0x80092004, 0x80092005
NOT_EXPORTABLE = (0x8009000B, 0x80090003, 0x80090010, 0x80090029)
"""NTE_BAD_KEY_STATE, NTE_BAD_KEY, NTE_PERM, NTE_NOT_SUPPORTED: how the providers say that a key may not leave."""
BAD_KEYSET = 0x80090016
NO_KEYSET = (BAD_KEYSET, 0x8009000D, 0x80090019, 0x80090011, 0x8009200B, NOT_FOUND)
"""NTE_BAD_KEYSET, NTE_NO_KEY, NTE_KEYSET_NOT_DEF, NTE_NOT_FOUND, CRYPT_E_NO_KEY_PROPERTY, and what a PFX export says
(CRYPT_E_NOT_FOUND): there is no such key. But see ``hidden``."""
SILENT_CONTEXT = 0x80090022
KEY_TAKEN = 0x8009000F
REFUSED = (ACCESS_DENIED, 0x80070005, 0x80090010)
DECLINED = (CANCELLED, 0x800704C7, 0x8010006E, 0x80090036)
"""ERROR_CANCELLED plain and as HRESULT, SCARD_W_CANCELLED_BY_USER, NTE_USER_CANCELLED."""


USUAL = 1 << 14
"""More bytes than a key and its certificate take."""


class NativeError(Exception):
    """A native call failed: its name and the code that Windows gave, unsigned."""

    def __init__(self, call: str, code: int) -> None:
        super().__init__(f"{call}: 0x{code:08x}")
        self.call, self.code = call, code


class Native:
    """The functions by name, as ``load`` makes them; on Windows those of the system."""

    def __init__(
        self, load: Callable[[str, Prototype], Callable[..., Any]], last_error: Callable[[], int],
        set_last_error: Callable[[int], object],
    ) -> None:
        self._load, self._last_error, self._set_last_error = load, last_error, set_last_error
        self._functions: dict[str, Callable[..., Any]] = {}

    def call(self, name: str, *arguments: Any) -> Any:
        """What the function returns; ``NativeError`` where it failed."""
        prototype = PROTOTYPES[name]
        if name not in self._functions:
            self._functions[name] = self._load(name, prototype)
        self._set_last_error(0)
        result = self._functions[name](*arguments)
        if prototype.fails is Fails.FALSE and not result:
            raise NativeError(name, self._last_error() & 0xFFFFFFFF)
        if prototype.fails is Fails.STATUS and result:
            raise NativeError(name, result & 0xFFFFFFFF)
        return result

    def sized(self, name: str, *arguments: Any) -> bytes:
        """What a function writes whose last two arguments are buffer and size.

        It is called once where that can be: one that uses a key may ask its user each time.
        """
        room = DWORD(USUAL)
        while True:
            size = DWORD(room.value)
            buffer = ctypes.create_string_buffer(room.value)
            try:
                self.call(name, *arguments, buffer, ctypes.byref(size))
            except NativeError as error:
                if error.code != MORE_DATA or size.value <= room.value:
                    raise
                room = size
                continue
            found = buffer.raw[: size.value]
            ctypes.memset(buffer, 0, len(buffer))
            return found


@cache
def system() -> Native:
    """The functions of this Windows; ``Unsupported`` anywhere else."""
    if sys.platform != "win32":
        raise Unsupported("the certificate stores of Windows are on a Windows computer, and this is none",
                          "Run certferry there; or move to a file here and restore it there.")
    libraries: dict[str, Any] = {}

    def load(name: str, prototype: Prototype) -> Callable[..., Any]:
        if prototype.library not in libraries:
            libraries[prototype.library] = ctypes.WinDLL(prototype.library, use_last_error=True)
        try:
            function: Any = getattr(libraries[prototype.library], name)
        except AttributeError:
            raise NativeError(name, NOT_IMPLEMENTED) from None
        function.restype, function.argtypes = prototype.result, prototype.arguments
        return function

    return Native(load, ctypes.get_last_error, ctypes.set_last_error)


def elevated(native: Native) -> bool:
    """Whether this process has the rights of an administrator."""
    level = DWORD()
    try:
        native.call("GetTokenInformation", _OWN_TOKEN, _ELEVATION, ctypes.byref(level), ctypes.sizeof(level),
                    ctypes.byref(DWORD()))
    except NativeError:
        return False
    return bool(level.value)


def packaged(native: Native) -> bool:
    """Whether this process belongs to an app package, for which Windows redirects what it writes below AppData."""
    try:
        native.call("GetCurrentPackageFullName", ctypes.byref(DWORD(0)), None)
    except NativeError as error:
        return error.code not in (_NO_PACKAGE, NOT_IMPLEMENTED)
    return True


def hidden(native: Native, error: NativeError, *, machine: bool) -> bool:
    """Whether a key could not be opened because this user may not: that does not say whether it is there.

    Of a key of the computer NTE_BAD_KEYSET says either (learn.microsoft.com, CryptAcquireContext).
    """
    return error.code in (ACCESS_DENIED, 0x80070005) or (
        error.code == BAD_KEYSET and machine and not elevated(native))


def has_desktop(native: Native) -> bool:
    """Whether somebody could see a window of this process; a service and a remote shell have no visible station."""
    flags = UserObjectFlags()
    try:
        station = native.call("GetProcessWindowStation")
        native.call("GetUserObjectInformationW", station, 1, ctypes.byref(flags), ctypes.sizeof(flags),
                    ctypes.byref(DWORD()))
    except NativeError:
        return False
    return bool(flags.flags & 1)  # WSF_VISIBLE
