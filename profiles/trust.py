"""Trust between the ways stores write it: NSS letters, and joining what source and target say."""

from __future__ import annotations

from profiles.model import Level, Trust

_LETTERS = {
    Level.UNKNOWN: "",
    Level.TRUSTED: "C",
    Level.VALID_CA: "c",
    Level.PEER: "P",
    Level.DISTRUSTED: "p",
    Level.MUST_VERIFY: "",
}


def letters(trust: Trust) -> str:
    """The three groups of ``certutil -L`` (server and client, e-mail, code), without ``u``."""
    server = _LETTERS[trust.server]
    client = {Level.TRUSTED: "T", Level.VALID_CA: "c" if not server else ""}.get(trust.client, "")
    return f"{server}{client},{_LETTERS[trust.email]},{_LETTERS[trust.code]}"


def from_letters(text: str) -> Trust:
    """What the three letter groups of certutil or Dogtag (``CTu,Cu,Cu``) stand for; other letters are passed over.

    The first group speaks of servers and of clients, as NSS reads it (get_stan_trust in pki3hack.c).
    """
    ssl, email, code = [*text.split(","), "", "", ""][:3]
    return Trust(_level(ssl, "C"), _level(ssl, "T"), _level(email, "C"), _level(code, "C"))


def _level(group: str, anchor: str) -> Level:
    known = ((anchor, Level.TRUSTED), ("P", Level.PEER), ("p", Level.DISTRUSTED), ("cCT", Level.VALID_CA))
    return next((level for marks, level in known if set(marks) & set(group)), Level.UNKNOWN)


def join(present: Trust, wanted: Trust) -> Trust:
    """What a target should trust: nothing it trusts is taken away, and nothing it refuses is overruled."""
    return Trust(
        server=_join(present.server, wanted.server),
        client=_join(present.client, wanted.client),
        email=_join(present.email, wanted.email),
        code=_join(present.code, wanted.code),
    )


def _join(present: Level, wanted: Level) -> Level:
    if present is Level.DISTRUSTED or wanted is Level.UNKNOWN or present in (Level.TRUSTED, Level.PEER):
        return present
    return wanted


def covers(present: Trust, wanted: Trust) -> bool:
    """Whether ``present`` already says all that ``wanted`` asks for, or refuses to."""
    return join(present, wanted) == present
