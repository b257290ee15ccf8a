"""The far side of the library engine: runs under a Python that has python-nss, one process for each question.

Reads one JSON object from standard input, answers with one on standard output. It is started by its path and imports
nothing of certferry, since that other Python need not have it. The profile's pkcs11.txt is not loaded: it could name
any library.
"""

from __future__ import annotations

import base64
import json
import sys
from typing import Any

from nss import nss
from nss.error import NSPRError

_USER = 0x40
"""CERTDB_USER (certdb.h): the key of this certificate is there."""


def _initialise(question: dict[str, Any], flags: int) -> Any:
    password = question["password"]
    nss.set_password_callback(lambda _slot, retry, *_rest: None if retry else password)
    nss.nss_initialize("sql:" + question["directory"], "", "", "secmod.db", nss.NSS_INIT_NOMODDB | flags)
    slot = nss.get_internal_key_slot()
    if password is not None and slot.need_login():
        slot.authenticate()
    return slot


def _has_key(certificate: Any) -> bool:
    if certificate.ssl_trust_flags & _USER:  # what NSS says of a database that is still locked
        return True
    try:
        return nss.find_key_by_any_cert(certificate) is not None
    except NSPRError:
        return False


def _nicknames() -> dict[bytes, str]:
    database = nss.get_default_certdb()
    names = {}
    for nickname in nss.get_cert_nicknames(database, nss.SEC_CERT_NICKNAMES_USER):
        for certificate in nss.find_certs_from_nickname(nickname):
            names[bytes(certificate.der_data)] = nickname
    return names


def listing(question: dict[str, Any]) -> dict[str, Any]:
    """Every certificate with its trust flags; with the password, also whether its key is there."""
    _initialise(question, nss.NSS_INIT_READONLY)
    names = _nicknames()
    found = []
    for certificate in nss.list_certs(nss.PK11CertListAll):
        der = bytes(certificate.der_data)
        found.append({
            "der": base64.b64encode(der).decode(),
            "nickname": names.get(der, ""),
            "trust": [certificate.ssl_trust_flags, certificate.email_trust_flags, certificate.signing_trust_flags],
            "has_key": _has_key(certificate),
        })
    return {"certificates": found}


def locked(question: dict[str, Any]) -> dict[str, Any]:
    """Whether the database has a password, and whether the one that came along is right."""
    slot = _initialise({**question, "password": None}, nss.NSS_INIT_READONLY)
    if not slot.need_login():
        return {"locked": False, "right": True}
    if question["password"] is None:
        return {"locked": True, "right": False}
    nss.set_password_callback(lambda _slot, retry, *_rest: None if retry else question["password"])
    try:
        slot.authenticate()
    except NSPRError:
        return {"locked": True, "right": False}
    return {"locked": True, "right": True}


def export(question: dict[str, Any]) -> dict[str, Any]:
    """One PKCS#12 for each nickname; python-nss cannot select one of several certificates under one."""
    _initialise(question, nss.NSS_INIT_READONLY)
    cipher = nss.SEC_OID_AES_256_CBC
    nss.pkcs12_enable_all_ciphers()
    passphrase = question["passphrase"]
    files = [nss.pkcs12_export(nickname, passphrase, cipher, cipher) for nickname in question["nicknames"]]
    return {"files": [base64.b64encode(bytes(file)).decode() for file in files]}


def take_in(question: dict[str, Any]) -> dict[str, Any]:
    """Import a PKCS#12 and bare certificates, then set trust."""
    slot = _initialise(question, 0)
    database = nss.get_default_certdb()
    for item in question["certificates"]:
        nss.Certificate(base64.b64decode(item["der"]), database, True, item["nickname"])
    nss.pkcs12_enable_all_ciphers()
    nss.pkcs12_set_nickname_collision_callback(_other_nickname)
    for path, passphrase in question["pfxs"]:  # anonymous files in memory: python-nss reads a PKCS#12 from a file
        nss.PKCS12Decoder(path, passphrase, slot).database_import()
    wanted = {base64.b64decode(item["der"]): item["letters"] for item in question["trust"]}
    for certificate in nss.list_certs(nss.PK11CertListAll):
        letters = wanted.get(bytes(certificate.der_data))
        if letters is not None:
            certificate.set_trust_attributes(letters, database, slot)
    return {}


def _other_nickname(nickname: str, _certificate: Any) -> tuple[str, bool]:
    return f"{nickname} #2" if "#" not in nickname else nickname + "#", False


_QUESTIONS = {"hello": lambda _question: {}, "listing": listing, "locked": locked, "export": export, "take_in": take_in}


def main() -> None:
    """Answer the one question on standard input."""
    question = json.load(sys.stdin)
    try:
        answer = _QUESTIONS[question["verb"]](question)
    except NSPRError as error:
        answer = {"error": str(error.args[0] if error.args else error)[:300]}
    json.dump(answer, sys.stdout)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
