"""The contract over the real crypt32: run by ``test_contract.py`` with the Windows Python on a machine of its own.

It empties the user's certificate stores before every test, and refuses to where that is not Wine.
"""

from __future__ import annotations

import ctypes
import winreg
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import ClassVar

import pytest

from profiles import asn1
from profiles.errors import Error
from profiles.windows.crypt32 import USAGES, system_store
from profiles.windows.native import system
from profiles.windows.store import WindowsStore
from tests.profiles import place
from tests.profiles.contract import StoreContract
from tests.profiles.pkcs12.material import bare
from tests.profiles.place import Place
from tests.windows.injection import Failing
from tests.windows.limits import NARROW_TRUST

place.KIND = "rsa-2048"  # the Wine of today keeps no others
NO_EC = "Wine 8 keeps no CNG keys, and EC keys are such"
_OWN = ("Software\\Microsoft\\SystemCertificates", "Software\\Wine\\Crypto")


def _empty() -> None:
    if not hasattr(ctypes.WinDLL("ntdll"), "wine_get_version"):
        pytest.exit("this empties the certificate stores of its user: on Wine only")
    for name in _OWN:
        _delete(winreg.HKEY_CURRENT_USER, name)


def _delete(root: object, name: str) -> None:
    try:
        with winreg.OpenKey(root, name, 0, winreg.KEY_ALL_ACCESS) as key:
            while winreg.QueryInfoKey(key)[0]:
                _delete(key, winreg.EnumKey(key, 0))
        winreg.DeleteKey(root, name)
    except FileNotFoundError:
        return


def _containers() -> int:
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, f"{_OWN[1]}\\RSA") as key:
            return winreg.QueryInfoKey(key)[0]
    except FileNotFoundError:
        return 0


def test_each_native_call_fails_once(tmp_path):
    """Of the real ones: the error says so, nothing of the step is there, and no container."""
    leaf, number = place.person("Rita"), 0
    while True:
        number += 1
        _empty()
        native = Failing(system(), number, 0x80090020)
        try:
            place.put(WindowsStore(native=native, records=tmp_path / str(number)), *place.identity(leaf),
                      trust={leaf.chain[-1]: place.ANCHOR})
        except Error as error:
            message = error.message
        else:
            break
        assert "0x80090020" in message, native.hit
        assert (WindowsStore(records=tmp_path / str(number)).list().entries, _containers()) == ((), 0), native.hit
    assert number > 40 and _containers() == 1


def test_what_the_computer_has_stays_there(tmp_path):
    """A certificate and a root that counts for e-mail only: the user gets copies, and ``undo`` takes those back."""
    _empty()
    bob, leaf = place.person("Bob"), place.person("Rita")
    root = leaf.chain[-1]
    has = {"AddressBook": (bob.der, {}), "ROOT": (root.der, {USAGES: asn1.sequence(asn1.oid("1.3.6.1.5.5.7.3.4"))})}
    calls = system()
    try:
        for name, (der, properties) in has.items():
            with system_store(calls, name, machine=True, write=True) as store:
                assert store.add(der, properties)
        store = WindowsStore(records=tmp_path)
        place.put(store, bare(bob, "Bob"), *place.identity(leaf), trust={root: place.ANCHOR})
        assert WindowsStore(records=tmp_path).list().entry(root.sha256).trust == place.ANCHOR
        WindowsStore(records=tmp_path).undo(store.undo_point)
        for name, (der, _) in has.items():
            for machine in (False, True):
                with system_store(calls, name, machine=machine) as store:
                    assert (store.find(der) is not None) == machine
    finally:
        for name, (der, _) in has.items():
            with system_store(calls, name, machine=True, write=True) as store:
                store.remove(der)


class TestWindows(StoreContract):
    """The stores of the user."""

    limits: ClassVar = NARROW_TRUST | {
        "test_an_identity_arrives[ec-p256]": NO_EC,
        "test_an_identity_arrives[ec-p384]": NO_EC,
        "test_an_identity_arrives[ec-p521]": NO_EC,
        "test_undo_takes_back_a_key_without_certificate": NO_EC,
    }

    @pytest.fixture
    def make(self, tmp_path):
        def one():
            _empty()
            return Place(partial(WindowsStore, records=Path(mkdtemp(dir=tmp_path))))

        return one
