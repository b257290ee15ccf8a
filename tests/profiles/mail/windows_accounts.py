"""What mail programs leave on a Windows where people use them, put into a registry and a directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profiles.windows.registry import REG_BINARY, REG_SZ, Hive, Key, Value, View

if TYPE_CHECKING:
    from pathlib import Path

    from profiles.windows.registry import Registry

OFFICE = "Software\\Microsoft\\Office"
MESSAGING = "Software\\Microsoft\\Windows NT\\CurrentVersion\\Windows Messaging Subsystem\\Profiles"
SECURITY = "c02ebc5353d9cd11975200aa004ae40e"
MANAGER = "Software\\Microsoft\\Internet Account Manager\\Accounts"
ACCOUNT_FILE = (
    '<?xml version="1.0" encoding="utf-16" ?>\r\n<MessageAccount>\r\n'
    '\t<Account_Name type="SZ">Ärger &amp; Büro</Account_Name>\r\n'
    '\t<!-- <SMTP_Certificate type="BINARY">00</SMTP_Certificate> -->\r\n'
    '\t<SMTP_Port type="DWORD">19</SMTP_Port>\r\n'
    '\t<SMTP_Email_Address type="SZ">{email}</SMTP_Email_Address>\r\n</MessageAccount>\r\n')


def _text(value: str) -> Value:
    return Value(REG_SZ, value)


def _utf16(value: str) -> Value:
    return Value(REG_BINARY, f"{value}\0".encode("utf-16-le"))


def outlook(
    registry: Registry, *emails: str, version: str = "16.0", profile: str = "Outlook", bits: str | None = "x64",
) -> Key:
    """An Outlook profile with accounts of every kind; the key of its security settings, which is not there yet."""
    if version:
        root = Key(Hive.USER, f"{OFFICE}\\{version}\\Outlook\\Profiles\\{profile}")
        registry.write(Key(Hive.USER, f"{OFFICE}\\{version}\\Outlook"), "DefaultProfile", _text(profile))
    else:
        root = Key(Hive.USER, f"{MESSAGING}\\{profile}")
    installed(registry, version or "12.0", bits)
    accounts = root / "9375CFF0413111d3B88A00104B2A6676"
    registry.write(accounts / "00000001", "Account Name", _utf16("Outlook Address Book"))
    for number, email in enumerate(emails, 2):
        key = accounts / f"{number:08x}"
        if number % 2:
            registry.write(key, "Account Name", _text(email))  # Exchange
        else:
            registry.write(key, "Account Name", _utf16("Büro"))
            registry.write(key, "Email", _utf16(email))
    return root / SECURITY


def installed(registry: Registry, version: str, bits: str | None) -> None:
    """What the installer of Office leaves: its bitness since 2010, and 32-bit programs in the view of theirs."""
    view = View.BITS_64 if bits == "x64" else View.BITS_32
    key = Key(Hive.MACHINE, f"SOFTWARE\\Microsoft\\Office\\{version}\\Outlook", view)
    registry.write(key, *(("Bitness", _text(bits)) if bits else ("InstallRoot", _text("C:\\Office"))))


def outlook_express(registry: Registry, *emails: str, identity: str = "") -> list[Key]:
    """Accounts of Outlook Express, of the main user or of another identity, and a directory account beside them."""
    path = f"Identities\\{identity}\\{MANAGER}" if identity else MANAGER
    if identity:
        registry.write(Key(Hive.USER, f"Identities\\{identity}"), "Username", _text("Second"))
    registry.write(Key(Hive.USER, f"{path}\\Active Directory GC"), "LDAP Server", _text("NULL"))
    keys = []
    for number, email in enumerate(emails, 1):
        keys.append(Key(Hive.USER, f"{path}\\{number:08x}"))
        registry.write(keys[-1], "Account Name", _text("pop.example.test"))
        registry.write(keys[-1], "SMTP Email Address", _text(email))
    return keys


def account_file(local: Path, email: str, product: str = "Windows Mail") -> Path:
    """An account of Windows Mail."""
    path = local / "Microsoft" / product / "Local Folders" / "account{4A18B81E-83CA-472A-8D7F-5301C0B97B8D}.oeaccount"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\xff\xfe" + ACCOUNT_FILE.format(email=email).encode("utf-16-le"))
    return path
