"""Reading a profile: all of it in few statements, or only what certain subjects need, however large it is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from profiles.certificate import Certificate
from profiles.errors import Malformed
from profiles.model import Problem
from profiles.nss import attributes as at
from profiles.nss.contents import Contents, StoredCertificate, StoredKey, StoredTrust, signature_names
from profiles.nss.sql import CERT_DB, CHUNK, KEY_DB, Table, open_for_reading, reading

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

_CERTIFICATE_COLUMNS = (at.LABEL, at.VALUE, at.ID)
_KEY_COLUMNS = (at.LABEL, at.KEY_TYPE, at.ID, at.EXTRACTABLE, at.MODULUS, at.EC_PARAMS, at.NSS_DB, at.PRIME)
_WHOLE_KEY_COLUMNS = (*_KEY_COLUMNS, at.PUBLIC_EXPONENT, at.SUBPRIME, at.BASE, *at.ENCRYPTED)
_TRUST_COLUMNS = (at.CLASS, at.ISSUER, at.SERIAL_NUMBER, at.TRUST_SERVER, at.TRUST_CLIENT, at.TRUST_CODE,
                  at.TRUST_EMAIL, at.CERT_SHA1, at.CERT_MD5, at.STEP_UP)
_NEW_TRUST_COLUMNS = (at.CLASS, at.ISSUER, at.SERIAL_NUMBER, at.NEW_SERVER, at.NEW_CLIENT, at.NEW_CODE, at.NEW_EMAIL,
                      at.CERT_HASH, at.HASH_MECHANISM)


def read(directory: Path, subjects: Collection[bytes] | None = None, *, whole_keys: bool = False) -> Contents:
    """Everything in the profile, or only certificates of those subjects with their keys and trust.

    Of keys only what a listing shows, unless ``whole_keys`` asks for their sealed values too.
    """
    contents = Contents()
    certs, keys = _open(directory, CERT_DB, contents), None
    try:
        keys = _open(directory, KEY_DB, contents)
        if certs is not None:
            _read_trust(certs, _read_certificates(certs, contents, subjects), contents)
        if keys is not None:
            wanted = None if subjects is None else _key_ids(contents.certificates)
            _read_keys(keys, contents, wanted, _WHOLE_KEY_COLUMNS if whole_keys else _KEY_COLUMNS)
            _read_names(keys, contents, [
                name for found in contents.trusts.values() for stored in found if stored.trust()
                for column in stored.levels if column in stored.row
                for name in signature_names(stored.object_id, column)])
    finally:
        for table in (certs, keys):
            if table is not None:
                table.close()
    return contents


def read_key(directory: Path, key_id: str) -> Contents:
    """Only the private key of that id (see ``StoredKey.id``) and the password entry."""
    contents = Contents()
    if not (directory / KEY_DB).exists():
        return contents
    with reading(directory / KEY_DB) as table:
        _read_keys(table, contents, {bytes.fromhex(key_id)}, _WHOLE_KEY_COLUMNS)
        contents.keys = [key for key in contents.keys if key.id == key_id]
        if not contents.keys:  # a key whose CKA_ID its maker chose
            _read_keys(table, contents, None, _WHOLE_KEY_COLUMNS)
            contents.keys = [key for key in contents.keys if key.id == key_id]
        _read_names(table, contents, ())
    return contents


def _open(directory: Path, name: str, contents: Contents) -> Table | None:
    if os.path.exists(f"{directory}{os.sep}{name}"):  # noqa: PTH110 - asked for every profile of a fleet
        return open_for_reading(directory / name)
    contents.problems.append(Problem("incomplete", f"{name} is missing from the profile"))
    return None


def _read_certificates(
    table: Table, contents: Contents, subjects: Collection[bytes] | None
) -> list[tuple[int, at.Row]]:
    """Certificates into ``contents``; the rows of the trust objects that may be theirs are returned."""
    kinds = tuple(map(at.ulong, (at.CERTIFICATE, at.NSS_TRUST, at.TRUST)))
    if subjects is None:
        columns = dict.fromkeys((*_CERTIFICATE_COLUMNS, *_TRUST_COLUMNS))
        found = table.rows("a0 IN (?, ?, ?)", kinds, columns)  # one pass: no index helps with the class
        rows = [one for one in found if one[1][at.CLASS] == kinds[0]]
        trusts = [one for one in found if one[1][at.CLASS] != kinds[0]]
        _add_certificates(rows, contents)
        return trusts
    _add_certificates(_selected(table, "a0 = ?", kinds[:1], at.SUBJECT, subjects, _CERTIFICATE_COLUMNS), contents)
    issuers = {stored.certificate.issuer for stored in contents.certificates}
    return list(_selected(table, "a0 IN (?, ?)", kinds[1:], at.ISSUER, issuers, _TRUST_COLUMNS))


def _add_certificates(rows: Iterable[tuple[int, at.Row]], contents: Contents) -> None:
    for object_id, row in rows:
        try:
            certificate = Certificate.parse(at.plain(row.get(at.VALUE)))
        except Malformed as error:
            contents.problems.append(Problem("malformed", f"certificate object {object_id}: {error.message}"))
            continue
        nickname = at.plain(row.get(at.LABEL)).decode("utf-8", "replace")
        contents.certificates.append(StoredCertificate(object_id, certificate, nickname, at.plain(row.get(at.ID))))


def _read_keys(
    table: Table, contents: Contents, wanted: Collection[bytes] | None, columns: tuple[str, ...]
) -> None:
    kind = (at.ulong(at.PRIVATE_KEY),)
    rows = table.rows("a0 = ?", kind, columns) if wanted is None else _selected(
        table, "a0 = ?", kind, at.ID, wanted, columns)
    contents.keys += [StoredKey(object_id, row) for object_id, row in rows]


def _read_names(table: Table, contents: Contents, signatures: Iterable[str]) -> None:
    found = table.named(("password", *signatures))
    salt, check = found.pop("password", (b"", None))
    if check is not None:
        contents.password_row = salt, check
    contents.signatures = {name: one for name, (one, _) in found.items()}


def _key_ids(certificates: Iterable[StoredCertificate]) -> set[bytes]:
    return {value for stored in certificates
            for value in (stored.cka_id, bytes.fromhex(stored.certificate.key_id))}


def _read_trust(table: Table, rows: list[tuple[int, at.Row]], contents: Contents) -> None:
    serials = {stored.certificate.issuer_and_serial[1] for stored in contents.certificates}
    mine = [one for one in rows if at.plain(one[1].get(at.SERIAL_NUMBER)) in serials]
    new = [object_id for object_id, row in mine if at.number(row[at.CLASS]) == at.TRUST]
    full = dict(_selected(table, "1", (), "id", new, _NEW_TRUST_COLUMNS)) if new else {}
    for object_id, row in mine:
        name = (at.plain(row.get(at.ISSUER)), at.plain(row.get(at.SERIAL_NUMBER)))
        contents.trusts.setdefault(name, []).append(StoredTrust(object_id, full.get(object_id, row)))


def _selected(
    table: Table, where: str, given: tuple[bytes, ...], column: str, values: Collection[bytes] | Collection[int],
    columns: tuple[str, ...],
) -> Iterable[tuple[int, at.Row]]:
    """The rows in which ``column`` is one of ``values``, as many as there are."""
    ordered = list(values)
    for start in range(0, len(ordered), CHUNK):
        part = ordered[start : start + CHUNK]
        marks = ", ".join("?" * len(part))
        yield from table.rows(f"{column} IN ({marks}) AND {where}", (*part, *given), columns)
