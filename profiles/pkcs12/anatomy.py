"""What a PFX (RFC 7292) says of itself without its password: how each piece is sealed, and how the whole is proved."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from profiles import asn1
from profiles.errors import Malformed, within_whole
from profiles.pkcs12 import bags, limits
from profiles.pkcs12.algorithms import DIGESTS, HMACS
from profiles.pkcs12.bags import BagCount
from profiles.pkcs12.encryption import PBES2, PBKDF2, RC2_CBC, SCRYPT, known, rc2
from profiles.pkcs12.limits import Allowance
from profiles.pkcs12.mac import PBMAC1
from profiles.pkcs12.reader import DATA, ENCRYPTED, ENVELOPED, outer, part_of

if TYPE_CHECKING:
    from profiles.asn1 import Node
    from profiles.pkcs12.bags import Bag
    from profiles.pkcs12.ciphers import Cipher

KEY, CERTIFICATES = "key", "certificates"


class Sealing(NamedTuple):
    """How one piece of a PFX is sealed, as the file says it."""

    what: str
    """``key``, or ``certificates``: an encrypted SafeContents, whatever is in it."""
    scheme: str
    """``pbes2``, ``pkcs12`` (RFC 7292), ``pkcs5`` (PBES1 of RFC 8018), ``enveloped``, ``none``, or a dotted OID."""
    cipher: str
    """``aes-256-cbc``, ``3des``, ``3des-2key``, ``rc2-40``, ``rc4-128``, ``des``, ``camellia-256``, or a dotted OID."""
    derivation: str
    """``pbkdf2``, ``scrypt``, ``pkcs12``, ``pbkdf1``, or a dotted OID."""
    prf: str
    """The digest of the derivation."""
    iterations: int
    """Of scrypt the product of its N, r and p."""
    salt: int
    """In bytes."""


class Integrity(NamedTuple):
    """The integrity check over the whole."""

    kind: str
    """``hmac`` (RFC 7292) or ``pbmac1`` (RFC 9579)."""
    digest: str
    iterations: int
    salt: int
    """In bytes."""


class Anatomy(NamedTuple):
    """What a PFX says of itself without its password."""

    sealings: tuple[Sealing, ...]
    integrity: Integrity | None
    der: bool
    """False: BER, with indefinite lengths or strings in pieces, as NSS writes it."""
    keys: int | None
    """How many keys stand outside of encrypted parts; None where everything is inside one."""
    certificates: int = 0
    """How many certificates lie open."""
    key_names: tuple[str, ...] = ()
    """What the keys outside of encrypted parts are called."""


def anatomy(data: bytes) -> Anatomy:
    """Take a PFX apart as far as it goes without a password; no key is derived.

    Unknown algorithms are named by their OID. Raises ``Malformed`` and ``Unsupported`` as the reader does where the
    structure is broken or a bound is broken (sizes, nesting, entries, salts, iterations).
    """
    limits.file_size(len(data))
    content, mac = outer(data)
    anatomist = _Anatomist()
    with within_whole():
        integrity = anatomist.integrity(mac) if mac is not None else None
        safe = asn1.parse(content)
        for info in safe.sequence():
            anatomist.part(info)
    whole = _definite(asn1.parse(data, trailing=True), data) and _definite(safe, content)
    return Anatomy(tuple(anatomist.sealings), integrity, whole and anatomist.der,
                   anatomist.keys if anatomist.plain else None, anatomist.certificates, tuple(anatomist.names))


@dataclass(slots=True)
class _Anatomist:
    allowance: Allowance = field(default_factory=Allowance)
    count: BagCount = field(default_factory=BagCount)
    sealings: list[Sealing] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    keys: int = 0
    certificates: int = 0
    plain: bool = False
    der: bool = True

    def part(self, info: Node) -> None:
        """One ContentInfo of the AuthenticatedSafe."""
        kind, body = part_of(info)
        match kind:
            case oid if oid == DATA:
                octets = body.octets()
                contents = asn1.parse(octets)
                self.plain, self.der = True, self.der and _definite(contents, octets)
                self.open_part(contents)
            case oid if oid == ENCRYPTED:
                _, encrypted, *_ = body.sequence(2)
                self.sealings.append(self.sealing(CERTIFICATES, encrypted.sequence(2)[1]))
            case oid if oid == ENVELOPED:
                self.sealings.append(Sealing(CERTIFICATES, "enveloped", "", "", "", 0, 0))
            case oid:
                self.sealings.append(Sealing(CERTIFICATES, oid, "", "", "", 0, 0))

    def open_part(self, contents: Node) -> None:
        """The bags of a SafeContents that lies open."""
        before = self.certificates
        for bag in bags.parse_bags(contents, self.count):
            if bag.kind == bags.CERTIFICATE:
                self.certificates += 1
            elif bag.kind in (bags.KEY, bags.SHROUDED_KEY):
                self.key(bag)
        if self.certificates > before:
            self.sealings.append(Sealing(CERTIFICATES, "none", "", "", "", 0, 0))

    def key(self, bag: Bag) -> None:
        self.keys += 1
        if bag.labels.nickname:
            self.names.append(bag.labels.nickname)
        self.sealings.append(Sealing(KEY, "none", "", "", "", 0, 0) if bag.kind == bags.KEY
                             else self.sealing(KEY, bag.value.sequence(2)[0]))

    def sealing(self, what: str, algorithm: Node) -> Sealing:
        """From an AlgorithmIdentifier of password-based encryption."""
        name, *parameters = algorithm.sequence(1)
        oid = name.oid()
        if oid == PBES2 and parameters:
            derivation, encryption = parameters[0].sequence(2)[:2]
            return Sealing(what, "pbes2", _cipher(encryption), *self.derivation(derivation))
        scheme, digest, cipher = known(oid)
        if cipher is None or scheme == "pbes2" or not parameters:
            return Sealing(what, oid, oid, "", "", 0, 0)
        salt, iterations, *_ = parameters[0].sequence(2)
        return Sealing(what, scheme, called(cipher), "pkcs12" if scheme == "pkcs12" else "pbkdf1", digest,
                       self.allowance.reserve(iterations.integer()), len(limits.salt(salt.octets())))

    def derivation(self, algorithm: Node) -> tuple[str, str, int, int]:
        """Name, digest, iterations and length of the salt of a key derivation (RFC 8018, A.2; RFC 7914, 7)."""
        name, *parameters = algorithm.sequence(1)
        oid = name.oid()
        if oid not in (PBKDF2, SCRYPT) or not parameters:
            return oid, "", 0, 0
        salt, *numbers = parameters[0].sequence(2)
        length = len(limits.salt(salt.octets())) if salt.tag & ~asn1.CONSTRUCTED == asn1.OCTET_STRING else 0
        if oid == SCRYPT:
            n, r, p = ([node.integer() for node in numbers[:3]] + [0, 0, 0])[:3]
            self.allowance.reserve_scrypt(n, r, p)
            return "scrypt", "", n * r * p, length
        digest = next((node.sequence(1)[0].oid() for node in numbers if node.tag == asn1.SEQUENCE), "")
        return "pbkdf2", HMACS.get(digest, digest) or "sha1", self.allowance.reserve(numbers[0].integer()), length

    def integrity(self, node: Node) -> Integrity:
        """From a MacData (RFC 7292, section 4)."""
        info, salt, *iterations = node.sequence(2)
        name, *parameters = info.sequence(2)[0].sequence(1)
        oid = name.oid()
        if oid != PBMAC1:
            count = self.allowance.reserve(iterations[0].integer() if iterations else 1)
            return Integrity("hmac", DIGESTS.get(oid, oid), count, len(limits.salt(salt.octets())))
        if len(parameters) != 1:
            raise Malformed("PBMAC1 lacks its parameters")
        derivation, scheme = parameters[0].sequence(2)[:2]
        _, _, count, length = self.derivation(derivation)
        digest = scheme.sequence(1)[0].oid()
        return Integrity("pbmac1", HMACS.get(digest, digest), count, length)


def _cipher(encryption: Node) -> str:
    """The cipher of PBES2; RC2 says only in its parameters how strong it is."""
    name, *parameters = encryption.sequence(1)
    oid = name.oid()
    if oid == RC2_CBC and len(parameters) == 1:
        return called(rc2(parameters[0], None)[0])
    scheme, _, cipher = known(oid)
    return called(cipher) if cipher is not None and scheme == "pbes2" else oid


def called(cipher: Cipher) -> str:
    """The name of a cipher in an ``Anatomy``."""
    bits = 8 * cipher.key_length
    if cipher.feedback:
        return f"{cipher.family}-{bits}-{cipher.feedback.lower()}"
    match cipher.family:
        case "aes":
            return f"aes-{bits}-cbc"
        case "des":
            return {64: "des", 128: "3des-2key"}.get(bits, "3des")
        case "rc2":
            return f"rc2-{cipher.effective_bits}"
        case family:
            return f"{family}-{bits}"


def _definite(node: Node, data: bytes) -> bool:
    """Whether the bytes, but for padding after them, are the DER of what was read from them."""
    made = asn1.der(node)
    return data.startswith(made)
