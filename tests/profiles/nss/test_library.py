"""The two engines over the same databases: python-nss is the second opinion on everything the native one says."""

from __future__ import annotations

import pytest

from profiles.certificate import Certificate
from profiles.model import Level, Location, Selection, Trust
from profiles.nss.library import LibraryStore
from profiles.nss.store import NssStore
from profiles.pkcs12.contents import Item
from profiles.pkcs12.keys import PrivateKey
from profiles.pkcs12.seal import open_sealed, seal
from tests.askers import Given
from tests.command import certferry
from tests.system import require

# slow: NSS derives a key for every export with 600,000 rounds
pytestmark = [pytest.mark.linux("python-nss as Debian packs it"), pytest.mark.slow]


@pytest.fixture(autouse=True)
def _python_nss() -> None:
    require("/usr/lib/python3/dist-packages/nss/__init__.py")


def both(path, password):
    stores = (NssStore(Location("nss", str(path)), path), LibraryStore(Location("nss", str(path)), path))
    for store in stores:
        store.unlock(Given(password))
    return stores


@pytest.fixture(params=[None, "pass wörd"])
def database(request, nss_database, alice, bob, intermediate):
    """Twins, an RSA and an EC identity, a bare certificate, trust of several kinds."""
    made = nss_database(request.param)
    for leaf in (alice, bob, intermediate.renewed(alice)):
        made.add_p12(leaf.p12())
    made.trust("Test Root - Certferry Tests", "CT,,C")
    made.add_certificate(intermediate.leaf("Correspondent", email="c@example.test").der, "correspondent", "P,P,")
    made.add_certificate(intermediate.leaf("Refused").der, "refused", "p,p,p")
    return made


def test_both_engines_list_the_same(database):
    """Certificates, keys and trust are the same through either engine."""
    native, library = both(database.path, database.password or "")
    locked = LibraryStore(Location("nss", str(database.path)), database.path)
    assert sum(entry.has_key for entry in locked.list().entries) == 3
    views = [{entry.certificate.sha256: (entry.has_key, entry.trust) for entry in store.list().entries}
             for store in (native, library)]
    assert views[0] == views[1]
    assert len(views[0]) == 7


def test_both_engines_export_the_same(database):
    """Every identity comes out with the same key through either engine."""
    native, library = both(database.path, database.password or "")
    wanted = Selection.of(entry.certificate.sha256 for entry in native.list().entries if entry.has_key)
    found = [{item.certificate.sha256: item.key.pkcs8 for item in open_sealed(store.export(wanted)).items}
             for store in (native, library)]
    assert len(found[0]) == 3
    assert found[0] == found[1]


def test_library_engine_takes_in_what_the_native_one_reads(nss_database, alice, root):
    """A step through NSS itself arrives whole, is verified by the native engine, and can be undone."""
    database = nss_database("pw")
    native, library = both(database.path, "pw")
    trust = Trust(Level.TRUSTED, Level.TRUSTED, Level.UNKNOWN, Level.TRUSTED)
    with library.checkpoint() as checkpoint:
        for above in alice.chain:
            checkpoint.add_certificate(Certificate.parse(above.der), above.cn)
        checkpoint.set_trust(Certificate.parse(root.der), trust)
        checkpoint.add_keys(seal([Item(Certificate.parse(alice.der), PrivateKey.parse(alice.pkcs8), "Alice")]))
        checkpoint.commit()
    assert native.list().entry(alice.sha256).has_key
    assert native.list().entry(root.sha256).trust == trust
    assert database.verify("Alice", "C") is None
    library.undo(library.undo_point)
    assert not native.list().entries
    assert not database.certificates()


def test_engine_option(database, nss_database, alice):
    """The main job runs through python-nss on both sides."""
    target = nss_database("new")
    ran = certferry("migrate", f"nss:{database.path}", f"nss:{target.path}", "--engine", "python-nss", "--only",
                    alice.sha256, source=database.password, target="new")
    assert ran.status == 0, ran.err
    assert target.flags()["Alice RSA"] == "u,u,u"
    assert "CT,,C" in target.flags().values()


def test_wrong_password(database, nss_database):
    """A wrong password is the same refusal through either engine."""
    target = nss_database("right")
    for engine in ("native", "python-nss"):
        ran = certferry("migrate", f"nss:{database.path}", f"nss:{target.path}", "--engine", engine,
                        source=database.password, target="wrong")
        assert ran.status == 3 and "not the primary password" in ran.err
