"""Keys and chains as GnuTLS, OpenSSH and OpenSSL write them, and what a hostile one of them may cost."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from profiles import asn1
from profiles.errors import Malformed, Unsupported, WrongPassword
from profiles.files.armour import armour
from profiles.files.loose import Loose
from profiles.files.recognition import recognise
from profiles.model import Secret
from profiles.pkcs12.keys import PrivateKey
from tests import keys
from tests.profiles.files.test_pem import found_keys, items
from tests.profiles.pkcs12 import material as m
from tests.profiles.pkcs12.test_programs import openssl
from tests.system import done

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.pki import Authority, Leaf

COUNTS = (0, -1, 2**31 - 1, 2**64)


def made_by(program: str, *arguments: str) -> bytes:
    """What a program prints; the test fails with what it says."""
    return done(program, *arguments).stdout


@pytest.mark.slow
@pytest.mark.parametrize(("cipher", "form"), [
    ("aes-256", "PEM"), ("aes-128", "DER"), ("3des", "PEM"), ("3des-pkcs12", "DER"), ("rc2-40", "PEM"),
    ("arcfour", "DER"),
])
def test_what_certtool_seals(cipher: str, form: str, alice: Leaf, tmp_path: Path) -> None:
    """PKCS#8 under each cipher that GnuTLS offers, armoured and not."""
    source, made = tmp_path / "source.pem", tmp_path / "made"
    source.write_bytes(alice.key_pem())
    outform = ["--outder"] if form == "DER" else []
    made_by("certtool", "--to-p8", "--load-privkey", str(source), "--password", "secret", "--pkcs-cipher", cipher,
            *outform, "--outfile", str(made))
    assert found_keys(made, "secret") == [m.key(alice)]
    with pytest.raises(WrongPassword):
        items(made, "wrong")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519", "dsa"])
def test_what_certtool_generates(kind: str, tmp_path: Path) -> None:
    """An open key with all its numbers as text before it."""
    made = tmp_path / "made"
    made_by("certtool", "--generate-privkey", "--key-type", kind, "--bits", "2048" if kind in ("rsa", "dsa") else "256",
            "--outfile", str(made))
    (key,) = found_keys(made)
    assert key.sign(b"m")


def test_a_chain_by_certtool(alice: Leaf, intermediate: Authority, root: Authority, tmp_path: Path) -> None:
    """A PKCS#7 with prose about every certificate before it."""
    source, made = tmp_path / "chain.pem", tmp_path / "made.p7b"
    source.write_bytes(alice.pem + intermediate.pem + root.pem)
    made_by("certtool", "--p7-generate", "--load-certificate", str(source), "--outfile", str(made))
    assert {item.certificate for item in items(made)} == {m.certificate(one) for one in (alice, intermediate, root)}


@pytest.mark.slow
@pytest.mark.parametrize("form", ["PKCS8", "PEM"])
@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
@pytest.mark.parametrize("password", ["", "secret"])
def test_what_ssh_keygen_makes(form: str, kind: str, password: str, tmp_path: Path) -> None:
    """Its two open forms; its own is refused by name."""
    made = tmp_path / "made"
    made_by("ssh-keygen", "-q", "-t", kind, "-m", form, "-N", password, "-f", str(made))
    (key,) = found_keys(made, *filter(None, [password]))
    assert key.sign(b"m")


def test_openssh_s_own_form_is_refused_by_name(tmp_path: Path) -> None:
    """It holds no certificate, and what to do is said."""
    made = tmp_path / "made"
    made_by("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(made))
    for path in (made, made.with_suffix(".pub")):
        with pytest.raises(Unsupported, match="SSH"):
            recognise(path)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_pkcs7_in_ber(depth: int, alice: Leaf, intermediate: Authority, tmp_path: Path) -> None:
    """Indefinite lengths around the certificates, as Microsoft's and Java's encoders write them."""
    source, made = tmp_path / "chain.pem", tmp_path / "made.p7b"
    source.write_bytes(alice.pem + intermediate.pem)
    node = asn1.parse(openssl("crl2pkcs7", "-nocrl", "-certfile", str(source), "-outform", "DER"))
    for data in (_indefinite(node, depth), armour("PKCS7", _indefinite(node, depth))):
        made.write_bytes(data)
        assert {item.certificate for item in items(made)} == {m.certificate(one) for one in (alice, intermediate)}


def _indefinite(node: asn1.Node, depth: int) -> bytes:
    if not depth or not node.tag & asn1.CONSTRUCTED:
        return asn1.tlv(node.tag, node.content)
    return bytes((node.tag, 0x80)) + b"".join(_indefinite(child, depth - 1) for child in node.children) + b"\0\0"


def test_a_signed_message_gives_its_certificates(alice: Leaf, intermediate: Authority, tmp_path: Path) -> None:
    """Signed mail as a file brings the chain of who signed it."""
    paths = {name: tmp_path / name for name in ("cert", "key", "chain", "text")}
    for name, data in (("cert", alice.pem), ("key", alice.key_pem()), ("chain", intermediate.pem), ("text", b"hello")):
        paths[name].write_bytes(data)
    made = tmp_path / "message.p7s"
    made.write_bytes(openssl("smime", "-sign", "-in", str(paths["text"]), "-signer", str(paths["cert"]), "-inkey",
                             str(paths["key"]), "-certfile", str(paths["chain"]), "-outform", "DER"))
    assert {item.certificate for item in items(made)} == {m.certificate(alice), m.certificate(intermediate)}


ALGORITHMS: dict[str, Callable[[int], bytes]] = {
    "PBES1 of PKCS#12": m.pbes1,
    "PBES1 of PKCS#5": lambda count: asn1.sequence(
        asn1.oid("1.2.840.113549.1.5.10"), asn1.sequence(asn1.octets(bytes(8)), asn1.integer(count))),
    "PBKDF2": lambda count: m.pbes2(m.pbkdf2(asn1.octets(bytes(8)), asn1.integer(count))),
    "scrypt cost": lambda count: m.pbes2(m.scrypt(count)),
    "scrypt block": lambda count: m.pbes2(m.scrypt(1024, count)),
    "scrypt parallel": lambda count: m.pbes2(m.scrypt(1024, 8, count)),
}


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("place", ALGORITHMS)
def test_a_derivation_bomb_in_a_sealed_key_is_refused_at_once(place: str, count: int) -> None:
    """In PEM and in DER, in less than a tenth of a second of CPU."""
    der = asn1.sequence(ALGORITHMS[place](count), asn1.octets(bytes(16)))
    for data in (der, armour("ENCRYPTED PRIVATE KEY", der)):
        started = time.process_time()
        with pytest.raises((Malformed, Unsupported), match=r"iteration|scrypt"):
            Loose.parse([data]).opened(Secret("password"))
        assert time.process_time() - started < 0.1


def test_no_derivation_is_begun_for_a_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked for is refused by its number: not one round is worked."""
    from profiles.pkcs12 import kdf

    for name in ("pkcs12", "pbkdf1", "pbkdf2", "scrypt"):
        monkeypatch.setattr(kdf, name, lambda *_: pytest.fail("a derivation was begun"))
    for algorithm in ALGORITHMS.values():
        for count in COUNTS:
            with pytest.raises((Malformed, Unsupported)):
                Loose.parse([asn1.sequence(algorithm(count), asn1.octets(bytes(16)))]).opened(Secret("password"))


@pytest.mark.parametrize("name", ["1.3.101.113", "1.3.101.111", "1.3.101.110"])
def test_an_edwards_key_of_a_wrong_length_is_refused(name: str) -> None:
    """Found by fuzzing: OpenSSL calls 32 octets of Ed448 an internal error."""
    key = PrivateKey.parse(asn1.sequence(
        asn1.integer(0), asn1.sequence(asn1.oid(name)), asn1.octets(asn1.octets(bytes(31 if name[-1] == "0" else 32)))))
    with pytest.raises(Unsupported, match=name):
        _ = key.public
    with pytest.raises(Unsupported):
        key.sign(b"m")


@pytest.mark.parametrize("kind", ["rsa-2048", "ec-p384", "ed25519"])
def test_a_key_with_a_certificate_of_doubled_extensions_is_listed(kind: str, alice: Leaf, tmp_path: Path) -> None:
    """Such a certificate is against RFC 5280, and no reason to refuse the file it stands in."""
    node = asn1.parse(alice.der)
    fields = list(node.children[0].children)
    extensions = fields[-1].children[0]
    doubled = asn1.tlv(asn1.context(3), asn1.sequence(*[asn1.der(one) for one in extensions.children] * 2))
    body = asn1.sequence(*map(asn1.der, fields[:-1]), doubled)
    odd = asn1.sequence(body, *map(asn1.der, node.children[1:]))
    other = asn1.sequence(asn1.sequence(asn1.tlv(asn1.context(0), asn1.integer(20)), *map(asn1.der, fields[1:])),
                          *map(asn1.der, node.children[1:]))
    path = tmp_path / "odd.pem"
    path.write_bytes(armour("CERTIFICATE", odd) + armour("CERTIFICATE", other)
                     + armour("PRIVATE KEY", keys.pkcs8(keys.pooled(kind))))
    found = items(path)
    assert [item.certificate.common_name for item in found if item.certificate] == ["Alice RSA"] * 2
    assert [item.key for item in found if item.key] == [PrivateKey.parse(keys.pkcs8(keys.pooled(kind)))]
    assert all(item.certificate.emails is not None and not item.certificate.is_ca
               for item in found if item.certificate)
