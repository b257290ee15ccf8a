"""What another program wrote between the reading that a step was made from and its writing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profiles.errors import ChangedMeanwhile, StoreInUse
from profiles.nss import attributes as at
from profiles.nss.change import unchanged

if TYPE_CHECKING:
    from profiles.nss.attributes import Row
    from profiles.nss.change import Change
    from profiles.nss.sql import Table


def require_as_read(change: Change, certs: Table, keys: Table | None) -> None:
    """Raise ``ChangedMeanwhile`` where the databases are no longer what the change was made for.

    The caller holds the write locks. Without this, two imports at once leave everything twice, and a key that is sealed
    with a password just replaced opens with none.
    """
    if keys is not None and change.entry is not None:
        salt, check = keys.named(("password",)).get("password", (b"", None))
        if (salt, check) != (change.entry.salt, change.entry.check):
            raise StoreInUse(f"the primary password of {keys.path.parent} was set at the same moment", "Start again.")
    certificates = any(certs.taken(one) or _there(certs, row) for one, row in change.cert_inserts.items())
    certificates = certificates or not all(unchanged(certs, one, overwrite.old)
                                           for one, overwrite in change.cert_updates.items())
    if certificates or (keys is not None and _keys_differ(change, keys)):
        raise ChangedMeanwhile(f"another program wrote to the database in {certs.path.parent} at the same moment",
                               "Try again.")


def _keys_differ(change: Change, keys: Table) -> bool:
    return (any(keys.taken(one) or _there(keys, row) for one, row in change.key_inserts.items())
            or any(keys.signature(name) != old for name, (old, _) in change.meta_updates.items()))


def _there(table: Table, row: Row) -> bool:
    """Whether an object of the same content is there, or one that holds the name of a new certificate."""
    kind = at.number(row.get(at.CLASS))
    if kind == at.CERTIFICATE:
        twins = _like(table, row, (at.SUBJECT,), (at.VALUE,))
        if any(one.get(at.VALUE) == row.get(at.VALUE) for one in twins):
            return True
        named = _like(table, row, (at.LABEL,), (at.SUBJECT,)) if at.plain(row.get(at.LABEL)) else []
        return any(one.get(at.SUBJECT) != row.get(at.SUBJECT) for one in named)
    if kind in (at.PUBLIC_KEY, at.PRIVATE_KEY):
        return bool(_like(table, row, (at.ID,), (at.ID,)))
    if kind in (at.NSS_TRUST, at.TRUST):
        column = at.CERT_SHA1 if kind == at.NSS_TRUST else at.CERT_HASH
        found = _like(table, row, (at.ISSUER, at.SERIAL_NUMBER), (column,))
        return any(at.plain(one.get(column)) in (b"", at.plain(row.get(column))) for one in found)
    return False


def _like(table: Table, row: Row, names: tuple[str, ...], wanted: tuple[str, ...]) -> list[Row]:
    """The wanted columns of the objects of the same class that have the same values in those of the names."""
    where = " AND ".join(f"{name} = ?" for name in (*names, at.CLASS))
    return [one for _, one in table.rows(where, [row.get(name) for name in (*names, at.CLASS)], wanted)]
