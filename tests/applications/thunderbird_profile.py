"""The settings of a Thunderbird profile: a minimal one with an S/MIME identity, and no disturbance at start."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tests.applications.certificates import common_names, db_key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    Value = str | int | bool

QUIET: dict[str, Value] = {
    "mail.shell.checkDefaultClient": False,
    "mail.inappnotifications.enabled": False,
    "mail.server.default.login_at_startup": False,
    "mail.server.default.check_new_mail": False,
    "mailnews.start_page.enabled": False,
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "mail.spam.manualMark": False,
}
ACCOUNTS: dict[str, Value] = {
    "mail.accountmanager.accounts": "account1,account2",
    "mail.accountmanager.defaultaccount": "account1",
    "mail.accountmanager.localfoldersserver": "server2",
    "mail.account.account1.identities": "id1",
    "mail.account.account1.server": "server1",
    "mail.account.account2.server": "server2",
    "mail.server.server1.type": "pop3",
    "mail.server.server1.hostname": "localhost",
    "mail.server.server1.userName": "user",
    "mail.server.server1.directory-rel": "[ProfD]Mail/localhost",
    "mail.server.server2.type": "none",
    "mail.server.server2.hostname": "Local Folders",
    "mail.server.server2.userName": "nobody",
    "mail.server.server2.directory-rel": "[ProfD]Mail/Local Folders",
    "mail.identity.id1.fullName": "Test",
    "mail.identity.id1.valid": True,
    "mail.identity.id1.sign_mail": True,
}


def write(profile: Path, preferences: Mapping[str, Value], name: str = "prefs.js") -> None:
    """Append preferences to one of the profile's files; the last one of a name wins."""
    lines = (f"user_pref({json.dumps(key)}, {json.dumps(value)});\n" for key, value in preferences.items())
    with (profile / name).open("a", encoding="utf-8") as file:
        file.write("\n" + "".join(lines))


def with_account(profile: Path, address: str, der: bytes | None = None) -> None:
    """Give the profile one mail account, which signs and encrypts with that certificate."""
    (profile / "Mail" / "Local Folders").mkdir(parents=True, exist_ok=True)
    write(profile, ACCOUNTS | {"mail.identity.id1.useremail": address})
    if der is not None:
        write(profile, certificate_settings("id1", der))


def certificate_settings(identity: str, der: bytes) -> dict[str, Value]:
    """The preferences that associate an identity with a certificate."""
    settings: dict[str, Value] = {}
    for use in ("signing", "encryption"):
        settings[f"mail.identity.{identity}.{use}_cert_name"] = common_names(der)[-1]
        settings[f"mail.identity.{identity}.{use}_cert_dbkey"] = db_key(der)
    return settings


def quieten(where: Path) -> None:
    """In every profile below `where`: no mail checks at start and no first-run windows."""
    for path in list(where.rglob("prefs.js")) or [where / "prefs.js"]:
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        servers = set(re.findall(r'"mail\.server\.(server\d+)\.', text))
        checks = ("login_at_startup", "check_new_mail")
        quiet = {f"mail.server.{server}.{check}": False for server in servers for check in checks}
        write(path.parent, QUIET | quiet, "user.js")
