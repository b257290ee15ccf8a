"""Each dialect's file opened by the real readers it promises, and refused where the matrix says it is refused."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import pytest

from profiles.model import Secret
from profiles.pkcs12 import encryption, kdf
from profiles.pkcs12.anatomy import Anatomy, Integrity, Sealing
from profiles.pkcs12.dialects import APPLE, LEGACY, SEALED, STRETCHED, STRONG
from profiles.pkcs12.encryption import Encryption
from profiles.pkcs12.passwords import bmp
from profiles.pkcs12.readers import READERS, anatomy_of
from profiles.pkcs12.writer import encode
from tests import pki
from tests.applications import gecko
from tests.applications.firefox import BINARY
from tests.applications.workspace import workspace
from tests.profiles.gnupg.programs import uneven
from tests.profiles.pkcs12 import material as m
from tests.profiles.pkcs12.readers.programs import PASSWORD, PROGRAMS, gnupg, gpgsm, run

if TYPE_CHECKING:
    from pathlib import Path

    from profiles.pkcs12.dialects import Dialect
    from tests.pki import Authority, Leaf

pytestmark = [pytest.mark.linux("the bytes are the same, the programs are Debian's"), pytest.mark.slow]

BY_NAME = {reader.name: reader for reader in READERS}
CHEAP = replace(SEALED, iterations=2048, mac_iterations=2048)
WRITTEN = {
    "strong": STRONG, "apple": APPLE, "stretched": STRETCHED, "legacy": LEGACY,
    "rc2-40 certificates": replace(LEGACY, certificates=Encryption.PBE_RC2_40),
    "aes-128 certificates": replace(CHEAP, certificates=Encryption.AES_128),
    "sha-512": replace(CHEAP, prf="sha512", mac="sha512"),
    "sha-1": replace(CHEAP, prf="sha1", mac="sha1"),
    "long salts": replace(LEGACY, salt_length=20),
    "pbmac1": replace(CHEAP, pbmac1=True),
}
"""Files as certferry writes them: its dialects, and what others might ask of it."""


class Made(NamedTuple):
    """A file as OpenSSL makes it, and its anatomy."""

    options: tuple[str, ...]
    key: tuple[str, str, str]
    """Scheme, cipher, digest."""
    certificates: tuple[str, str, str]
    digest: str | None = "sha256"
    iterations: int = 2048

    @property
    def anatomy(self) -> Anatomy:
        """What such a file says of itself."""
        parts = (("certificates", self.certificates), ("key", self.key))
        sealings = tuple(Sealing(what, scheme, cipher, _DERIVATION[scheme], digest, self.iterations, 8)
                         for what, (scheme, cipher, digest) in parts if scheme != "none" or what == "key")
        check = Integrity("hmac", self.digest, self.iterations, 8) if self.digest else None
        return Anatomy(sealings, check, der=True, keys=1)


_DERIVATION = {"pbes2": "pbkdf2", "pkcs12": "pkcs12", "pkcs5": "pbkdf1", "none": ""}


def _both(name: str, scheme: tuple[str, str, str], *more: str, digest: str | None = "sha1") -> Made:
    mac = ("-macalg", digest) if digest else ("-nomac",)
    return Made(("-legacy", "-keypbe", name, "-certpbe", name, *mac, *more), scheme, scheme, digest)


_TRIPLE = ("pkcs12", "3des", "sha1")
OPENSSL = {
    "rc4-128": _both("PBE-SHA1-RC4-128", ("pkcs12", "rc4-128", "sha1")),
    "rc4-40": _both("PBE-SHA1-RC4-40", ("pkcs12", "rc4-40", "sha1")),
    "rc2-128": _both("PBE-SHA1-RC2-128", ("pkcs12", "rc2-128", "sha1")),
    "rc2-40": _both("PBE-SHA1-RC2-40", ("pkcs12", "rc2-40", "sha1")),
    "3des, two keys": _both("PBE-SHA1-2DES", ("pkcs12", "3des-2key", "sha1")),
    "md5 and des": _both("PBE-MD5-DES", ("pkcs5", "des", "md5")),
    "sha-1 and rc2-64": _both("PBE-SHA1-RC2-64", ("pkcs5", "rc2-64", "sha1")),
    "aes-192": _both("AES-192-CBC", ("pbes2", "aes-192-cbc", "sha256")),
    "camellia": _both("CAMELLIA-256-CBC", ("pbes2", "camellia-256", "sha256")),
    "3des under pbes2": _both("DES-EDE3-CBC", ("pbes2", "3des", "sha256")),
    "md5 integrity": _both("PBE-SHA1-3DES", _TRIPLE, digest="md5"),
    "no integrity": _both("PBE-SHA1-3DES", _TRIPLE, digest=None),
    "open key": Made(("-keypbe", "NONE", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"),
                     ("none", "", ""), _TRIPLE, "sha1"),
    "open certificates": Made(("-keypbe", "PBE-SHA1-3DES", "-certpbe", "NONE", "-macalg", "sha1"),
                              _TRIPLE, ("none", "", ""), "sha1"),
    "a million iterations": Made(("-iter", "1000000", "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES",
                                  "-macalg", "sha1"), _TRIPLE, _TRIPLE, "sha1", 1_000_000),
}
"""Files of other writers, so that the rows are known on both sides of their edges."""


@pytest.fixture(scope="session")
def above() -> Authority:
    """gpgsm follows RSA chains only."""
    return pki.root(key="rsa-2048").intermediate(key="rsa-2048")


@pytest.fixture(scope="session")
def person(above: Authority) -> Leaf:
    """Somebody every reader can take."""
    return above.leaf("Alice", email="alice@example.test", key="rsa-2048")


def written(path: Path, leaf: Leaf, dialect: Dialect) -> Path:
    """A file of certferry's with the whole chain."""
    items = [m.item(leaf, "Alice"), *map(m.bare, leaf.chain)]
    path.write_bytes(encode(items, Secret(PASSWORD), dialect))
    return path


def made_by_openssl(directory: Path, leaf: Leaf, made: Made) -> Path:
    """A file of OpenSSL's with the whole chain."""
    (directory / "key.pem").write_bytes(leaf.key_pem())
    (directory / "all.pem").write_bytes(leaf.pem + b"".join(one.pem for one in leaf.chain))
    path = directory / "made.p12"
    done = run("openssl", "pkcs12", "-export", *made.options, "-inkey", directory / "key.pem", "-in",
               directory / "all.pem", "-name", "Alice", "-passout", "stdin", "-out", path,
               stdin=PASSWORD.encode() + b"\n")
    assert done.returncode == 0, done.stderr.decode()
    return path


def judged(program: str, path: Path, anatomy: Anatomy) -> None:
    """The real program and its row say the same."""
    refusal = BY_NAME[program].refusal(anatomy)
    opened = PROGRAMS[program](path)
    assert opened is (refusal is None), refusal or f"{BY_NAME[program].title} was said to open it"


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("name", WRITTEN)
def test_what_certferry_writes(name: str, program: str, person: Leaf, tmp_path: Path) -> None:
    """The private key is taken out and used, or the file is refused, as the row has it."""
    dialect = WRITTEN[name]
    judged(program, written(tmp_path / "file.p12", person, dialect), anatomy_of(dialect))


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("name", OPENSSL)
def test_what_others_write(name: str, program: str, person: Leaf, tmp_path: Path) -> None:
    """So do the rows tell of files from elsewhere."""
    made = OPENSSL[name]
    while uneven((path := made_by_openssl(tmp_path, person, made)).read_bytes(), PASSWORD):
        continue
    judged(program, path, made.anatomy)


def test_gpgsm_goes_wrong_with_a_few_salts(person: Leaf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which certferry therefore does not use; without that care it would."""
    random, password = os.urandom, bmp(PASSWORD)
    bad = next(salt for number in count() if not kdf.even(
        "sha1", password, salt := number.to_bytes(8, "big"), LEGACY.iterations))
    drawn = iter((bad, bad))
    monkeypatch.setattr(encryption.os, "urandom", lambda size: next(drawn, None) or random(size) if size == 8
                        else random(size))
    assert gpgsm(written(tmp_path / "care.p12", person, LEGACY))
    assert next(drawn, None) is None
    monkeypatch.setattr(kdf, "even", lambda *_: True)
    drawn = iter((bad, bad))
    assert not gpgsm(written(tmp_path / "none.p12", person, LEGACY))


@pytest.mark.parametrize(("kind", "program"), [
    (kind, program) for kind in ("ec-p256", "ed25519") for program in PROGRAMS
    if (kind, program) != ("ed25519", "firefox")  # it came to NSS while ESR 140 was supported
])
def test_kinds_of_keys(kind: str, program: str, above: Authority, tmp_path: Path) -> None:
    """Who takes elliptic curves."""
    leaf = above.leaf("Alice", email="alice@example.test", key=kind)
    key = m.key(leaf)
    refusal = BY_NAME[program].key_refusal(key.public.family, key.name)
    opened = PROGRAMS[program](written(tmp_path / "file.p12", leaf, LEGACY))
    assert opened is (refusal is None), refusal


def test_firefox_itself(person: Leaf, tmp_path: Path) -> None:
    """Its certificate manager imports every dialect, and refuses what its row refuses."""
    files = [written(tmp_path / f"{number}.p12", person, dialect)
             for number, dialect in enumerate((STRONG, APPLE, STRETCHED, LEGACY, WRITTEN["pbmac1"]))]
    files.append(made_by_openssl(tmp_path, person, OPENSSL["no integrity"]))
    with workspace() as directory:
        (directory / "profile").mkdir()
        with gecko.running(BINARY, directory, profile=directory / "profile") as marionette:
            marionette.start()
            codes = marionette.script("firefox_import", [str(path) for path in files], PASSWORD)
            own = [name for kind, name, _ in marionette.script("firefox_certificates") if kind == 2]
    assert codes[:5] == [0] * 5
    assert codes[5] != 0
    assert own == ["Alice"]


def test_gpgsm_crashes_on_curves(above: Authority, tmp_path: Path) -> None:
    """Why no file with such a key is made for it: the real one dies of a signal."""
    leaf = above.leaf("Bob", key="ec-p256")
    path = written(tmp_path / "file.p12", leaf, STRETCHED)
    assert not gpgsm(path)
    with gnupg() as home:
        done = run("gpgsm", "--batch", "--disable-dirmngr", "--pinentry-mode", "loopback", "--passphrase-fd", "0",
                   "--import", path, stdin=PASSWORD.encode() + b"\n", GNUPGHOME=str(home))
    assert done.returncode == -11
