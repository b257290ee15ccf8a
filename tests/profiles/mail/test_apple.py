"""Apple Mail through a stand-in for macOS' ``security``, which says what it is in its own file."""

from __future__ import annotations

import hashlib
import json
import plistlib
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from profiles.certificate import Certificate
from profiles.errors import AccessDenied, NoMatch, ToolFailed, Unsupported
from profiles.macos.identity_preference import IdentityPreferences
from profiles.mail.apple import AppleMail
from profiles.mail.client import Association
from profiles.model import Entry
from tests.profiles.macos import security_tool

if TYPE_CHECKING:
    from tests.pki import Authority, Leaf

ALICE = "alice@example.test"


@dataclass
class Mac:
    """A user's home, keychain and preferences."""

    home: Path
    entries: list[Entry] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._state = self.home / "state.json"
        self._save({"identities": [], "preferred": {}, "asked": []})

    @property
    def preferences(self) -> IdentityPreferences:
        return IdentityPreferences((sys.executable, "-IS", security_tool.__file__, str(self._state)))

    @property
    def mail(self) -> AppleMail:
        return AppleMail(self.home, self.home / "records", lambda: self.entries, self.preferences)

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._state.read_text())
        return found

    def _save(self, state: dict[str, Any]) -> None:
        self._state.write_text(json.dumps(state))

    def holds(self, *leaves: Leaf) -> None:
        self.entries += [Entry(Certificate.parse(leaf.der), has_key=True) for leaf in leaves]
        self._save(self.state | {"identities": [sha1(leaf).upper() for leaf in leaves] + self.state["identities"]})

    def fails(self, sentence: str) -> None:
        self._save(self.state | {"fails": sentence})

    def associate(self, leaf: Leaf, email: str = ALICE, **options: bool) -> str:
        certificate = Certificate.parse(leaf.der)
        point = self.mail.prepare([Association(email, email, certificate, certificate, **options)])
        self.mail.associate(point)
        self.mail.finish(point)
        return point


@pytest.fixture
def mac(tmp_path: Path) -> Mac:
    return Mac(tmp_path)


def sha1(leaf: Leaf) -> str:
    return hashlib.sha1(leaf.der).hexdigest()


@pytest.mark.slow
def test_preferred_and_put_back(mac: Mac, alice: Leaf, intermediate: Authority) -> None:
    """The address gets a preference for the new certificate; it reads back; undo restores the old one, or none."""
    newer = intermediate.leaf("Alice, renewed", email=ALICE)
    mac.holds(alice, newer)
    assert "several certificates" in mac.mail.accounts()[0].notes[0]
    first = mac.associate(alice)
    assert mac.state["preferred"] == {ALICE: sha1(alice).upper()}
    second = mac.associate(newer)
    (account,) = mac.mail.accounts()
    assert account.signing is not None
    assert account.signing.sha256 == newer.sha256
    mac.mail.restore(second)
    assert mac.state["preferred"] == {ALICE: sha1(alice).upper()}
    mac.mail.restore(first)
    assert mac.state["preferred"] == {}


def test_one_certificate_needs_no_preference(mac: Mac, alice: Leaf) -> None:
    """Mail takes it by its address; the store's other certificates are no accounts."""
    mac.holds(alice)
    mac.entries.append(Entry(Certificate.parse(alice.chain[0].der)))
    (account,) = mac.mail.accounts()
    assert (account.email, account.notes) == (ALICE, ())
    assert account.signing is not None
    assert account.signing.sha256 == alice.sha256


def test_addresses_from_the_settings(mac: Mac, alice: Leaf) -> None:
    """Of every place, each once, whatever is in the file; what cannot be read is passed over."""
    for place, found in {
        "Library/Mail/V2/MailData/Accounts.plist": {"MailAccounts": [
            {"EmailAddresses": ["Alice@example.test", "bob@example.test", 5, "nobody"]}, {"EmailAddresses": "x"}, 7]},
        "Library/Preferences/com.apple.mail.plist": {"MailAccounts": [{"EmailAddresses": [ALICE]}]},
        "Library/Mail/V3/MailData/Accounts.plist": ["other"],
    }.items():
        path = mac.home / place
        path.parent.mkdir(parents=True)
        path.write_bytes(plistlib.dumps(found))
    bad = mac.home / "Library/Mail/V4/MailData/Accounts.plist"
    bad.parent.mkdir(parents=True)
    bad.write_bytes(b"<plist><dict>")
    mac.holds(alice)
    assert [one.email for one in mac.mail.accounts()] == ["Alice@example.test", "bob@example.test"]


def test_an_account_that_is_not_there(mac: Mac, alice: Leaf, bob: Leaf) -> None:
    """An address that neither Mail nor the certificate has is refused; one that the certificate brings is not."""
    mac.holds(bob)
    with pytest.raises(NoMatch):
        mac.associate(alice, "carol@example.test")
    mac.holds(alice)
    mac.associate(alice)
    assert mac.state["preferred"] == {ALICE: sha1(alice).upper()}


def test_what_mail_decides_itself(mac: Mac, alice: Leaf) -> None:
    """Signing by default is a button in Mail that remembers: it is not set by halves."""
    mac.holds(alice)
    with pytest.raises(Unsupported):
        mac.associate(alice, sign=True)
    assert mac.state["preferred"] == {}


@pytest.mark.parametrize(("sentence", "error"), [
    ("security: SecIdentitySetPreferred: User interaction is not allowed. (-25308)", AccessDenied),
    ("security: something else", ToolFailed)])
def test_a_refusal(mac: Mac, alice: Leaf, sentence: str, error: type[Exception]) -> None:
    """It is said in one sentence, and nothing is left half done."""
    mac.holds(alice)
    mac.fails(sentence)
    with pytest.raises(error):
        mac.associate(alice)
    (left,) = mac.mail.unfinished()
    assert left.needs == (alice.sha256,)


def test_only_documented_words_and_no_secret(mac: Mac, alice: Leaf) -> None:
    """What the program is told: the command, the address and the thumbprint."""
    mac.holds(alice)
    mac.mail.restore(mac.associate(alice))
    thumbprint = sha1(alice).upper()
    assert {tuple(words) for words in mac.state["asked"]} == {
        ("get-identity-preference", "-s", ALICE, "-Z"),
        ("set-identity-preference", "-s", ALICE, "-Z", thumbprint),
        ("set-identity-preference", "-n", "-s", ALICE)}


def test_no_such_program(tmp_path: Path) -> None:
    """Elsewhere than on macOS it is not there."""
    with pytest.raises(ToolFailed):
        IdentityPreferences((str(tmp_path / "none"),)).get(ALICE)
