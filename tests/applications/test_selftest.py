"""The checks are not blind: what must be proven is, and what only looks right is not."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.applications import chromium, evolution, firefox, samples, thunderbird
from tests.applications.display import Display
from tests.applications.process import environment
from tests.applications.proof import NotProven, SetupError
from tests.applications.samples import PASSWORD, Samples
from tests.system import require

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.applications.proof import Proof

pytestmark = [pytest.mark.linux("applications as Debian packs them"), pytest.mark.slow]
ALICE, BOB = "Alice RSA", "Bob EC"
NOT_SENT = "not offered|did not return a certificate"
NO_KEY = "no certificate of its own|did not return a certificate"
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """The databases all cases share; the checks copy them."""
    return samples.make(tmp_path_factory.mktemp("samples"))


@pytest.mark.parametrize(
    ("database", "options"),
    [
        ("rsa", {"cn": ALICE}),
        ("ec", {"cn": BOB}),
        ("ec", {"cn": BOB, "tls12": True}),
        ("locked", {"cn": ALICE, "password": PASSWORD}),
        ("two", {"cn": ALICE}),
        ("two", {"cn": BOB}),
    ],
)
@pytest.mark.parametrize("browser", ["firefox", "chromium"])
def test_browsers_prove(sample: Samples, browser: str, database: str, options: dict[str, Any]) -> None:
    """A database with key and whole chain is proven, and the very certificate is named."""
    proof = _ask(browser, getattr(sample, database), ca=sample.root.pem, **options)
    assert proof.sha256 == (sample.alice if options["cn"] == ALICE else sample.bob).sha256


@pytest.mark.parametrize(
    ("database", "options", "reason"),
    [
        ("certificate_only", {}, NO_KEY),
        ("key_deleted", {}, NO_KEY),
        ("other_key", {}, "bad signature"),
        ("no_intermediate", {"with_ca": True}, NOT_SENT),
        ("locked", {"password": "wrong"}, "rejected"),
        ("rsa", {"password": PASSWORD}, "never asked"),
        ("rsa", {"cn": BOB}, "no certificate"),
        ("rsa", {"sha256": "0" * 64}, "no certificate"),
    ],
)
@pytest.mark.parametrize("browser", ["firefox", "chromium"])
def test_browsers_do_not_prove(
    sample: Samples, browser: str, database: str, options: dict[str, Any], reason: str
) -> None:
    """What lacks the key, the chain or the password is not proven, for that reason."""
    options = {"cn": ALICE} | options
    if options.pop("with_ca", False):
        options["ca"] = sample.root.pem
    with pytest.raises(NotProven, match=reason):
        _ask(browser, getattr(sample, database), **options)


def test_firefox_without_the_password(sample: Samples) -> None:
    """A locked profile whose password nobody gives is not proven."""
    with pytest.raises(NotProven, match="not given"):
        firefox.authenticates(profile=sample.locked, cn=ALICE)


def test_firefox_sets_a_password_of_its_own(sample: Samples) -> None:
    """The password Firefox sets has the long salt, and opens the key for Firefox afterwards."""
    profile = sample.database("own-password", sample.alice)
    firefox.set_password(profile, "Žluťoučký kůň")
    with closing(sqlite3.connect(profile / "key4.db")) as connection:
        (salt,) = connection.execute("select item1 from metaData where id = 'password'").fetchone()
    assert len(salt) == 48
    assert firefox.authenticates(profile=profile, cn=ALICE, password="Žluťoučký kůň")
    assert firefox.own_certificates(profile) == [sample.alice.der]


def test_chromium_finds_its_own_database(sample: Samples) -> None:
    """Both places in a home are found, and the older one hides the newer one."""
    assert chromium.authenticates(home=sample.home("legacy", legacy=sample.rsa), cn=ALICE, ca=sample.root.pem)
    assert chromium.authenticates(home=sample.home("xdg", xdg=sample.ec), cn=BOB, ca=sample.root.pem)
    hidden = sample.home("hidden", legacy=sample.database("empty"), xdg=sample.rsa)
    with pytest.raises(NotProven, match="which Chromium ignores"):
        chromium.authenticates(home=hidden, cn=ALICE)


def test_thunderbird_proves(sample: Samples) -> None:
    """An associated identity signs, encrypts and decrypts, with the chain in the message."""
    proof = thunderbird.signs_and_decrypts(profile=sample.mail, cn=ALICE, ca=sample.root.pem)
    assert proof.sha256 == sample.alice.sha256
    assert len(proof.shown) == 3


def test_thunderbird_proves_behind_a_password(sample: Samples) -> None:
    """The primary password is typed where Thunderbird asks."""
    assert thunderbird.signs_and_decrypts(profile=sample.locked_mail, cn=ALICE, password=PASSWORD, encrypt=False)


def test_thunderbird_opens_old_mail(sample: Samples) -> None:
    """Decryption needs no association and no trust."""
    assert thunderbird.decrypts(profile=sample.rsa, cn=ALICE)


@pytest.mark.parametrize(
    ("profile", "options", "reason"),
    [
        ("mail_key_deleted", {}, "Unable to sign message"),
        ("mail_other_key", {}, "openssl cms -verify"),
        ("mail_untrusted", {}, "not valid for this operation"),
        ("locked_mail", {"password": "wrong"}, "rejected"),
        ("rsa", {}, "no identity"),
    ],
)
def test_thunderbird_does_not_prove(sample: Samples, profile: str, options: dict[str, Any], reason: str) -> None:
    """What lacks key, trust, password or association is not proven, for that reason."""
    if profile == "mail_other_key":
        options = options | {"trust_ca": sample.root.pem}
    with pytest.raises(NotProven, match=reason):
        thunderbird.signs_and_decrypts(profile=getattr(sample, profile), cn=ALICE, encrypt=False, **options)


def test_evolution(sample: Samples) -> None:
    """The account's nickname signs and decrypts; as another person it does not."""
    home = sample.evolution_home()
    assert evolution.signs_and_decrypts(home=home, cn=ALICE, ca=sample.root.pem)
    with pytest.raises(NotProven, match="signs as"):
        evolution.signs_and_decrypts(home=home, cn=BOB)


@pytest.mark.parametrize("check", [firefox.authenticates, thunderbird.signs_and_decrypts])
def test_nothing_there_is_no_answer(check: Callable[..., Proof], tmp_path: Path) -> None:
    """A profile that does not exist is neither proven nor disproven."""
    with pytest.raises(SetupError, match="no such directory"):
        check(profile=tmp_path / "absent", cn=ALICE)


def test_a_screen_takes_everybody() -> None:
    """Also in the moment in which the last one leaves."""
    with Display() as display:
        env = environment(Path("/nonexistent"), Path("/nonexistent"), DISPLAY=display.name)
        line, came = [require("xdotool"), "getdisplaygeometry"], []
        for _ in range(60):
            came += [subprocess.Popen(line, env=env, stdout=subprocess.DEVNULL) for _ in range(2)]
            display.windows("^Nobody$")
        assert [one.wait(10) for one in came] == [0] * 120


@pytest.mark.parametrize(("database", "status"), [("rsa", 0), ("certificate_only", 1), ("absent", 2)])
def test_as_a_command(sample: Samples, database: str, status: int, tmp_path: Path) -> None:
    """The exit status says proven, not proven, or not carried out."""
    path = getattr(sample, database, tmp_path / "absent")
    argv = [sys.executable, "-m", "tests.applications.chromium", "--nssdb", str(path), "--cn", ALICE]
    done = subprocess.run(argv, cwd=REPOSITORY, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr


def _ask(browser: str, database: Path, **options: Any) -> Proof:
    if browser == "firefox":
        return firefox.authenticates(profile=database, **options)
    return chromium.authenticates(nssdb=database, **options)
