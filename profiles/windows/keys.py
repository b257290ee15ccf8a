"""The private keys of a Windows store, wherever Windows keeps them: in, out, used and removed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from profiles.errors import Error, KeyNotExportable, LeftToUser, Malformed, NoMatch, Unsupported
from profiles.model import Secret
from profiles.pkcs12.contents import Item
from profiles.pkcs12.dialects import LEGACY
from profiles.pkcs12.key_numbers import RSA
from profiles.pkcs12.keys import PrivateKey, rsa_numbers
from profiles.store import unheard
from profiles.windows import blobs, capi, cng
from profiles.windows import native as n
from profiles.windows.failures import denied, meaning, translated

if TYPE_CHECKING:
    from collections.abc import Callable

    from profiles.certificate import Certificate
    from profiles.windows.crypt32 import KeyLink
    from profiles.windows.registry import Registry

T = TypeVar("T")
_DEVICES = {
    "Microsoft Base Smart Card Crypto Provider": "on a smart card",
    "Microsoft Smart Card Key Storage Provider": "on a smart card",
    "Microsoft Platform Crypto Provider": "in the security chip (TPM) of this computer",
    "Microsoft Passport Key Storage Provider": "in Windows Hello on this computer",
}
_WAYS_ON = ("Lawful ways on: import the original backup file where the certificate is needed; ask the issuer to renew "
            "it or to issue another; or use it where it is (Firefox and Thunderbird can read the Windows store).")
_ODD = (0, 0x57, 0x80090004, 0x80090005, 0x80090007, 0x80090008, 0x8009000A, 0x80090029, 0x80090027, 0x80070057)
"""No reason, ERROR_INVALID_PARAMETER, NTE_BAD_LEN, _BAD_DATA, _BAD_VER, _BAD_ALGID, _BAD_TYPE, _NOT_SUPPORTED,
_INVALID_PARAMETER, E_INVALIDARG: not a key for this provider."""


@dataclass
class Keys:
    """The keys of the user, or of the computer with ``machine``."""

    native: n.Native
    machine: bool = False
    exportable: bool = True
    """Whether keys that come in may leave again."""
    protected: bool = False
    """Whether Windows is to ask its user before every use of keys that come in."""
    announce: Callable[[str], None] = unheard
    """Told before Windows shows a window."""
    registry: Registry | None = None
    """Where Windows keeps the certificates; None where that is not to be seen to."""
    _declined: set[KeyLink] = field(default_factory=set)
    """The keys whose user did not let them out: a no is not asked for twice."""

    def check(self, key: PrivateKey, title: str) -> None:
        """``Unsupported`` for kinds that Windows does not have."""
        if key.kind not in ("rsa", "ec"):
            raise Unsupported(f"Windows has no keys of the kind {key.kind}, which {title} has",
                              "Ask the issuer for an RSA or EC (P-256, P-384, P-521) certificate.")

    def take_in(self, key: PrivateKey, certificate: Certificate, proposed: KeyLink) -> KeyLink:
        """Store a key; where it is: a container of the proposed name wherever Windows lets us name it."""
        title = certificate.common_name
        self.check(key, title)
        if self.protected:
            self._need_desktop(f"storing the key of {title} under strong protection")
            self.announce(f"Windows now asks how to protect the key of {title}: `Set Security Level…`, then `High` for "
                          "a password of its own; with `Medium` every use only has to be allowed")
        try:
            if key.info.algorithm == RSA and blobs.fits(numbers := rsa_numbers(key.pkcs8)):
                capi.make(self.native, proposed, blobs.private(numbers), exportable=self.exportable,
                          protected=self.protected)
                return proposed
            return self._by_pfx(key, certificate, proposed)
        except n.NativeError as error:
            if error.code in _ODD:
                raise Unsupported(f"this Windows does not take the key of {title} ({_name(key)}; {error})",
                                  "A newer Windows may. The key is where it was.") from error
            raise meaning(error, f"the key of {title}") from error

    def _by_pfx(self, key: PrivateKey, certificate: Certificate, proposed: KeyLink) -> KeyLink:
        from profiles.pkcs12.writer import encode

        passphrase = Secret.random()
        pfx = encode([Item(certificate, key, proposed.container)], passphrase, LEGACY)
        link = cng.take_in(self.native, pfx, passphrase, certificate.der, machine=self.machine,
                           exportable=self.exportable, protected=self.protected)
        if link is None:
            raise n.NativeError("PFXImportCertStore", 0)
        return link._replace(flags=0x20 if self.machine else 0)

    def hand_out(self, link: KeyLink, certificate: Certificate) -> PrivateKey:
        """A key; ``KeyNotExportable`` with the reason, ``NoMatch`` where it is gone."""
        title = certificate.common_name
        device = _DEVICES.get(link.provider)
        if device:  # looking for it there could ask for the card
            raise KeyNotExportable(f"the key of {title} is {device} ({link.provider}), which never hands keys out",
                                   _WAYS_ON)
        if link in self._declined:
            raise LeftToUser(f"that the key of {title} be handed out was declined in the window of Windows",
                             "Run the same command again to be asked again.")
        try:
            key = self._asking(f"handing out the key of {title}", lambda silent: self._read(link, certificate, silent))
        except n.NativeError as error:
            if error.code in n.DECLINED:
                self._declined.add(link)
            raise self._stays(error, link, title) from error
        if not key.public.same_key(certificate.public_key):
            raise Malformed(f"the key that Windows keeps for {title} is not the one of that certificate",
                            "Its store is damaged there; nothing was changed.")
        return key

    def _read(self, link: KeyLink, certificate: Certificate, silent: bool) -> PrivateKey:
        if link.type:
            return PrivateKey.parse(blobs.pkcs8(capi.private(self.native, link, silent=silent)))
        if silent and cng.guarded(self.native, link):  # the export knows no silence
            raise n.NativeError("PFXExportCertStoreEx", n.SILENT_CONTEXT)
        from profiles.pkcs12.reader import decode

        passphrase = Secret.random()
        found = decode(cng.hand_out(self.native, certificate.der, link, passphrase), passphrase)
        key = next((item.key for item in found.items if item.key is not None), None)
        if key is None:
            raise n.NativeError("PFXExportCertStoreEx", n.NOT_EXPORTABLE[0])
        return key

    def _stays(self, error: n.NativeError, link: KeyLink, title: str) -> Error:
        if n.hidden(self.native, error, machine=link.machine):
            return denied(f"the key of {title}")
        if error.code in n.NO_KEYSET:
            return NoMatch(f"the key of {title} is not on this computer: only its certificate is",
                           "It may have stayed on another computer or in another account. " + _WAYS_ON)
        if error.code in n.NOT_EXPORTABLE:
            return KeyNotExportable(
                f"the key of {title} is marked as not exportable in Windows ({link.provider or 'no provider'}): "
                f"whoever imported it, or a rule of your organisation, set that (0x{error.code:08X})", _WAYS_ON)
        if error.code in (0, 0x78, 0x80090029):
            return Unsupported(f"this Windows cannot hand out the key of {title}: {error.call} is not there", _WAYS_ON)
        return meaning(error, f"the key of {title}")

    def sign(self, link: KeyLink, certificate: Certificate, message: bytes) -> bytes:
        """A signature as ``pkcs12.keys.verify`` checks it."""

        def made(silent: bool) -> bytes:
            if link.type:
                return capi.sign(self.native, link, message, silent=silent)
            return cng.sign(self.native, certificate.der, link, hashlib.sha256(message).digest(),
                            rsa=certificate.public_key.family == "rsa", silent=silent)

        what = f"the key of {certificate.common_name}"
        try:
            return self._asking(f"signing with {what}", made)
        except n.NativeError as error:
            if n.hidden(self.native, error, machine=link.machine):
                raise denied(what) from error
            if error.code in n.NO_KEYSET:
                raise NoMatch(f"{what} is not on this computer") from error
            raise meaning(error, what) from error

    def _asking(self, what: str, use: Callable[[bool], T]) -> T:
        """Use a key without a window; where Windows insists on asking, announce that and let it."""
        try:
            return use(True)
        except n.NativeError as error:
            if error.code != n.SILENT_CONTEXT:
                raise
        self._need_desktop(what)
        self.announce(f"Windows now asks you to allow {what}")
        return use(False)

    def _need_desktop(self, what: str) -> None:
        if not n.has_desktop(self.native):
            raise LeftToUser(f"Windows asks its user before {what}, and this terminal has no desktop",
                             "Run the same command in a terminal on the desktop of that computer.")

    def remove(self, link: KeyLink) -> bool:
        """Delete a key; False where it is gone already."""
        if not link.container:
            return False  # Windows would take its user's default key for it
        with translated(f"the key container {link.container}"):
            return capi.delete(self.native, link) if link.type else cng.delete(self.native, link)


def _name(key: PrivateKey) -> str:
    try:
        return key.name
    except Unsupported:
        return key.kind
