"""Trust as text in files: the letters that NSS and Dogtag write, and exactly, where the letters leave something open.

``CT,C,C`` are the groups of ``certutil -L``. They speak of servers and clients in one, so a fourth group follows where
they would be read back as something else: a letter each for server, client, e-mail and code (``C---``).
"""

from __future__ import annotations

from profiles.model import Level, Trust
from profiles.trust import from_letters, letters

_EXACT = {
    Level.UNKNOWN: "-",
    Level.TRUSTED: "C",
    Level.VALID_CA: "c",
    Level.PEER: "P",
    Level.MUST_VERIFY: "m",
    Level.DISTRUSTED: "p",
}
_LEVELS = {letter: level for level, letter in _EXACT.items()}


def written(trust: Trust) -> str:
    """The text that ``read`` turns into the same trust."""
    text = letters(trust)
    if from_letters(text) == trust:
        return text
    return f"{text},{''.join(_EXACT[level] for level in (trust.server, trust.client, trust.email, trust.code))}"


def read(text: str) -> Trust:
    """What a text says; the exact group counts where there is one."""
    exact = [_LEVELS.get(letter) for letter in text.strip().split(",")[-1]]
    server, client, email, code = exact if text.count(",") == 3 and len(exact) == 4 else (None,) * 4
    if server is None or client is None or email is None or code is None:
        return from_letters(text)
    return Trust(server, client, email, code)
