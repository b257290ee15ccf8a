"""Steps into an NSS database by the native engine."""

from __future__ import annotations

from cryptography.hazmat.primitives.serialization import pkcs12

from profiles.certificate import Certificate
from profiles.model import Level, Location, Trust
from profiles.nss.store import NssStore
from profiles.pkcs12.contents import Item
from profiles.pkcs12.keys import PrivateKey
from profiles.pkcs12.seal import seal
from tests import nss_tools, pki
from tests.askers import Given

TRUSTED = Trust(Level.TRUSTED, Level.TRUSTED, Level.TRUSTED, Level.TRUSTED)


def opened(path, password: str = "") -> NssStore:
    """The database by the native engine, made if there is none."""
    store = NssStore(Location("nss", str(path)), path, new=True)
    store.unlock(Given(password))
    return store


def put(store: NssStore, leaf: pki.Leaf, nickname: str, trust: Trust | None = None) -> None:
    """An identity arrives under that name, its root trusted so."""
    with store.checkpoint() as checkpoint:
        for above in leaf.chain:
            checkpoint.add_certificate(Certificate.parse(above.der), "")
        if trust:
            checkpoint.set_trust(Certificate.parse(leaf.chain[-1].der), trust)
        checkpoint.add_keys(seal([Item(Certificate.parse(leaf.der), PrivateKey.parse(leaf.pkcs8), nickname)]))
        checkpoint.commit()


def exported(database: nss_tools.Database, nickname: str):
    """The key that pk12util hands out."""
    return pkcs12.load_key_and_certificates(database.export_p12(nickname), b"secret")[0]
