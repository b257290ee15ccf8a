"""Outlook for Windows: its profiles in the registry, and the security settings that name certificates by SHA-1.

Outlook 2013 and later keep profiles below their own version, 2010 and earlier below Windows Messaging; the settings are
those of GUID_Dilkie, and belong to the profile: an account is served by the entry whose certificate has its address,
and else by the default one. Sources: KB 312900; PKI-Configuration-Tools, ActivateSignatures.ps1.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, NamedTuple

from profiles.errors import Error, NoMatch, Unsupported
from profiles.mail import security_profile
from profiles.mail.address import among, same
from profiles.mail.client import Account, Association
from profiles.mail.program import by_thumbprint, choice
from profiles.mail.registry_settings import THERE, presence, setting, text
from profiles.mail.security_profile import Defaults, Setting, Tag
from profiles.model import Entry
from profiles.windows.registry import REG_BINARY, Hive, Key, Value, View

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from profiles.windows.registry import Registry

_SECURITY = "c02ebc5353d9cd11975200aa004ae40e"
_ACCOUNTS = "9375CFF0413111d3B88A00104B2A6676"
PROFILES, DEFAULTS = "11020355", "00030354"
"""PR_SECURITY_PROFILES as PT_MV_BINARY, and what is done with new mail as PT_LONG: 1 encrypt, 2 sign."""
_ENCRYPT, _SIGN = 1, 2
_OFFICE = Key(Hive.USER, "Software\\Microsoft\\Office")
_MESSAGING = (
    Key(Hive.USER, "Software\\Microsoft\\Windows NT\\CurrentVersion\\Windows Messaging Subsystem\\Profiles"),
    Key(Hive.USER, "Software\\Microsoft\\Windows Messaging Subsystem\\Profiles"),
)
_BITS = {"x86": 32, "x64": 64}
_ADDRESSES = ("Email", "SMTP Email Address", "Account Name")
"""Where an account has its address, by its kind: POP and IMAP, older ones, Exchange."""


class Profile(NamedTuple):
    """A MAPI profile: a set of accounts with the security settings that they share."""

    key: Key
    version: str
    """Of the Office that keeps it, empty for one of Windows Messaging (2010 and earlier)."""

    @property
    def id(self) -> str:
        """What it is called in the id of an account."""
        return f"outlook/{self.version or 'mapi'}/{self.key.name}"

    @property
    def security(self) -> Key:
        """The key of the security settings."""
        return self.key / _SECURITY


class Outlook:
    """See ``Program``."""

    name = "Outlook"
    executables: tuple[str, ...] = ("outlook.exe",)

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def profiles(self) -> Iterator[Profile]:
        """Every profile of every Outlook."""
        for version in self._registry.keys(_OFFICE):
            if re.fullmatch(r"\d+\.\d+", version):
                root = _OFFICE / version / "Outlook" / "Profiles"
                yield from (Profile(root / name, version) for name in self._registry.keys(root))
        for root in _MESSAGING:
            yield from (Profile(root / name, "") for name in self._registry.keys(root))

    def accounts(self, held: Mapping[str, Entry]) -> tuple[Account, ...]:
        """See ``Program``."""
        return tuple(account for profile in self.profiles() for account in self._accounts(profile, held))

    def _accounts(self, profile: Profile, held: Mapping[str, Entry]) -> Iterator[Account]:
        fault: Error | None = None
        settings: tuple[Setting, ...] = ()
        try:
            settings, _ = self._settings(profile)
        except Error as error:
            fault = error
        flags = self._flags(profile)
        for number, email in self._addresses(profile):
            one = _serving(settings, email, held)
            entry = settings[one] if one is not None else Setting(())
            yield Account(
                f"{profile.id}/{number}", email, f"Outlook, profile {profile.key.name}",
                choice(entry.thumbprint(Tag.SIGNING), held), choice(entry.thumbprint(Tag.ENCRYPTION), held),
                None if flags is None else bool(flags & _SIGN), None if flags is None else bool(flags & _ENCRYPT),
                (fault.message,) if fault else (), fault)

    def _addresses(self, profile: Profile) -> Iterator[tuple[str, str]]:
        """The accounts that mail is sent from: address books are kept beside them, and have no address."""
        root = profile.key / _ACCOUNTS
        for number in self._registry.keys(root):
            values = self._registry.values(root / number)
            found = (values[name].text.strip() for name in _ADDRESSES if name in values)
            address = next((one for one in found if "@" in one), "")
            if address:
                yield number, address

    def _settings(self, profile: Profile) -> tuple[tuple[Setting, ...], int | None]:
        value = self._registry.value(profile.security, PROFILES)
        if value is None:
            return (), None
        settings, bits = security_profile.parse(value.blob or b"")
        return settings, bits if settings else None  # zeros look alike in both layouts

    def _flags(self, profile: Profile) -> int | None:
        value = self._registry.value(profile.security, DEFAULTS)
        return None if value is None or value.blob is None else int.from_bytes(value.blob[:4], "little")

    def shares_defaults(self, one: Association, together: Sequence[Association]) -> str:
        """See ``Program``: the accounts of a profile sign and encrypt new mail alike."""
        profile = next((found for found in self.profiles() if found.id == one.account.rpartition("/")[0]), None)
        flags = self._flags(profile) or 0 if profile else 0
        if profile is None or _flagged(flags, [one]) == flags:
            return ""
        alike = {each.account for each in together if (each.sign, each.encrypt) == (one.sign, one.encrypt)}
        others = [email for number, email in self._addresses(profile) if f"{profile.id}/{number}" not in alike]
        if not others:
            return ""
        return ("Outlook signs and encrypts new mail of all accounts in a profile alike, and "
                f"{' and '.join(others)} would be included: set that in Outlook")

    def wanted(self, associations: Sequence[Association], held: Mapping[str, Entry]) -> dict[str, str | None]:
        """See ``Program``."""
        wanted: dict[str, str | None] = {}
        ours = {profile.id: profile for profile in self.profiles()}
        grouped: dict[str, list[Association]] = {}
        for one in associations:
            grouped.setdefault(one.account.rpartition("/")[0], []).append(one)
        for name, group in grouped.items():
            profile = ours.get(name)
            numbers = dict(self._addresses(profile)) if profile else {}
            for one in group:
                if one.account.rpartition("/")[2] not in numbers:
                    raise NoMatch(f"Outlook has no account {one.email} any more", "List the accounts again.")
            if profile is not None:
                wanted |= self._changes(profile, group, tuple(numbers.values()), held)
        return wanted

    def _changes(
        self, profile: Profile, associations: Sequence[Association], addresses: tuple[str, ...],
        held: Mapping[str, Entry],
    ) -> dict[str, str | None]:
        settings, written_by = self._settings(profile)
        bits = self._bitness(profile) or written_by
        if bits is None:
            raise Unsupported("it cannot be seen whether this Outlook is of 32 or 64 bits",
                              "Choose the certificate in Outlook: `certferry guide outlook` says how.")
        known = {**held, **by_thumbprint(Entry(one) for each in associations for one in each.needs)}
        changed = settings
        for one in associations:
            changed = _associated(changed, one, addresses, known)
        wanted: dict[str, str | None] = {}
        if not self._registry.exists(profile.security):
            wanted[presence(profile.security)] = THERE
        if changed != settings:
            value = Value(REG_BINARY, security_profile.serialise(changed, bits))
            wanted[setting(profile.security, PROFILES)] = text(value)
        before = self._flags(profile) or 0
        flags = _flagged(before, associations)
        if flags != before:
            for one in associations:
                if why := self.shares_defaults(one, associations):
                    raise Unsupported(why, "Leave --sign and --encrypt out.")
            wanted[setting(profile.security, DEFAULTS)] = text(Value(REG_BINARY, struct.pack("<I", flags)))
        return wanted if wanted.keys() - {presence(profile.security)} else {}

    def _bitness(self, profile: Profile) -> int | None:
        """Of the Outlook that uses a profile: Office 2010 and later say it, earlier ones have 32 bits only."""
        versions = [profile.version] if profile.version else ["14.0", "12.0", "11.0", "10.0", "9.0"]
        for version in versions:
            for view in (View.BITS_64, View.BITS_32):
                key = Key(Hive.MACHINE, f"SOFTWARE\\Microsoft\\Office\\{version}\\Outlook", view)
                value = self._registry.value(key, "Bitness")
                if value is not None and value.text.lower() in _BITS:
                    return _BITS[value.text.lower()]
                if int(version.partition(".")[0]) < 14 and self._registry.exists(key):
                    return 32
        together = Key(Hive.MACHINE, "SOFTWARE\\Microsoft\\Office\\ClickToRun\\Configuration", View.BITS_64)
        value = self._registry.value(together, "Platform")
        return _BITS.get(value.text.lower()) if value is not None and profile.version else None


def _flagged(flags: int, associations: Sequence[Association]) -> int:
    for one in associations:
        for bit, on in ((_SIGN, one.sign), (_ENCRYPT, one.encrypt)):
            if on is not None:
                flags = flags | bit if on else flags & ~bit
    return flags


def _serving(settings: Sequence[Setting], email: str, held: Mapping[str, Entry]) -> int | None:
    """Which entry serves an address: the one named after it, one whose certificate has it, or the default one."""
    named = [among(email, re.split(r"[\s()<>\[\]]+", one.name)) for one in settings]
    certified = [among(email, _addresses_of(one, held)) for one in settings]
    default = [bool(one.defaults & (Defaults.ALL | Defaults.FORMAT)) for one in settings]
    return next((row.index(True) for row in (named, certified, default) if True in row), None)


def _addresses_of(one: Setting, held: Mapping[str, Entry]) -> set[str]:
    entries = (held.get(one.thumbprint(tag)) for tag in (Tag.SIGNING, Tag.ENCRYPTION))
    return {email for entry in entries if entry for email in entry.certificate.emails}


def _is_dead(one: Setting, held: Mapping[str, Entry]) -> bool:
    """Whether none of its certificates is in the store any more."""
    return not any(one.thumbprint(tag) in held for tag in (Tag.SIGNING, Tag.ENCRYPTION))


def _associated(
    settings: tuple[Setting, ...], wanted: Association, addresses: Sequence[str], held: Mapping[str, Entry]
) -> tuple[Setting, ...]:
    """The settings with one that serves the account; an entry that others need as it is stays, another is added."""
    index = _serving(settings, wanted.email, held)
    if index is not None and _may_change(settings, index, wanted, addresses, held):
        return tuple(_with(one, wanted) if number == index else one for number, one in enumerate(settings))
    alive = [one for one in settings if one.defaults & Defaults.ALL and not _is_dead(one, held)]
    defaults = Defaults.SEND_CERTIFICATES
    if not alive:
        defaults |= Defaults.FORMAT | Defaults.ALL
        settings = tuple(_without_default(one) for one in settings)
    return (*settings, _with(Setting.new(f"S/MIME {wanted.email}", defaults), wanted))


def _may_change(
    settings: Sequence[Setting], index: int, wanted: Association, addresses: Sequence[str], held: Mapping[str, Entry]
) -> bool:
    """Whether the accounts that an entry serves can all use what it is to name."""
    served = [email for email in addresses if _serving(settings, email, held) == index]
    if all(same(email, wanted.email) for email in served):
        return True
    new = [email for one in wanted.needs for email in one.emails]
    return all(among(email, new) for email in served)


def _with(one: Setting, wanted: Association) -> Setting:
    for tag, whole, certificate in (
        (Tag.SIGNING, Tag.SIGNING_CERTIFICATE, wanted.signing),
        (Tag.ENCRYPTION, Tag.ENCRYPTION_CERTIFICATE, wanted.encryption),
    ):
        if certificate is not None:
            one = one.put(tag, bytes.fromhex(certificate.thumbprint))
            if one.get(whole) is not None:  # beside the thumbprint of another it would contradict it
                one = one.put(whole, certificate.der)
    return one.complete()


def _without_default(one: Setting) -> Setting:
    kept = one.defaults & Defaults.SEND_CERTIFICATES
    return one.put(Tag.DEFAULTS, struct.pack("<I", kept)) if one.defaults != kept else one
