"""A Windows that stands where Wine cannot: the native calls, behaving as Microsoft documents them.

It is called through the very prototypes of ``profiles.windows.native``, with memory and handles as on Windows. It is a
stand-in, built from the documentation of wincrypt.h and ncrypt.h; what only it has shown was not yet seen on Windows.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import struct
import uuid
from base64 import b64decode, b64encode
from collections import Counter
from dataclasses import dataclass, field

from profiles.errors import WrongPassword
from profiles.model import Secret
from profiles.pkcs12.contents import Item
from profiles.pkcs12.dialects import LEGACY
from profiles.pkcs12.keys import PrivateKey, rsa_numbers
from profiles.pkcs12.reader import decode
from profiles.pkcs12.writer import encode
from profiles.windows import blobs, cng
from profiles.windows.crypt32 import KeyLink
from profiles.windows.native import Blob, CertContext, KeyProvInfo, Native, UserObjectFlags

CNG, CAPI = "cng", "capi"
_U32 = ctypes.c_uint32


@dataclass
class Key:
    """A key in its container."""

    pkcs8: bytes
    exportable: bool
    protected: bool = False
    device: bool = False


@dataclass
class Kept:
    """A certificate in a store, with its properties."""

    der: bytes
    properties: dict[int, bytes | KeyLink] = field(default_factory=dict)


class FakeWindows:
    """One computer with one user."""

    def __init__(self) -> None:
        self.admin = self.desktop = True
        self.packaged = False
        """Whether the Python is one of the Microsoft Store."""
        self.consents = True
        """What the user answers when asked."""
        self.asked: list[str] = []
        """Every window that was shown."""
        self.stores: dict[tuple[bool, str], dict[bytes, Kept]] = {}
        self.policy: dict[str, dict[bytes, Kept]] = {}
        """What the domain gives the computer, which is in its collections and not in its own stores."""
        self.keys: dict[tuple[str, bool, str], Key] = {}
        """By kind, whether of the computer, and name."""
        self.calls: Counter[str] = Counter()
        self.error = 0
        self._handles: dict[int, object] = {}
        self._alive: list[object] = []
        self._made: list[object] = []

    def native(self) -> Native:
        """The calls."""
        return Native(self._function, lambda: self.error, self._set_error)

    def _set_error(self, code):
        self.error = code

    def _function(self, name, prototype):
        method = getattr(self, name)

        def counted(*arguments):
            self.calls[name] += 1
            return method(*arguments)

        return ctypes.CFUNCTYPE(prototype.result, *prototype.arguments)(counted)

    def _fail(self, code):
        self.error = code
        return 0

    def _handle(self, thing):
        number = 0x1000 + 8 * len(self._made)
        self._made.append(thing)
        self._handles[number] = thing
        return number

    def _window(self, text, silent=False):
        """Show a window; whether the user agrees, or the code of why nobody was asked."""
        if silent:
            return self._fail(0x80090022)
        assert self.desktop, f"this hangs on a Windows without desktop: {text}"
        self.asked.append(text)
        return self.consents or self._fail(1223)

    # -- stores

    def CertOpenStore(self, provider, _encoding, _handle, flags, name):  # noqa: N802
        machine = bool(flags & 2 << 16)
        if provider == 2:
            return self._handle(("memory", [{}], 0))
        if machine and not flags & 0x8000 and not self.admin:
            return self._fail(5)
        own = self.stores.setdefault((machine, name), {})
        shown = [own]
        if provider == 10 and not machine and name != "MY":
            shown.append(self.stores.setdefault((True, name), {}))
        if provider == 10 and (machine or name != "MY"):
            shown.append(self.policy.setdefault(name, {}))
        return self._handle(("ROOT of the user" if name == "ROOT" and not machine else name, shown, flags))

    def CertCloseStore(self, handle, _flags):  # noqa: N802
        return int(self._handles.pop(handle, None) is not None)

    def CertControlStore(self, *_):  # noqa: N802
        return 1

    def _context(self, kept, store=None):
        data = ctypes.create_string_buffer(kept.der, len(kept.der))
        context = CertContext(0x10001, ctypes.addressof(data), len(kept.der), None, None)
        self._alive.append((data, context))
        address = ctypes.addressof(context)
        self._handles[address] = (kept, store)
        return address

    def CertCreateCertificateContext(self, _encoding, data, size):  # noqa: N802
        return self._context(Kept(ctypes.string_at(data, size)))

    def CertDuplicateCertificateContext(self, context):  # noqa: N802
        return self._context(*self._handles[context])

    def CertFreeCertificateContext(self, context):  # noqa: N802
        return int(self._handles.pop(context, None) is not None)

    def _all(self, handle):
        _, shown, flags = self._handles[handle]
        found = {}
        for part in shown:
            for kept in part.values():
                if flags & 0x200 or 19 not in kept.properties:
                    found.setdefault(kept.der, (kept, part))
        return list(found.values())

    def CertEnumCertificatesInStore(self, handle, previous):  # noqa: N802
        here = self._all(handle)
        at = 0
        if previous:
            last = self._handles.pop(previous)[0].der
            at = [kept.der for kept, _ in here].index(last) + 1
        if at == len(here):
            return self._fail(0x80092004)
        return self._context(here[at][0], (handle, here[at][1]))

    def CertFindCertificateInStore(self, handle, _encoding, _flags, kind, para, _previous):  # noqa: N802
        assert kind == 0x10000
        blob = Blob.from_address(para)
        wanted = ctypes.string_at(blob.data, blob.size)
        for kept, part in self._all(handle):
            if hashlib.sha1(kept.der).digest() == wanted:
                return self._context(kept, (handle, part))
        return self._fail(0x80092004)

    def CertAddCertificateContextToStore(self, handle, context, disposition, _out):  # noqa: N802
        kept, _ = self._handles[context]
        return self._put(handle, Kept(kept.der, dict(kept.properties)), always=disposition == 4)

    def _put(self, handle, kept, *, always=False):
        name, shown, flags = self._handles[handle]
        if flags & 0x8000:
            return self._fail(5)
        if not always and any(kept.der in part for part in shown):
            return self._fail(0x80092005)
        if name == "ROOT of the user" and not self._window("Security Warning: install this root?"):
            return 0
        shown[0][kept.der] = kept
        return 1

    def CertDeleteCertificateFromStore(self, context):  # noqa: N802
        kept, (handle, part) = self._handles.pop(context)
        name, shown, flags = self._handles[handle]
        if flags & 0x8000 or (not self.admin and self._computers(part)):
            return self._fail(5)
        if name == "ROOT of the user" and part is shown[0] and not self._window("Root Certificate Store: delete this?"):
            return 0
        del part[kept.der]
        return 1

    def _computers(self, part):
        stores = [store for (machine, _), store in self.stores.items() if machine]
        return any(part is store for store in (*stores, *self.policy.values()))

    def CertSerializeCertificateStoreElement(self, context, _flags, out, size):  # noqa: N802
        kept, _ = self._handles[context]
        properties = {number: list(value) if isinstance(value, KeyLink) else b64encode(value).decode()
                      for number, value in kept.properties.items()}
        return self._give(json.dumps([b64encode(kept.der).decode(), properties]).encode(), out, size)

    def CertAddSerializedElementToStore(self, handle, data, size, _disposition, *_):  # noqa: N802
        der, properties = json.loads(ctypes.string_at(data, size))
        return self._put(handle, Kept(b64decode(der), {
            int(number): KeyLink(*value) if isinstance(value, list) else b64decode(value)
            for number, value in properties.items()}))

    def _give(self, data, out, size):
        room = _U32.from_address(size)
        if out:
            if room.value < len(data):
                room.value = len(data)
                return self._fail(234)
            ctypes.memmove(out, data, len(data))
        room.value = len(data)
        return 1

    def CertGetCertificateContextProperty(self, context, number, out, size):  # noqa: N802
        kept, _ = self._handles[context]
        value = kept.properties.get(number)
        if value is None:
            return self._fail(0x80092004)
        if isinstance(value, KeyLink):
            info = KeyProvInfo(value.container, value.provider, value.type, value.flags, 0, None, value.spec)
            self._alive.append(info)
            value = bytes(info)
        return self._give(value, out, size)

    def CertSetCertificateContextProperty(self, context, number, _flags, data):  # noqa: N802
        kept, _ = self._handles[context]
        if not data:
            kept.properties.pop(number, None)
        elif number == 2:
            info = KeyProvInfo.from_address(data)
            kept.properties[2] = KeyLink(info.container, info.provider, info.type, info.flags, info.spec)
        else:
            blob = Blob.from_address(data)
            kept.properties[number] = ctypes.string_at(blob.data, blob.size)
        return 1

    # -- CryptoAPI

    def CryptAcquireContextW(self, out, container, provider, _type, flags):  # noqa: N802
        machine, name = bool(flags & 0x20), (CAPI, bool(flags & 0x20), container)
        if "Smart Card" in (provider or "") and flags & 0x40 and name not in self.keys:
            return self._fail(0x8010000C)
        if machine and not self.admin:
            return self._fail(5 if flags & 8 else 0x80090016)  # also of one that is there
        if flags & 8:
            if name in self.keys:
                return self._fail(0x8009000F)
            self.keys[name] = None
        elif name not in self.keys:
            return self._fail(0x80090016)
        if flags & 0x10:
            del self.keys[name]
            return 1
        ctypes.c_void_p.from_address(out).value = self._handle((name, bool(flags & 0x40)))
        return 1

    def CryptReleaseContext(self, handle, _flags):  # noqa: N802
        return int(self._handles.pop(handle, None) is not None)

    CryptDestroyKey = CryptDestroyHash = NCryptFreeObject = lambda self, handle: int(
        self._handles.pop(handle, None) is not None)

    def CryptImportKey(self, context, data, size, _key, flags, out):  # noqa: N802
        name, silent = self._handles[context]
        if flags & 2 and not self._window("Creating a protected item", silent):
            return 0
        self.keys[name] = Key(blobs.pkcs8(ctypes.string_at(data, size)), bool(flags & 1), bool(flags & 2))
        ctypes.c_void_p.from_address(out).value = self._handle((name, silent))
        return 1

    def CryptGetUserKey(self, context, spec, out):  # noqa: N802
        name, silent = self._handles[context]
        if self.keys[name] is None or spec not in (1, 2):
            return self._fail(0x8009000D)
        ctypes.c_void_p.from_address(out).value = self._handle((name, silent))
        return 1

    def CryptExportKey(self, handle, _key, kind, _flags, out, size):  # noqa: N802
        name, silent = self._handles[handle]
        key = self.keys[name]
        if kind == 7 and (key.device or not key.exportable):
            return self._fail(0x80090010 if key.device else 0x8009000B)
        if kind == 7 and key.protected and not self._window("Exporting your private key", silent):
            return 0
        return self._give(blobs.private(rsa_numbers(key.pkcs8)), out, size)

    def CryptCreateHash(self, context, algorithm, _key, _flags, out):  # noqa: N802
        assert algorithm == 0x800C
        ctypes.c_void_p.from_address(out).value = self._handle([self._handles[context], b""])
        return 1

    def CryptHashData(self, handle, data, size, _flags):  # noqa: N802
        self._handles[handle][1] += ctypes.string_at(data, size)
        return 1

    def CryptSignHashW(self, handle, _spec, _description, _flags, out, size):  # noqa: N802
        (name, silent), message = self._handles[handle]
        key = self.keys[name]
        if out and key.protected and not self._window("Signing data with your private key", silent):
            return 0
        return self._give(PrivateKey.parse(key.pkcs8).sign(message)[::-1], out, size)

    # -- CNG

    def PFXImportCertStore(self, data, password, flags):  # noqa: N802
        blob = Blob.from_address(data)
        try:
            found = decode(ctypes.string_at(blob.data, blob.size), Secret(password))
        except WrongPassword:
            return self._fail(86)
        if flags & 2 and not self._window("Importing a new private exchange key"):
            return 0
        store = {}
        for item in found.items:
            kept = store[item.certificate.der] = Kept(item.certificate.der)
            if item.key is not None:
                name = f"{{{uuid.uuid4()}}}".upper()  # whatever the file calls it
                self.keys[CNG, bool(flags & 0x20), name] = Key(item.key.pkcs8, bool(flags & 1), bool(flags & 2))
                kept.properties[2] = KeyLink(name, cng.PROVIDER, 0, flags & 0x20, 0)
        return self._handle(("memory", [store], 0))

    def PFXExportCertStoreEx(self, handle, out, password, _para, flags):  # noqa: N802
        assert flags == 7
        items = []
        for kept, _ in self._all(handle):
            link = kept.properties.get(2)
            key = self.keys.get((CNG, link.machine, link.container)) if link else None
            if key is None:
                return self._fail(0x80092004)
            if link.machine and not self.admin:
                return self._fail(0x80090016)
            if key.device or not key.exportable:
                return self._fail(0x80090010 if key.device else 0x8009000B)
            if key.protected and not self._window("Exporting your private key"):
                return 0
            item = decode(encode([Item(None, PrivateKey.parse(key.pkcs8))], Secret(password), LEGACY), Secret(password))
            items.append(encode([item.items[0]], Secret(password), LEGACY))
        blob = Blob.from_address(out)
        assert len(items) == 1, "it exports the whole store that it is given"
        size = len(items[0]) + 64
        if not blob.data:
            blob.size = size
            return 1
        if blob.size < len(items[0]):
            blob.size = size
            return self._fail(234)
        ctypes.memmove(blob.data, items[0], len(items[0]))
        blob.size = len(items[0])
        return 1

    def CryptAcquireCertificatePrivateKey(self, context, flags, _window, out, spec, free):  # noqa: N802
        link = self._handles[context][0].properties.get(2)
        name = (CNG, link.machine, link.container) if link else None
        if name not in self.keys or (link.machine and not self.admin):
            return self._fail(0x80090016)
        ctypes.c_void_p.from_address(out).value = self._handle((name, bool(flags & 0x40)))
        _U32.from_address(spec).value, ctypes.c_int32.from_address(free).value = 0xFFFFFFFF, 1
        return 1

    def NCryptSignHash(self, handle, padding, digest, size, out, room, given, flags):  # noqa: N802
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, utils
        from cryptography.hazmat.primitives.asymmetric import padding as paddings
        from cryptography.hazmat.primitives.serialization import load_der_private_key

        name, _ = self._handles[handle]
        if self.keys[name].protected and not self._window("use your key", bool(flags & 0x40)):
            return self.error - (1 << 32) if self.error >> 31 else self.error
        key, value = load_der_private_key(self.keys[name].pkcs8, None), ctypes.string_at(digest, size)
        algorithm = utils.Prehashed(hashes.SHA256())
        if isinstance(key, ec.EllipticCurvePrivateKey):
            assert not padding
            r, s = utils.decode_dss_signature(key.sign(value, ec.ECDSA(algorithm)))
            half = (key.key_size + 7) // 8
            made = r.to_bytes(half, "big") + s.to_bytes(half, "big")
        else:
            made = key.sign(value, paddings.PKCS1v15(), algorithm)
        assert len(made) <= room
        ctypes.memmove(out, made, len(made))
        _U32.from_address(given).value = len(made)
        return 0

    def NCryptOpenStorageProvider(self, out, name, _flags):  # noqa: N802
        ctypes.c_void_p.from_address(out).value = self._handle(name)
        return 0

    def NCryptOpenKey(self, _provider, out, name, _spec, flags):  # noqa: N802
        found = (CNG, bool(flags & 0x20), name)
        if found not in self.keys or (flags & 0x20 and not self.admin):
            return 0x80090016 - (1 << 32)
        ctypes.c_void_p.from_address(out).value = self._handle((found, True))
        return 0

    def NCryptGetProperty(self, handle, name, out, _size, given, flags):  # noqa: N802
        assert (name, flags) == ("UI Policy", 0x40)
        key = self.keys[self._handles[handle][0]]
        if not key.protected:
            return 0x80090011 - (1 << 32)
        policy = struct.pack("<II3Q", 1, 1, 0, 0, 0)
        ctypes.memmove(out, policy, len(policy))
        _U32.from_address(given).value = len(policy)
        return 0

    def NCryptDeleteKey(self, handle, _flags):  # noqa: N802
        del self.keys[self._handles.pop(handle)[0]]
        return 0

    # -- the process

    def GetTokenInformation(self, token, kind, out, _size, _needed):  # noqa: N802
        assert (ctypes.c_int64(token).value, kind) == (-4, 20)
        _U32.from_address(out).value = int(self.admin)
        return 1

    def GetCurrentPackageFullName(self, _size, _name):  # noqa: N802
        return 122 if self.packaged else 15700

    # -- the desktop

    def GetProcessWindowStation(self):  # noqa: N802
        return 1

    def GetUserObjectInformationW(self, _station, _index, out, _size, _needed):  # noqa: N802
        UserObjectFlags.from_address(out).flags = int(self.desktop)
        return 1

    # -- looking

    def bar(self, key_id):
        """Mark the key of an id as one that may not leave."""
        for key in self.keys.values():
            if PrivateKey.parse(key.pkcs8).id == key_id:
                key.exportable = False

    def state(self):
        """All that is kept, to compare."""
        held = {place: {der: dict(kept.properties) for der, kept in store.items()}
                for place, store in (*self.stores.items(), *self.policy.items()) if store}
        return held, {name: key and (key.pkcs8, key.exportable) for name, key in self.keys.items()}
