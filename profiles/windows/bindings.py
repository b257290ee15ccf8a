"""Which addresses of a Windows server show which certificate (http.sys, for IIS and others): read, never changed.

From ``netsh http show sslcert``, whose words are in the language of the Windows: only the form of its values is relied
on. A binding is a paragraph, and a value the last word of its line: an address with a port; its thumbprint is forty hex
digits, its application a GUID, and the store is named in the line after that (learn.microsoft.com, "netsh http").
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from profiles.errors import ToolFailed

_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%\w]+\]|[\w.*-]+):(?P<port>\d{1,5})")
_THUMBPRINT = re.compile("[0-9A-Fa-f]{40}")
_GUID = re.compile(r"\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}")
_PLAIN = re.compile(r"[\w.:=*\[\]%-]+")
"""A word that no shell changes; PowerShell takes bare braces for a block of commands."""
_SECONDS = 30
IIS = "{4dc3e181-e14b-4a21-b022-59fc669b0914}"
"""The application of bindings that IIS itself made."""


class Binding(NamedTuple):
    """An address that shows a certificate of the computer's store."""

    address: str
    """``0.0.0.0:443``, ``[::]:443`` or ``www.example.test:443``."""
    thumbprint: str
    """SHA-1 in lower-case hex."""
    application: str
    store: str = ""
    """The name of the store, empty where Windows names none (then it is MY)."""

    @property
    def host(self) -> str:
        """The name or the IP address in it, in lower case."""
        return self.address.rpartition(":")[0].strip("[]").lower()

    @property
    def by_name(self) -> bool:
        """Whether it holds for one host name only (SNI)."""
        try:
            ip_address(self.host)
        except ValueError:
            return True
        return False

    def rebind(self, thumbprint: str) -> str:
        """The command that makes this address show another certificate; it is for an administrator to run.

        cmd.exe and PowerShell both take it as it stands.
        """
        words = ("netsh", "http", "update", "sslcert",
                 f"{'hostnameport' if self.by_name else 'ipport'}={self.address}", f"certhash={thumbprint}",
                 f"appid={self.application}", f"certstorename={self.store or 'MY'}")
        return " ".join(word if _PLAIN.fullmatch(word) else f'"{word}"' for word in words)


def parse(text: str) -> tuple[Binding, ...]:
    """The bindings in what netsh printed, in any language; those without a certificate of their own are left out."""
    found = (_binding(block) for block in re.split(r"\r?\n[ \t]*\r?\n", text))
    return tuple(one for one in found if one is not None)


def _binding(block: str) -> Binding | None:
    lines = [line for line in block.splitlines() if line.strip()]
    values = [line.split()[-1] for line in lines]
    address = next((value for value in values if _ADDRESS.fullmatch(value)), "")
    thumbprint = next((value for value in values if _THUMBPRINT.fullmatch(value)), "")
    at = next((index for index, value in enumerate(values) if _GUID.fullmatch(value)), None)
    if not address or not thumbprint or at is None:
        return None
    store = re.split("[:\uff1a]", lines[at + 1])[-1].strip() if at + 1 < len(lines) else ""
    return Binding(address, thumbprint.lower(), values[at], "" if store.startswith("(") else store)


def bindings() -> tuple[Binding, ...]:
    """The bindings of this computer, none on another system; ``ToolFailed`` where Windows does not tell."""
    if sys.platform != "win32":
        return ()
    program = Path(os.environ.get("SYSTEMROOT", "C:\\Windows")) / "System32" / "netsh.exe"
    try:
        done = subprocess.run([str(program), "http", "show", "sslcert"], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        raise ToolFailed("netsh did not say which addresses show which certificate",
                         "As administrator, `netsh http show sslcert` lists them.") from None
    return parse(done.stdout.decode("oem", "replace"))  # its status is 1 also where there is no binding
