"""What the dialects promise is what the matrix of readers says, in their prose too."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from profiles.errors import Unsupported
from profiles.model import Secret
from profiles.pkcs12 import dialects
from profiles.pkcs12.dialects import APPLE, LEGACY, STRETCHED, STRONG, TARGETS, named
from profiles.pkcs12.encryption import Encryption
from profiles.pkcs12.readers import READERS, anatomy_of
from profiles.pkcs12.writer import encode
from tests.profiles.pkcs12 import material as m
from tests.profiles.pkcs12.readers.programs import PASSWORD, PROGRAMS
from tests.system import done

if TYPE_CHECKING:
    from profiles.pkcs12.dialects import Dialect
    from profiles.pkcs12.readers import Reader
    from tests.pki import Authority, Leaf

BY_NAME = {reader.name: reader for reader in READERS}
FILED = {"STRONG": STRONG, "APPLE": APPLE, "STRETCHED": STRETCHED, "LEGACY": LEGACY}
WORDS = {
    "strong": ("PBES2, PBKDF2, AES-256-CBC, Iteration 300000, PRF hmacWithSHA256", "MAC: sha256, Iteration 300000"),
    "apple": ("PBES2, PBKDF2, AES-256-CBC, Iteration 300000, PRF hmacWithSHA256", "MAC: sha256, Iteration 300000"),
    "stretched": ("pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 100000", "MAC: sha1, Iteration 100000"),
    "legacy": ("pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 2048", "MAC: sha1, Iteration 2048"),
}


def promised(target: str) -> list[Reader]:
    """Who is promised to open what is made for that target."""
    return [BY_NAME[name] for name in TARGETS[target].readers or BY_NAME]


@pytest.mark.parametrize("count", [1, 2, 40])
@pytest.mark.parametrize("target", TARGETS)
def test_every_promise_is_in_the_matrix(target: str, count: int) -> None:
    """Whoever a file is made for opens it, however many keys are in it."""
    made = anatomy_of(named(target), keys=count)
    assert {reader.name: reader.refusal(made) for reader in promised(target)} == dict.fromkeys(
        reader.name for reader in promised(target))


@pytest.mark.parametrize("target", [target for target in TARGETS if target != "any"])
def test_keys_that_a_reader_does_not_take_are_not_written_for_it(target: str) -> None:
    """Each kind of key is refused by name, or taken by everyone it is promised to."""
    for kind in ("rsa-2048", "ec-p256", "ed25519"):
        key = m.generated(kind)
        refusals = [reader.key_refusal(key.public.family, key.name) for reader in promised(target)]
        try:
            named(target).require(key.public)
        except Unsupported as refused:
            assert kind in refused.message  # noqa: PT017 - either outcome is right for some kind
            assert any(refusals), f"{target} refuses {kind} that its readers take"
        else:
            assert not any(refusals), refusals


@pytest.mark.parametrize("name", FILED)
def test_the_prose_says_what_the_matrix_says(name: str) -> None:
    """Every reader stands after "Read by" or after "Not read by", as its row has it."""
    tree = ast.parse(Path(dialects.__file__).read_text(encoding="utf-8"))
    at = next(number for number, node in enumerate(tree.body)
              if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name)
    prose = " ".join(ast.literal_eval(tree.body[at + 1].value).split())  # type: ignore[attr-defined]
    read, _, unread = prose.partition("Read by: ")[2].partition("Not read by: ")
    made = anatomy_of(FILED[name])
    for part, opened in ((read, True), (unread.partition(". ")[0], False)):
        listed = {title.strip().rstrip(".") for title in part.split(";")} - {""}
        wanted = {reader.title for reader in READERS if (reader.refusal(made) is None) is opened}
        assert listed == wanted or (not wanted and part.startswith("nothing")), listed ^ wanted


@pytest.mark.slow
@pytest.mark.parametrize("dialect", FILED.values(), ids=FILED)
def test_a_file_is_what_its_dialect_says(
    dialect: Dialect, alice: Leaf, intermediate: Authority, tmp_path: Path
) -> None:
    """OpenSSL sees the ciphers, digests, iterations and salts that the matrix is asked about."""
    path = tmp_path / "file.p12"
    path.write_bytes(encode([m.item(alice), m.bare(intermediate)], Secret(PASSWORD), dialect))
    said = done("openssl", "pkcs12", "-info", "-in", path, "-passin", "stdin", "-noout",
                stdin=PASSWORD.encode() + b"\n").stderr.decode()
    sealed, mac = WORDS[dialect.name]
    assert said.count(sealed) == 2 and mac in said
    made = anatomy_of(dialect)
    assert made.integrity is not None
    assert f"salt length: {made.integrity.salt}" in said
    assert {f"Iteration {sealing.iterations}" in said for sealing in made.sealings} == {True}


def test_unknown_names_are_refused_with_the_list() -> None:
    """The hint is what a user needs next."""
    with pytest.raises(Unsupported) as refused:
        named("windows95")
    assert all(name in refused.value.hint for name in TARGETS)


def test_weak_dialects_say_so() -> None:
    """Whatever is sealed with 3DES is weak, and nothing else."""
    assert {name for name in TARGETS if named(name).weak} == {
        "windows-legacy", "macos14", "ios", "android", "java8", "gpgsm", "notes", "any"}


def test_every_row_has_its_source() -> None:
    """A row is run here, or says where it is from; names are unique."""
    assert {reader.name for reader in READERS if reader.here} == set(PROGRAMS)
    assert all(reader.source for reader in READERS)
    assert len(BY_NAME) == len(READERS)


def test_refusals_are_sentences() -> None:
    """They name the reader and the cause, and what the reader will say."""
    aes = anatomy_of(STRONG)
    assert BY_NAME["macos14"].refusal(aes) == (
        "macOS 14 and older cannot read AES-256 (PBES2), and says that the password is wrong")
    assert BY_NAME["gpgsm"].refusal(aes) == "gpgsm 2.2 cannot read AES-256 (PBES2)"
    assert "single DES" not in str(BY_NAME["java"].refusal(aes))
    narrow = anatomy_of(replace(STRONG, certificates=Encryption.AES_128, salt_length=8))
    assert BY_NAME["macos"].refusal(narrow) == (
        "macOS 15 and later is not known to read AES-128 (PBES2), and says that the password is wrong")
    many = anatomy_of(replace(STRONG, iterations=600_000, mac_iterations=600_000, total_iterations=None))
    assert BY_NAME["dotnet"].refusal(many) == (
        ".NET 9 and later takes at most 300,000 iterations in one place, and the file has 600,000")


def test_the_matrix_is_not_blind() -> None:
    """A dialect that breaks a promise is noticed."""
    broken = replace(named("macos"), certificates=Encryption.AES_128)
    assert any(reader.refusal(anatomy_of(broken)) for reader in promised("macos"))
