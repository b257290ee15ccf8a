"""Identity preferences of macOS: which certificate is meant for a web address or an e-mail address.

Through ``/usr/bin/security`` (its manual page; SecurityTool/macOS/identity_prefs.c): nothing secret is among what it is
told. Written after those and **not yet run on a real macOS**.
"""

from __future__ import annotations

import re
import subprocess
from typing import NamedTuple

from profiles.errors import AccessDenied, ToolFailed

PROGRAM = "/usr/bin/security"
_SHA1 = re.compile(r"SHA-1 hash:\s*([0-9A-Fa-f]{40})\b")
_SECONDS = 60
_NO_INTERACTION = "-25308"
"""errSecInteractionNotAllowed: a session without a desktop (SSH)."""


class IdentityPreferences(NamedTuple):
    """The preferences of this user."""

    program: tuple[str, ...] = (PROGRAM,)

    def get(self, name: str) -> str | None:
        """The thumbprint (SHA-1 in lower-case hex) of the certificate that is preferred for a name, if one is."""
        found = _SHA1.search(self._run("get-identity-preference", "-s", name, "-Z").stdout)
        return found[1].lower() if found else None

    def put(self, name: str, thumbprint: str) -> None:
        """Prefer the certificate of that thumbprint, for every usage; its key must be in a keychain of this user."""
        self._changed(name, "-s", name, "-Z", thumbprint.upper())

    def clear(self, name: str) -> None:
        """Prefer none."""
        self._changed(name, "-n", "-s", name)

    def _changed(self, name: str, *arguments: str) -> None:
        done = self._run("set-identity-preference", *arguments)
        if done.returncode == 0:
            return
        if _NO_INTERACTION in done.stderr:
            raise AccessDenied(f"macOS does not let the identity preference of {name} be set from here",
                               "Log in at the Mac itself, open Terminal and start again.")
        said = (done.stderr.strip().splitlines() or ["no reason"])[-1]
        raise ToolFailed(f"macOS did not set the identity preference of {name}: {said}",
                         "`certferry guide apple-mail` says how to set it by hand.")

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run([*self.program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  errors="replace", timeout=_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired):
            raise ToolFailed(f"{self.program[0]} could not be run", "This works on macOS, at the Mac itself.") from None
