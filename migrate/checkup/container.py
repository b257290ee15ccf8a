"""How a PKCS#12 file is made, who can open it, and what of that is weak: all of it without the password."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from migrate.checkup.finding import Finding, note, problem, warning
from profiles.pkcs12.algorithms import called
from profiles.pkcs12.anatomy import CERTIFICATES, KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from profiles.model import Listing
    from profiles.pkcs12.anatomy import Anatomy, Sealing

_GUESSABLE = ("rc2-40", "rc4-40", "des", "rc2-64")
_AGING = ("3des", "3des-2key", "rc2-128", "rc4-128")
_FEW = 1000


class Opinion(NamedTuple):
    """Whether one reader opens the file."""

    name: str
    title: str
    refusal: str
    """Why not; empty where it does."""
    target: str = ""
    """What ``convert --for`` takes to make a file that it opens; empty where none can."""

    def as_json(self, *, whole: bool) -> dict[str, object]:
        """The object in ``--json``; a file that is not whole is opened by nobody for certain."""
        opens = False if self.refusal else whole or None
        return {"name": self.name, "title": self.title, "opens": opens, "reason": self.refusal, "for": self.target}


def opinions(anatomy: Anatomy, listing: Listing) -> tuple[Opinion, ...]:
    """What every reader that is known makes of the file, and of the kinds of keys that are seen in it."""
    from profiles.pkcs12.readers import READERS

    kinds = {(entry.certificate.public_key.family, entry.certificate.public_key.name)
             for entry in listing.entries if entry.has_key}
    kinds |= {(key.key.partition("-")[0], key.key) for key in listing.pending_keys}
    found = []
    for reader in READERS:
        container, unfit = reader.refusal(anatomy), [reader.key_refusal(*kind) for kind in sorted(kinds)]
        key = next(filter(None, unfit), "")
        mended = "" if key or not container else _target(reader.name)
        found.append(Opinion(reader.name, reader.title, container or key, mended))
    return tuple(found)


def _target(reader: str) -> str:
    """What ``--for`` takes to make a file that a reader opens."""
    from profiles.pkcs12.dialects import TARGETS

    if reader in TARGETS:
        return reader
    return next((name for name, target in TARGETS.items() if reader in target.readers), "any")


def findings(anatomy: Anatomy, place: str) -> Iterator[Finding]:
    """What is weak or odd about the container itself."""
    ciphers = {one.cipher for one in anatomy.sealings}
    again = ("convert", place, "NEW.p12")
    if any(one.what == KEY and one.scheme == "none" for one in anatomy.sealings):
        yield warning("open-key", "", "the private key lies in the file without any encryption: whoever has the file "
                      "has the key", "Make a new file with a password, and delete this one.", again)
    if anatomy.integrity is None:
        yield warning("no-integrity", "", "the file has no integrity check (no MAC): nothing shows whether it was "
                      "altered, and many programs refuse it or say that the password is wrong",
                      "Make a new file, which has one.", again)
    if broken := sorted(ciphers & set(_GUESSABLE)):
        yield warning("weak-cipher", "", f"it is sealed with {', '.join(map(str.upper, broken))}, which anybody can "
                      "break within hours", "Make a new file, and do not send this one around.", again)
    elif aging := sorted(ciphers & set(_AGING)):
        common = all(one.scheme == "pkcs12" and one.cipher == "3des" for one in anatomy.sealings)
        yield note("old-cipher", "", f"it is sealed in the old way ({', '.join(map(str.upper, aging))}): "
                   f"{'every program reads it, but ' if common else ''}its password is guessed about a hundred times "
                   "faster",
                   "Unless an old program has to read it, make a new file.", again)
    few = min((one.iterations for one in _derivations(anatomy)), default=_FEW)
    if few < _FEW:
        yield warning("few-iterations", "", f"it stretches its password only {few} times: a short password is guessed "
                      "fast", "Make a new file.", again)
    if any(one.scheme == "enveloped" for one in anatomy.sealings):
        yield problem("public-key-mode", "", "a part of it is sealed for the holder of another key and not with a "
                      "password", "Ask whoever made it for a file that opens with a password.")


def _derivations(anatomy: Anatomy) -> Iterator[Sealing]:
    """Every place where a password is stretched; scrypt counts otherwise."""
    for one in anatomy.sealings:
        if one.derivation and one.derivation != "scrypt" and one.iterations:
            yield one
    if anatomy.integrity is not None:
        yield from (one._replace(iterations=anatomy.integrity.iterations) for one in anatomy.sealings[:1])


def lines(anatomy: Anatomy) -> Iterator[tuple[str, str]]:
    """What a person is shown of it: pairs of what and how."""
    keys = [one for one in anatomy.sealings if one.what == KEY]
    parts = [one for one in anatomy.sealings if one.what == CERTIFICATES]
    yield "format", f"PKCS#12, {'DER' if anatomy.der else 'BER (lengths left open, as NSS writes it)'}"
    if anatomy.keys:
        names = f" ({', '.join(anatomy.key_names)})" if anatomy.key_names else ""
        yield ("private key" if anatomy.keys == 1 else f"{anatomy.keys} private keys"), _sealed(keys) + names
    if parts:
        what = "certificates" if anatomy.keys is not None else "keys and certificates"
        yield what, _sealed(parts) + (f" ({anatomy.certificates} in sight)" if anatomy.certificates else "")
    check = anatomy.integrity
    yield "integrity", "none (no MAC)" if check is None else (
        f"{'PBMAC1' if check.kind == 'pbmac1' else 'MAC'} with {check.digest.upper()}, "
        f"{check.iterations:,} iterations, salt of {check.salt} bytes")


def _sealed(found: list[Sealing]) -> str:
    return "; ".join(dict.fromkeys(map(_one, found)))


def _one(one: Sealing) -> str:
    if one.scheme == "none":
        return "not sealed"
    if one.scheme == "enveloped":
        return "sealed for the holder of another key"
    if not one.derivation:
        return f"sealed in a way that is not known here ({called(one.scheme)})"
    stretched = {"pbkdf2": f"PBKDF2-{one.prf.upper()}", "scrypt": "scrypt", "pkcs12": "PKCS#12 key derivation",
                 "pbkdf1": f"PBKDF1-{one.prf.upper()}"}.get(one.derivation, one.derivation)
    cost = f", {one.iterations:,} iterations, salt of {one.salt} bytes" if one.iterations else ""
    return f"{called(one.cipher).upper()}, {called(stretched)}{cost}"


def as_json(anatomy: Anatomy) -> dict[str, object]:
    """The object in ``--json``."""
    return {
        "format": "pkcs12",
        "encoding": "der" if anatomy.der else "ber",
        "sealings": [one._asdict() for one in anatomy.sealings],
        "integrity": anatomy.integrity._asdict() if anatomy.integrity else None,
        "keys": anatomy.keys,
        "certificates": anatomy.certificates,
        "key_names": list(anatomy.key_names),
    }


def asked_for(found: tuple[Opinion, ...], target: str, place: str) -> Iterator[Finding]:
    """Whether those that the user named with ``--for`` open the file."""
    from profiles.pkcs12.dialects import TARGETS

    wanted = TARGETS[target].readers or tuple(one.name for one in found)
    for one in found:
        if one.name in wanted and one.refusal:
            yield problem("unreadable-there", "", one.refusal, "Make a file for it." if one.target else "",
                          ("convert", place, "NEW.p12", "--for", target) if one.target else ())
