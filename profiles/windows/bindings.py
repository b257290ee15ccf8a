"""Which addresses of a Windows server show which certificate (http.sys, for IIS and others): read, never changed.

From ``netsh http show sslcert``, whose words are in the language of the Windows: only the form of its values is relied
on. A binding is a paragraph: an address with a port; its thumbprint is forty hex digits, its application a GUID, and
the store is named in the line after that (learn.microsoft.com, "netsh http").
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

_LINE = re.compile(r"^\s*\S.*?\s*[\s\u00a0\u202f]:\s(?P<value>.*)$")
"""A name, blanks, a colon, a blank, a value; a colon within the name (``IP:port``) has no blank before it."""
_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%\w]+\]|[^\s:{}()\[\]]+):(?P<port>\d{1,5})")
_THUMBPRINT = re.compile("[0-9A-Fa-f]{40}")
_GUID = re.compile(r"\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}")
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
    def by_name(self) -> bool:
        """Whether it holds for one host name only (SNI)."""
        try:
            ip_address(self.address.rpartition(":")[0].strip("[]"))
        except ValueError:
            return True
        return False

    def rebind(self, thumbprint: str) -> str:
        """The command that makes this address show another certificate; it is for an administrator to run."""
        kind = "hostnameport" if self.by_name else "ipport"
        return (f"netsh http update sslcert {kind}={self.address} certhash={thumbprint} appid={self.application} "
                f"certstorename={self.store or 'MY'}")


def parse(text: str) -> tuple[Binding, ...]:
    """The bindings in what netsh printed, in any language; those without a certificate of their own are left out."""
    found = (_binding(block) for block in re.split(r"\r?\n[ \t]*\r?\n", text))
    return tuple(one for one in found if one is not None)


def _binding(block: str) -> Binding | None:
    values = [match["value"].strip() for line in block.splitlines() if (match := _LINE.match(line))]
    address = next((value for value in values if _ADDRESS.fullmatch(value)), "")
    thumbprint = next((value for value in values if _THUMBPRINT.fullmatch(value)), "")
    at = next((index for index, value in enumerate(values) if _GUID.fullmatch(value)), None)
    if not address or not thumbprint or at is None:
        return None
    store = values[at + 1] if at + 1 < len(values) and not values[at + 1].startswith("(") else ""
    return Binding(address, thumbprint.lower(), values[at], store)


def using(thumbprint: str, bindings: tuple[Binding, ...]) -> tuple[Binding, ...]:
    """Those that show the certificate of that SHA-1, however it is written."""
    wanted = re.sub("[^0-9a-f]", "", thumbprint.lower())
    return tuple(one for one in bindings if one.thumbprint == wanted)


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
