"""The tests' own ground: the PKI makes what it says, the NSS tools read it back, the home is not the real one."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from tests import keys, nss_tools, pki
from tests.nss_tools import Database, Listed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.pki import Authority, Leaf


@pytest.mark.parametrize("kind", ["rsa-1024", "rsa-2048", "rsa-4096", "ec-p256", "ec-p384", "ec-p521", "ed25519"])
def test_a_leaf_of_every_kind_is_packed(kind: str, intermediate: Authority) -> None:
    """Each kind of key goes into a PKCS#12 with its certificate and the two above."""
    leaf = intermediate.leaf("Someone", email="someone@example.test", key=keys.pooled(kind))
    opened = pkcs12.load_pkcs12(leaf.p12("pw"), b"pw")
    assert pki.kind_of(opened.key) == kind
    assert opened.cert.certificate == leaf.certificate
    assert [one.certificate.subject for one in opened.additional_certs] == [
        one.certificate.subject for one in leaf.chain
    ]


@pytest.mark.parametrize("which", pki.NASTY_NAMES)
def test_nasty_names_become_certificates(which: str, root: Authority) -> None:
    """Every nasty name survives as the common name of a certificate."""
    leaf = root.leaf(pki.NASTY_NAMES[which])
    assert leaf.cn == pki.NASTY_NAMES[which]
    assert root.renewed(leaf).cn == leaf.cn
    assert pki.root(leaf.cn).leaf("Below").issuer.cn == leaf.cn


def test_twins_and_pairs(intermediate: Authority, alice: Leaf) -> None:
    """Renewed certificates share the subject and nothing else that names them."""
    twin, (sign, encrypt) = intermediate.renewed(alice), intermediate.pair("Carol", email="carol@example.test")
    assert twin.certificate.subject == alice.certificate.subject
    assert twin.sha256 != alice.sha256
    assert twin.pkcs8 != alice.pkcs8
    assert sign.certificate.subject == encrypt.certificate.subject
    assert intermediate.renewed(alice, same_key=True).pkcs8 == alice.pkcs8
    assert intermediate.reissued().pkcs8 == intermediate.pkcs8


@pytest.mark.slow
@pytest.mark.parametrize("password", [None, "Sup3r pw!"])
@pytest.mark.parametrize(("modern", "kind"), [(False, "sql"), (True, "sql"), (False, "dbm")])
def test_nss_tools_round_trip(
    nss_database: Callable[..., Database], alice: Leaf, password: str | None, *, modern: bool, kind: str
) -> None:
    """What goes into a database comes out of it: certificate, key, chain and trust."""
    database = nss_database(password, modern=modern, kind=kind)
    assert (database.private_keys(), database.certificates()) == ([], [])
    database.add_p12(alice.p12(name="alice"))
    database.trust("Test Root - Certferry Tests", "CT,C,")
    assert Listed("alice", "u,u,u") in database.certificates()
    assert database.flags()["Test Root - Certferry Tests"] == "CT,C,"
    assert [key.kind for key in database.private_keys()] == ["rsa"]
    assert database.certificate("alice") == alice.der
    assert [database.verify("alice", usage) for usage in "CRS"] == [None, None, None]
    with pytest.warns(UserWarning, match="BER"):  # which NSS writes
        exported = pkcs12.load_pkcs12(database.export_p12("alice", "x"), b"x")
    assert keys.pkcs8(exported.key) == alice.pkcs8


def test_untrusted_does_not_verify(nss_database: Callable[..., Database], alice: Leaf) -> None:
    """The verifier is not blind: without a trusted root nothing is valid."""
    database = nss_database()
    database.add_p12(alice.p12(name="alice"))
    assert "not trusted" in (database.verify("alice", "C") or "")


@pytest.mark.parametrize(("modern", "length"), [(False, 20), (True, 48)])
def test_modern_means_the_long_salt(nss_database: Callable[..., Database], length: int, *, modern: bool) -> None:
    """The two generations of the password entry can both be made here."""
    import sqlite3
    from contextlib import closing

    database = nss_database("pw", modern=modern)
    with closing(sqlite3.connect(database.path / "key4.db")) as connection:
        (salt,) = connection.execute("select item1 from metaData where id = 'password'").fetchone()
    assert len(salt) == length


def test_wrong_password_is_refused(nss_database: Callable[..., Database], alice: Leaf) -> None:
    """A database does not open with another password."""
    database = nss_database("right")
    with pytest.raises(nss_tools.ToolError):
        Database(database.path, "wrong").add_p12(alice.p12())


def test_the_home_is_not_the_real_one(home: Path) -> None:
    """Tests see an empty home of their own."""
    assert Path.home() == home
    assert not list(home.iterdir())
    assert os.environ["XDG_CONFIG_HOME"].startswith(str(home))


def test_only_loopback() -> None:
    """A connection to anywhere else is an error."""
    with socket.socket() as outside, pytest.raises(AssertionError, match="wanted to talk"):
        outside.connect(("192.0.2.1", 9))
