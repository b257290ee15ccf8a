"""What `check` and `doctor` say of Windows stores; what netsh prints is written as its documentation shows it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from migrate.checkup.finding import Severity
from migrate.checkup.windows import findings, served
from profiles.certificate import Certificate
from profiles.model import Entry, Listing, Location
from profiles.windows.bindings import parse
from tests import pki

NETSH = """
SSL Certificate bindings:
-------------------------

    IP:port                      : 0.0.0.0:443
    Certificate Hash             : {0}
    Application ID               : {{4dc3e181-e14b-4a21-b022-59fc669b0914}}
    Certificate Store Name       : {1}

"""


@pytest.fixture
def old(root: pki.Authority) -> pki.Leaf:
    """The certificate of the server as it was."""
    return root.leaf("www.example.test")


@pytest.fixture
def new(root: pki.Authority, old: pki.Leaf) -> pki.Leaf:
    """Its renewal, with a new key."""
    return root.renewed(old)


def entry(leaf: pki.Leaf, *, key: bool = True) -> Entry:
    """It as the computer's store has it."""
    return Entry(Certificate.parse(leaf.der), "", has_key=key)


def said(shown: pki.Leaf, *entries: Entry, days: int = 0, store: str = "MY") -> list[tuple[str, Severity, str]]:
    """What is said of one address that shows a certificate, so many days from now."""
    listing = Listing(Location("windows", "machine"), "", "", entries=entries)
    bound = parse(NETSH.format(Certificate.parse(shown.der).thumbprint, store))
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


def test_other_stores_are_others_business(old: pki.Leaf) -> None:
    """A binding may name a store that is not this one."""
    assert said(old, store="WebHosting") == []


def test_the_store_of_a_user() -> None:
    """Mozilla's programs can share it."""
    (only,) = findings(Listing(Location("windows"), "", ""))
    assert only.code == "in-place" and "security.osclientcerts.autoload" in only.message
