"""What Wine cannot show of the Windows store, on a stand-in that behaves as Microsoft documents."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from migrate.engine import Migration
from migrate.plan import Options
from profiles import asn1
from profiles.errors import AccessDenied, KeyNotExportable, LeftToUser, Malformed, NoMatch, ToolFailed, Unsupported
from profiles.model import Level, Selection, Trust
from profiles.pkcs12.contents import Item
from profiles.pkcs12.keys import PrivateKey, verify
from profiles.windows import capi
from profiles.windows.crypt32 import REFUSED_USAGES, USAGES, KeyLink, held
from profiles.windows.crypt32 import certificate as certificate_context
from profiles.windows.keys import Keys
from profiles.windows.native import KeyProvInfo, NativeError
from profiles.windows.store import MACHINE, USER, WindowsStore
from profiles.windows.usages import expressible
from tests import keys
from tests.askers import Given
from tests.profiles.memory import MemoryStore, Shelf
from tests.profiles.pkcs12.material import bare, certificate, item, key
from tests.profiles.place import ANCHOR, exported, identity, middle, person, put, require
from tests.windows.fake import FakeWindows, Kept, Key
from tests.windows.injection import Failing

SERVER, EMAIL = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.4"


def device(windows, leaf, provider, kind="cng"):
    """A certificate whose key is in a device."""
    windows.keys[kind, False, "device"] = Key(leaf.pkcs8, exportable=False, device=True)
    windows.stores.setdefault((False, "MY"), {})[leaf.der] = Kept(
        leaf.der, {2: KeyLink("device", provider, 0 if kind == "cng" else 1, 0, 1)})


def test_an_ec_key_is_kept_by_cng_and_signs(windows, store):
    """And comes out of it again."""
    put(store(), *identity(person("Alice")))
    assert {kind for kind, _, _ in windows.keys} == {"cng"}
    assert windows.calls["PFXImportCertStore"] == 1
    require(store(), person("Alice"))


@pytest.mark.parametrize(("provider", "words"), [
    ("Microsoft Smart Card Key Storage Provider", "on a smart card"),
    ("Microsoft Platform Crypto Provider", "TPM"),
    ("Microsoft Software Key Storage Provider", "marked as not exportable"),
])
def test_why_a_key_stays(windows, store, provider, words):
    """The reason is the provider's, and the hint names lawful ways on."""
    device(windows, person("Alice"), provider)
    with pytest.raises(KeyNotExportable, match=words) as caught:
        store().export(Selection.of([person("Alice").sha256]))
    assert "backup" in caught.value.hint and "renew" in caught.value.hint


def test_a_card_that_is_not_in_its_reader(windows, store):
    """Is a card all the same."""
    windows.stores[False, "MY"] = {person("Alice").der: Kept(
        person("Alice").der, {2: KeyLink("gone", "Microsoft Base Smart Card Crypto Provider", 1, 0, 1)})}
    with pytest.raises(KeyNotExportable, match="on a smart card"):
        store().export(Selection.of([person("Alice").sha256]))


def test_a_certificate_whose_key_is_gone(windows, store):
    """Is listed without one, says so, and gets it back."""
    put(store(), *identity(person("Rita", "rsa-2048")))
    windows.keys.clear()
    listing = store().list()
    assert not listing.entry(person("Rita", "rsa-2048").sha256).has_key
    assert "is not on this computer any more" in listing.problems[0].message
    put(store(), item(person("Rita", "rsa-2048"), "Rita"))
    require(store(), person("Rita", "rsa-2048"))


def test_archived_certificates_come_along(windows, store):
    """Old mail needs them."""
    put(store(), *identity(person("Alice")))
    windows.stores[False, "MY"][person("Alice").der].properties[19] = b""
    assert exported(store(), person("Alice"))


def test_a_root_is_announced_and_asked_for(windows, store):
    """Once, in the window of Windows; the fingerprint to compare is said before."""
    said = []
    opened = store()
    opened.protect(exportable=True, strong=False, announce=said.append)
    put(opened, *identity(person("Alice")), trust={middle().chain[-1]: ANCHOR})
    assert len(windows.asked) == 1 == len(said)
    assert "Contract Root" in said[0]


def test_a_declined_root_takes_the_step_back(windows, store):
    """Nothing of it stays, and it is not asked for again in the same run."""
    windows.consents = False
    opened, before = store(), windows.state()
    for _ in range(2):
        with pytest.raises(LeftToUser):
            put(opened, *identity(person("Alice")), trust={middle().chain[-1]: ANCHOR})
        assert windows.state() == before
    assert len(windows.asked) == 1


def test_without_desktop_a_root_is_referred(windows, store):
    """The step waits for a person, nothing hangs; the others are done."""
    windows.desktop = False
    shelf = Shelf()
    put(MemoryStore(shelf), *identity(person("Alice")), trust={middle().chain[-1]: ANCHOR})
    migration = Migration(MemoryStore(shelf), store(), Options(), Given(""), Given(""))
    (outcome,) = migration.run(migration.plan()).outcomes
    assert (outcome.outcome, outcome.code) == ("referred", "left-to-user")
    assert "--trust none" in outcome.hint
    assert not store().list().entries and not windows.keys
    migration = Migration(MemoryStore(shelf), store(), Options(trust=False), Given(""), Given(""))
    (outcome,) = migration.run(migration.plan()).outcomes
    assert outcome.outcome == "done"


def test_a_root_that_the_computer_has_is_not_asked_for(windows, store):
    """It is trusted already: no window, and no copy."""
    put(store(MACHINE), *(bare(above, above.cn) for above in middle().chain), trust={middle().chain[-1]: ANCHOR})
    shelf = Shelf()
    put(MemoryStore(shelf), *identity(person("Alice")), trust={middle().chain[-1]: ANCHOR})
    migration = Migration(MemoryStore(shelf), store(), Options(), Given(""), Given(""))
    (outcome,) = migration.run(migration.plan()).outcomes
    assert outcome.outcome == "done" and not windows.asked
    assert not windows.stores[False, "ROOT"]
    assert store().list().entry(middle().chain[-1].sha256).trust == ANCHOR


@pytest.mark.parametrize("kind", ["rsa-2048", "ec-p256"])
def test_strong_protection(windows, store, kind):
    """Windows asks when the key comes in and when it is used; each time that is announced."""
    said = []
    opened, leaf = store(), person("Paula", kind)
    opened.protect(exportable=False, strong=True, announce=said.append)
    put(opened, *identity(leaf))
    public = certificate(leaf).public_key
    assert verify(public, b"message", opened.sign(public.id, b"message"))
    assert len(windows.asked) == 2 == len(said) and "High" in said[0]
    windows.desktop = False
    with pytest.raises(LeftToUser):
        opened.sign(public.id, b"message")
    with pytest.raises(LeftToUser):
        put(opened, *identity(person("Paul", kind) if kind == "ec-p256" else person("Otto")))


def test_the_computer_is_for_administrators(windows, store):
    """A user without the right is told so before anything happens; reading is allowed."""
    windows.admin = False
    assert store(MACHINE).list().entries == ()
    with pytest.raises(AccessDenied) as caught:
        store(MACHINE).checkpoint()
    assert "administrator" in caught.value.hint


def test_kinds_that_windows_does_not_have(store):
    """Are refused by name, and nothing is left."""
    leaf = middle().leaf("Eddy", key=keys.generate("ed25519"))
    with pytest.raises(Unsupported, match="ed25519"):
        put(store(), *identity(leaf))
    assert store().list().entries == ()


def test_kinds_that_no_provider_signs_with(windows, store):
    """DSA is refused by name before anything is stored."""
    with pytest.raises(Unsupported, match="no keys of the kind dsa"):
        Keys(windows.native()).check(PrivateKey.parse(dsa_pkcs8()), "Dan")
    assert not windows.keys


def dsa_pkcs8():
    """A key that FIPS 186-4 had."""
    made = dsa.generate_private_key(1024)
    return made.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


class Enhanced(FakeWindows):
    """Keeps RSA keys of a PFX with the older providers, as Windows does where the file names none."""

    def PFXImportCertStore(self, data, password, flags):  # noqa: N802
        handle = super().PFXImportCertStore(data, password, flags)
        for kept in self._handles[handle][1][0].values():
            link = kept.properties.get(2)
            if link is not None:
                self.keys["capi", link.machine, link.container] = self.keys.pop(("cng", link.machine, link.container))
                kept.properties[2] = link._replace(
                    provider="Microsoft Enhanced Cryptographic Provider v1.0", type=1, spec=1)
        return handle


def test_a_key_of_an_odd_size_whose_place_is_not_told(tmp_path):
    """Nothing of it is left behind, whichever provider took it."""

    class Untold(Failing):
        def call(self, name, *arguments):
            if name == "CertGetCertificateContextProperty" and windows.keys and not self.hit:
                self.hit = name
                raise NativeError(name, 0x80090020)
            return super().call(name, *arguments)

    windows = Enhanced()
    leaf = middle().leaf("Odd", key=keys.generate("rsa-2044"))
    with pytest.raises(ToolFailed):
        put(WindowsStore(USER, Untold(windows.native(), 0, 0), tmp_path), *identity(leaf))
    assert not windows.keys and not any(windows.stores.values())


def test_what_has_no_name_stays_without():
    """A certificate may say that its key is the default one of a provider: that is no key named nothing."""
    asked = []

    class Watching(FakeWindows):
        def CryptAcquireContextW(self, out, container, provider, kind, flags):  # noqa: N802
            asked.append((container, provider))
            return super().CryptAcquireContextW(out, container, provider, kind, flags)

    native, link = Watching().native(), KeyLink("", "", 1)
    with certificate_context(native, person("Alice").der, link) as context:
        raw = native.sized("CertGetCertificateContextProperty", context, 2)
        info = KeyProvInfo.from_buffer_copy(raw)
        assert (info.container, info.provider) == (None, None)
        assert held(native, context).link == link
    capi.exists(native, link)
    assert asked == [(None, None)]
    assert not Keys(native).remove(link) and len(asked) == 1


def test_the_python_of_the_microsoft_store(windows, store):
    """Nobody else would see what it writes for a user: that is refused; reading goes on, and the computer's stores."""
    opened = store()
    put(opened, *identity(person("Alice")))
    before, windows.packaged = windows.state(), True
    for attempt in (lambda: put(store(), *identity(person("Bob"))), lambda: store().undo(opened.undo_point)):
        with pytest.raises(Unsupported, match="Microsoft Store") as caught:
            attempt()
        assert "python.org" in caught.value.hint
    assert windows.state() == before
    assert exported(store(), person("Alice"))
    put(store(MACHINE), *identity(person("Bob")))


@pytest.mark.parametrize("code", [15700, 0x78])
def test_a_python_that_is_no_app(windows, code, tmp_path):
    """Windows says so, or is too old to know of apps."""

    class Old(Failing):
        def call(self, name, *arguments):
            if name == "GetCurrentPackageFullName":
                raise NativeError(name, code)
            return super().call(name, *arguments)

    put(WindowsStore(USER, Old(windows.native(), 0, 0), tmp_path), *identity(person("Alice")))


def test_a_key_of_an_odd_size_goes_by_pfx(windows, store):
    """CryptoAPI takes whole words of modulus only."""
    leaf = middle().leaf("Odd", key=keys.generate("rsa-2044"))
    put(store(), *identity(leaf))
    assert {kind for kind, _, _ in windows.keys} == {"cng"}
    require(store(), leaf)


def test_a_wrong_key_is_not_handed_out(windows, store):
    """Where Windows keeps another key under the name that the certificate gives."""
    put(store(), *identity(person("Alice")), Item(None, key(person("Bob"))))
    mine, other = windows.keys
    windows.keys[mine] = windows.keys[other]
    with pytest.raises(Malformed, match="not the one of that certificate"):
        store().export(Selection.of([person("Alice").sha256]))


def test_no_such_key(store):
    """A stand-in without its key is no match."""
    with pytest.raises(NoMatch):
        store().export(Selection.of(keys=["00" * 20]))


def oids(*names):
    """Extended usages as the property holds them."""
    return asn1.sequence(*map(asn1.oid, names))


@pytest.mark.parametrize(("properties", "trust"), [
    ({}, ANCHOR),
    ({USAGES: oids(EMAIL)}, Trust(email=Level.TRUSTED)),
    ({USAGES: oids(SERVER)}, Trust(server=Level.TRUSTED)),
    ({USAGES: oids("1.2.3.4")}, Trust()),
    ({USAGES: oids()}, Trust(*[Level.DISTRUSTED] * 4)),
    ({REFUSED_USAGES: oids(SERVER)}, ANCHOR._replace(server=Level.DISTRUSTED)),
], ids=["all", "email", "server", "other", "none", "refused"])
def test_usage_restrictions_are_read(windows, store, properties, trust):
    """As the properties of a root say."""
    root = middle().chain[-1]
    windows.stores[False, "ROOT"] = {root.der: Kept(root.der, dict(properties))}
    assert store().list().entry(root.sha256).trust == trust


@pytest.mark.parametrize(("trust", "kept"), [
    (Trust(Level.TRUSTED, Level.UNKNOWN, Level.TRUSTED, Level.TRUSTED), None),
    (Trust(Level.TRUSTED, Level.VALID_CA), Trust(Level.TRUSTED)),
    (Trust(Level.TRUSTED, email=Level.DISTRUSTED), Trust(Level.TRUSTED)),
    (Trust(Level.VALID_CA, email=Level.MUST_VERIFY), Trust()),
])
def test_what_a_mapping_loses_is_said(store, trust, kept):
    """In the plan; the rest arrives and is verified."""
    assert expressible(trust) == (trust if kept is None else kept)
    shelf = Shelf()
    put(MemoryStore(shelf), *identity(person("Alice")), trust={middle().chain[-1]: trust})
    migration = Migration(MemoryStore(shelf), store(), Options(), Given(""), Given(""))
    plan = migration.plan()
    assert ("stays behind" in " ".join(plan.steps[0].notes)) == (kept is not None)
    (outcome,) = migration.run(plan).outcomes
    assert outcome.outcome == "done"
    assert not migration.plan().steps
