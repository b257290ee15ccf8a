"""The gpgsm program, for what only it should do: making the blobs of a keybox.

It works on a copy in a directory of its own, without an agent, and sees certificates only: no key and no password.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from profiles.errors import ToolFailed, Unsupported
from profiles.files.armour import armour
from profiles.files.reading import read_if_there
from profiles.gnupg.keybox import OPENPGP, blobs, certificates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profiles.certificate import Certificate

_SECONDS = 120
KEYBOX = "pubring.kbx"


def program(name: str) -> str:
    """The path of one of GnuPG's programs; ``ToolFailed`` where it is not installed."""
    found = shutil.which(name, path=os.defpath + os.pathsep + os.environ.get("PATH", ""))
    if found is None or not Path(found).is_absolute():
        raise ToolFailed(f"{name} is not installed, and GnuPG's keybox is written by nothing else",
                         "Install GnuPG with its S/MIME part (on Debian: the package gpgsm).")
    return found


def with_certificates(keybox: bytes | None, added: Sequence[Certificate]) -> bytes:
    """The keybox with those certificates in it; ``Unsupported`` with gpgsm's own reason for one that it refuses."""
    with tempfile.TemporaryDirectory(prefix="certferry-gpgsm-") as name:
        place = Path(name)
        if keybox is not None:
            (place / KEYBOX).write_bytes(keybox)
        before = set(certificates(keybox or b""))
        said = _import(place, b"".join(armour("CERTIFICATE", one.der) for one in added))
        after = read_if_there(place / KEYBOX) or b""
    there = set(certificates(after))
    missing = [one for one in added if one.der not in there]
    if missing:
        raise Unsupported(f"gpgsm does not take the certificate {missing[0].common_name[:80]}: {_reason(said)}",
                          "This version of GnuPG cannot use it.")
    if not before <= there or _others(keybox or b"") != _others(after):
        raise ToolFailed("gpgsm changed what was in its keybox before", "Nothing was changed; report this, please.")
    return after


def _others(keybox: bytes) -> list[bytes]:
    """The OpenPGP keys of a keybox, which are no business of this."""
    return [blob.data for blob in blobs(keybox) if blob.kind == OPENPGP]


def _import(place: Path, pem: bytes) -> list[str]:
    environment = {name: value for name, value in os.environ.items()
                   if name in ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP")} | {"LC_ALL": "C", "HOME": str(place)}
    argv = [program("gpgsm"), "--homedir", str(place), "--batch", "--no-autostart", "--disable-dirmngr",
            "--disable-crl-checks", "--import"]
    try:
        done = subprocess.run(argv, input=pem, capture_output=True, timeout=_SECONDS, check=False, env=environment)
    except (OSError, subprocess.TimeoutExpired):
        raise ToolFailed("gpgsm did not do its work", "Try `gpgsm --list-keys` by hand.") from None
    return done.stderr.decode("utf-8", "replace").splitlines()


def _reason(said: Sequence[str]) -> str:
    """The first thing gpgsm complained of."""
    lines = [line.removeprefix("gpgsm: ") for line in said if "keybox '" not in line and "total number" not in line]
    shown = lines[0] if lines else "it gives no reason"
    return "".join(char for char in shown if char.isprintable())[:120]


def reload_agent(directory: Path) -> None:
    """Have a gpg-agent that runs for this directory read its list of roots again; none is started."""
    argv = [program("gpg-connect-agent"), "--homedir", str(directory), "--no-autostart", "RELOADAGENT", "/bye"]
    try:
        subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return  # it reads the list again when it is started next
