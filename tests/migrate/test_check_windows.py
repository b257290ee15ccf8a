"""What `check` and `doctor` say of Windows stores; what netsh prints is written as its documentation shows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from migrate.checkup.finding import Severity
from migrate.checkup.windows import findings, served
from migrate.cli import moving, restoring
from profiles.certificate import Certificate
from profiles.model import Entry, Listing, Location
from profiles.opening import open_store
from profiles.windows.bindings import parse
from profiles.windows.store import MACHINE, WindowsStore
from tests import pki
from tests.issuing import Validity, issue, name_of
from tests.windows.fake import FakeWindows

if TYPE_CHECKING:
    from pathlib import Path

    from profiles.store import Store

NETSH = """
SSL Certificate bindings:
-------------------------

    {2}                      : {3}
    Certificate Hash             : {0}
    Application ID               : {{4dc3e181-e14b-4a21-b022-59fc669b0914}}
    Certificate Store Name       : {1}

"""
LATER = Validity(pki.NOW - timedelta(hours=1), pki.NOW + timedelta(days=400))
ADDRESS = "0.0.0.0:443"


def server(root: pki.Authority, *hosts: str, cn: str = "", valid: Validity = pki.CURRENT,
           eku: x509.ObjectIdentifier = pki.Eku.SERVER_AUTH) -> pki.Leaf:
    """A certificate for hosts, which its common name does not tell."""
    secret = pki.keys.generate("rsa-2048")
    extensions: list[tuple[x509.ExtensionType, bool]] = [(x509.ExtendedKeyUsage([eku]), False)]
    if hosts:
        extensions.append((x509.SubjectAlternativeName(list(map(x509.DNSName, hosts))), False))
    return pki.Leaf(issue(root.above, name_of(cn or "Web server"), secret, valid, extensions), secret, root)


@pytest.fixture
def old(root: pki.Authority) -> pki.Leaf:
    """The certificate of the server as it was."""
    return server(root, cn="www.example.test")


@pytest.fixture
def new(root: pki.Authority, old: pki.Leaf) -> pki.Leaf:
    """Its renewal, with a new key."""
    return root.renewed(old, valid=LATER)


def entry(leaf: pki.Leaf, *, key: bool = True) -> Entry:
    """It as the computer's store has it."""
    return Entry(Certificate.parse(leaf.der), "", has_key=key)


def netsh(shown: pki.Leaf, address: str = ADDRESS, store: str = "MY") -> str:
    """What netsh prints of one address."""
    label = "IP:port" if address == ADDRESS else "Hostname:port"
    return NETSH.format(Certificate.parse(shown.der).thumbprint, store, label, address)


def said(shown: pki.Leaf, *entries: Entry, days: int = 0, store: str = "MY",
         address: str = ADDRESS) -> list[tuple[str, Severity, str]]:
    """What is said of one address that shows a certificate, so many days from now."""
    listing = Listing(Location("windows", "machine"), "", "", entries=entries)
    bound = parse(netsh(shown, address, store))
    return [(one.code, one.severity, f"{one.message} {one.remedy}")
            for one in served(bound, listing, datetime.now(UTC) + timedelta(days=days))]


def test_an_address_that_is_served(old: pki.Leaf) -> None:
    """It is good to know, and nothing more."""
    ((code, severity, text),) = said(old, entry(old))
    assert (code, severity) == ("bound", Severity.NOTE) and "0.0.0.0:443" in text


@pytest.mark.parametrize("gone", ["absent", "without key"])
def test_an_address_that_lost_its_certificate(old: pki.Leaf, new: pki.Leaf, gone: str) -> None:
    """Where its successor is known, the command that shows it; where not, what is to be brought."""
    left = [] if gone == "absent" else [entry(old, key=False)]
    ((code, severity, text),) = said(old, *left, entry(new))
    command = f"netsh http update sslcert ipport=0.0.0.0:443 certhash={Certificate.parse(new.der).thumbprint} "
    assert severity is Severity.PROBLEM
    assert (code, command in text) == (("binding-broken", False) if gone == "absent" else ("binding-outdated", True))


def test_an_address_whose_certificate_expired(old: pki.Leaf) -> None:
    """Nothing in the store can take its place."""
    ((code, severity, text),) = said(old, entry(old), days=20_000)
    assert (code, severity) == ("binding-broken", Severity.PROBLEM) and "expired on" in text


def rebinding(leaf: pki.Leaf, address: str = f"ipport={ADDRESS}") -> str:
    """The command that shows it, as cmd.exe and PowerShell take it."""
    return (f"netsh http update sslcert {address} certhash={Certificate.parse(leaf.der).thumbprint} "
            '"appid={4dc3e181-e14b-4a21-b022-59fc669b0914}" certstorename=MY')


def test_a_renewed_certificate(old: pki.Leaf, new: pki.Leaf) -> None:
    """The old one still works and is still shown: the address is named, with the command for the new one."""
    ((code, severity, text),) = said(old, entry(old), entry(new))
    assert (code, severity) == ("binding-outdated", Severity.WARNING)
    assert ADDRESS in text and text.endswith(rebinding(new))
    assert [code for code, _, _ in said(new, entry(old), entry(new))] == ["bound"]


HOST = "www.example.test"
SEVERAL = (HOST, "example.test")


@pytest.mark.parametrize(("before", "after", "address", "fits"), [
    ((HOST,), (HOST,), ADDRESS, True),
    (SEVERAL, ("example.test", "*.Example.test"), ADDRESS, True),
    (SEVERAL, (HOST,), ADDRESS, False),
    (SEVERAL, ("*.example.test",), ADDRESS, False),
    ((f"a.{HOST}",), ("*.example.test",), ADDRESS, False),
    (("*.example.test",), ("*.example.test",), ADDRESS, True),
    (("*.example.test",), (HOST,), ADDRESS, False),
    (SEVERAL, (HOST,), f"{HOST}:443", True),
    (SEVERAL, ("*.example.test",), f"{HOST}:443", True),
    (SEVERAL, ("mail.example.test",), f"{HOST}:443", False),
])
def test_names_of_a_renewed_certificate(root: pki.Authority, before: tuple[str, ...], after: tuple[str, ...],
                                        address: str, fits: bool) -> None:
    """Its successor is for all its names, or for the one name that the address is for; common names do not count."""
    old, new = server(root, *before), server(root, *after, valid=LATER)
    ((code, _, text),) = said(old, entry(old), entry(new), address=address)
    assert code == ("binding-outdated" if fits else "bound")
    kind = "ipport" if address == ADDRESS else "hostnameport"
    assert (rebinding(new, f"{kind}={address}") in text) == fits


@pytest.mark.parametrize("flaw", ["no key", "not for servers", "older", "expired", "not yet valid"])
def test_what_is_no_successor(root: pki.Authority, old: pki.Leaf, flaw: str) -> None:
    """The address goes on as it is."""
    valid = {"older": Validity(pki.NOW - timedelta(days=9), pki.NOW + timedelta(days=9)), "expired": pki.EXPIRED,
             "not yet valid": pki.FUTURE}.get(flaw, LATER)
    eku = pki.Eku.CLIENT_AUTH if flaw == "not for servers" else pki.Eku.SERVER_AUTH
    other = server(root, cn="www.example.test", valid=valid, eku=eku)
    assert [code for code, _, _ in said(old, entry(old), entry(other, key=flaw != "no key"))] == ["bound"]


@pytest.mark.parametrize("directory", [False, True])
def test_it_is_said_when_it_arrives(old: pki.Leaf, new: pki.Leaf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                    capsys: pytest.CaptureFixture[str], directory: bool) -> None:
    """Whoever brings a renewed certificate to the computer's store learns which address still shows the old one."""
    target = WindowsStore(MACHINE, FakeWindows().native(), tmp_path / "records")

    def opened(place: str, **options: object) -> Store:
        return target if place == "windows:machine" else open_store(place, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(moving, "open_store", opened)
    monkeypatch.setattr(restoring, "open_store", opened)
    monkeypatch.setattr("profiles.windows.bindings.bindings", lambda: parse(netsh(old)))
    (tmp_path / "password").write_text("secret")
    asked = moving.Asked("", "windows:machine", file_password=f"file:{tmp_path / 'password'}")
    said = []
    for leaf in (old, new):
        place = tmp_path / leaf.sha256
        place.mkdir()
        (place / "a.p12").write_bytes(leaf.p12("secret"))
        options = {"dry_run": False, "yes": True, "to_json": False}
        if directory:
            assert restoring.restore(asked, place, **options) == 0
        else:
            assert moving.migrate(replace(asked, source=str(place / "a.p12")), **options) == 0
        said.append(capsys.readouterr().err)
    assert "netsh" not in said[0] and rebinding(new) in said[1]


def test_other_stores_are_others_business(old: pki.Leaf) -> None:
    """A binding may name a store that is not this one."""
    assert said(old, store="WebHosting") == []


def test_the_store_of_a_user() -> None:
    """Mozilla's programs can share it."""
    (only,) = findings(Listing(Location("windows"), "", ""))
    assert only.code == "in-place" and "security.osclientcerts.autoload" in only.message
