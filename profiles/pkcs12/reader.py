"""Reads a PFX (RFC 7292), BER or DER, with all its identities, and says what it could not carry."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from profiles import asn1
from profiles.certificate import Certificate
from profiles.errors import Error, Malformed, PasswordNeeded, Unsupported, WrongPassword, within_whole
from profiles.model import Problem, Secret
from profiles.pkcs12 import bags, limits
from profiles.pkcs12.algorithms import Unhandled
from profiles.pkcs12.bags import Bag, BagCount
from profiles.pkcs12.encryption import Scheme, parse_scheme, unseal
from profiles.pkcs12.keys import PrivateKey
from profiles.pkcs12.limits import Allowance
from profiles.pkcs12.mac import Mac, parse_mac
from profiles.pkcs12.pairing import FoundCertificate, FoundKey, paired
from profiles.pkcs12.passwords import Spelling, spellings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from profiles.asn1 import Node
    from profiles.pkcs12.contents import Contents

DATA, SIGNED, ENVELOPED, ENCRYPTED = (f"1.2.840.113549.1.7.{number}" for number in (1, 2, 3, 6))


def decode(
    data: bytes, password: Secret | None, *, own: Sequence[Secret] | None = None,
    iterations: int = limits.MAX_ITERATIONS,
) -> Contents:
    """Everything in a PFX; without a password, only if an empty or absent one opens it (else ``PasswordNeeded``).

    At most ``iterations`` are done, over all places of the file. ``own`` are passwords to try on keys that have one of
    their own; where they are given, a file whose keys all stay locked is no wrong password if anything else opens.
    Raises ``WrongPassword``, ``Malformed`` for broken bytes (``Truncated`` where the end is missing), ``Unsupported``
    naming an algorithm.
    """
    limits.file_size(len(data))
    content, mac = outer(data)
    reader = _Reader(spellings(password), Allowance(iterations), None if own is None else [*map(spellings, own)])
    try:
        with within_whole():
            reader.read(content, mac)
    except WrongPassword:
        if password is None:
            raise PasswordNeeded("a password is needed to look inside") from None
        raise
    if not asn1.blank(behind := asn1.leading(data)[1]):
        reader.problems.append(Problem("trailing-bytes", (
            f"{len(behind)} bytes stand behind the end of the PKCS#12: they are no part of it, and were passed over")))
    found = paired(reader.keys, reader.certificates, reader.problems)
    return replace(found, locked=tuple(reader.locked))


def sealed_pieces(data: bytes) -> list[tuple[Scheme, bytes]]:
    """Everything sealed in a PFX that can be seen without its password, still sealed; raises as ``decode``."""
    content, _ = outer(data)
    reader = _Reader((), Allowance())
    with within_whole():
        parts = [part for info in asn1.parse(content).sequence() if (part := reader.part(info)) is not None]
    return [(one.scheme, one.data) for one in (*parts, *(sealed for _, sealed in reader.shrouded))]


@dataclass(slots=True)
class _Sealed:
    """Something sealed, its parameters checked and its iterations taken from the allowance."""

    scheme: Scheme
    data: bytes


@dataclass(slots=True)
class _Reader:
    spellings: tuple[Spelling, ...]
    allowance: Allowance
    own: list[tuple[Spelling, ...]] | None = None
    proved: bool = False
    """Whether the password opened anything."""
    count: BagCount = field(default_factory=BagCount)
    keys: list[FoundKey] = field(default_factory=list)
    certificates: list[FoundCertificate] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    shrouded: list[tuple[Bag, _Sealed]] = field(default_factory=list)
    locked: list[str] = field(default_factory=list)
    damage: list[Error] = field(default_factory=list)

    def read(self, content: bytes, mac_node: Node | None) -> None:
        mac = parse_mac(mac_node, self.allowance) if mac_node is not None else None
        sealed = [part for info in asn1.parse(content).sequence() if (part := self.part(info)) is not None]
        self.check(mac, content)
        for part in sealed:
            node, spelling = unseal(part.scheme, part.data, self.spellings, self.allowance)
            self.spellings = (spelling, *(other for other in self.spellings if other != spelling))
            self.proved = True
            self.take(node)
        self.open_keys()
        if self.damage and not (self.keys or self.certificates):
            raise self.damage[0]

    def check(self, mac: Mac | None, content: bytes) -> None:
        if mac is None:
            self.problems.append(Problem(
                "no-integrity", "the file has no integrity check: nothing shows whether it was altered"))
            return
        spelling = mac.opened_by(content, self.spellings, self.allowance)
        if spelling is None:
            raise WrongPassword("the password is wrong, or the file was altered")
        self.spellings, self.proved = (spelling,), True

    def part(self, info: Node) -> _Sealed | None:
        """One ContentInfo of the AuthenticatedSafe: taken at once, or returned for when the password is checked."""
        kind, body = part_of(info)
        match kind:
            case oid if oid == DATA:
                self.take(asn1.parse(body.octets()))
                return None
            case oid if oid == ENCRYPTED:
                return self.encrypted(body)
            case oid if oid == ENVELOPED:
                self.left("a part that is sealed for the holder of another key (EnvelopedData)")
                return None
            case oid:
                self.spoiled("a part of the file", Unsupported(f"it is of the kind {oid}, which PKCS#12 does not know"))
                return None

    def encrypted(self, body: Node) -> _Sealed:
        """EncryptedData (RFC 5652, section 8)."""
        _, info, *_ = body.sequence(2)
        kind, algorithm, *content = info.sequence(2)
        if kind.oid() != DATA or not content:
            raise Malformed("an encrypted part of the file has nothing in it")
        return _Sealed(parse_scheme(algorithm, self.allowance), content[0].implicit_octets(0))

    def take(self, contents: Node) -> None:
        """Sort the bags of one SafeContents."""
        for bag in bags.parse_bags(contents, self.count):
            match bag.kind:
                case bags.KEY:
                    with self.apart("a private key", bag):
                        self.keys.append(FoundKey(PrivateKey.sound(asn1.der(bag.value)), bag.labels))
                case bags.SHROUDED_KEY:
                    with self.apart("a private key", bag):
                        algorithm, data = bag.value.sequence(2)[:2]
                        self.shrouded.append((bag, _Sealed(parse_scheme(algorithm, self.allowance), data.octets())))
                case bags.CERTIFICATE:
                    with self.apart("a certificate", bag):
                        self.take_certificate(bag)
                case bags.CRL:
                    self.left("a revocation list")
                case bags.SECRET:
                    self.left(f"a secret that is no private key{_named(bag)}")
                case kind:
                    self.left(f"an entry of the unknown kind {kind}")

    def take_certificate(self, bag: Bag) -> None:
        kind, value = bag.value.sequence(2)[:2]
        if kind.oid() != bags.X509_CERTIFICATE:
            self.left(f"a certificate that is not X.509 ({kind.oid()})")
            return
        certificate = Certificate.parse(value.explicit(0).octets(), trailing=True)
        self.certificates.append(FoundCertificate(certificate, bag.labels))

    @contextmanager
    def apart(self, what: str, bag: Bag | None = None) -> Iterator[None]:
        """What is wrong with one entry is a problem, as long as anything else is sound."""
        try:
            yield
        except (Malformed, Unhandled) as error:
            self.spoiled(f"{what}{_named(bag) if bag else ''}", error)

    def spoiled(self, what: str, error: Malformed | Unsupported) -> None:
        """Leave it behind, and remember why, should it have been all there is."""
        self.damage.append(error)
        self.problems.append(Problem(error.code, f"{what} cannot be read: {error.message}; it was left behind"))

    def open_keys(self) -> None:
        """Each shrouded key; one under a password of its own is a problem, all of them a wrong password."""
        for number, (bag, sealed) in enumerate(self.shrouded, 1):
            with self.apart("a private key", bag):
                node = self.opened(sealed)
                if node is None:
                    self.locked.append(bag.labels.nickname or f"number {number}")
                    continue
                self.keys.append(FoundKey(PrivateKey.sound(asn1.der(node)), bag.labels))
        if self.locked and not self.keys and not (self.proved and self.own is not None):
            raise WrongPassword("the private keys in the file are sealed with another password")
        for name in self.locked:
            self.problems.append(Problem(
                WrongPassword.code, f"a private key ({name}) is sealed with another password; it was left behind"))

    def opened(self, sealed: _Sealed) -> Node | None:
        """A key under the password of the file or one of its own; None where none of them opens it."""
        for number, ways in enumerate((self.spellings, *(self.own or ()))):
            if number:
                if not self.allowance.affords(sealed.scheme.derivation.iterations):
                    break
                self.allowance.reserve(sealed.scheme.derivation.iterations)
            try:
                node, spelling = unseal(sealed.scheme, sealed.data, ways, self.allowance)
            except WrongPassword:
                continue
            if not number:
                self.spellings = (spelling, *(other for other in self.spellings if other != spelling))
            return node
        return None

    def left(self, what: str) -> None:
        self.problems.append(Problem(Unsupported.code, f"the file holds {what}; it was left behind"))


def part_of(info: Node) -> tuple[str, Node]:
    """The OID and the content of one ContentInfo (RFC 5652, section 3)."""
    kind, *content = info.sequence(1)
    if len(content) != 1:
        raise Malformed("a part of the file has no content")
    return kind.oid(), content[0].explicit(0)


def _named(bag: Bag) -> str:
    return f" ({bag.labels.nickname})" if bag.labels.nickname else ""


def outer(data: bytes) -> tuple[bytes, Node | None]:
    """The AuthenticatedSafe as bytes and the MacData of a PFX (RFC 7292, section 4), whatever stands behind it."""
    version, safe, *mac = asn1.parse(data, trailing=True).sequence(2)
    if version.integer() != 3:
        raise Unsupported(f"the file is of PKCS#12 version {str(version.integer())[:20]}; only version 3 is in use")
    kind, *content = safe.sequence(1)
    if kind.oid() == SIGNED:
        raise Unsupported("the file is protected by a signature and not by a password (public-key integrity mode)")
    if kind.oid() != DATA or len(content) != 1:
        raise Malformed("the file is no PKCS#12: it has no content")
    return content[0].explicit(0).octets(), mac[0] if mac else None
