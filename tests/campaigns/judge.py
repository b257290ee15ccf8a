"""The state of a target after something went wrong, judged by SQLite and the NSS tools and not by certferry."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests import nss_tools, pki

PASSWORD = "campaign password"
FILES = ("cert9.db", "key4.db")

Rows = dict[tuple[str, object], tuple[object, ...]]


@dataclass(frozen=True)
class Scene:
    """A source with one identity below a root and an intermediate, and a target with two old identities."""

    source: Path
    target: Path
    secret: Path
    newcomer: pki.Leaf
    p12: Path
    old: Rows

    @classmethod
    def build(cls, work: Path) -> Scene:
        """Both databases made by the NSS tools, with passwords."""
        authority = pki.root("Campaign Root").intermediate("Campaign Intermediate")
        leaf = authority.leaf("Newcomer", email="new@example.test", key="rsa-2048")
        source = nss_tools.create(work / "source", PASSWORD)
        source.add_p12(leaf.p12())
        source.trust("Campaign Root - Certferry Tests", "CT,C,C")
        target = nss_tools.create(work / "target", PASSWORD)
        for name in ("Old One", "Old Two"):
            target.add_p12(authority.leaf(name, key="rsa-2048").p12(chain=()))
        secret = work / "password"
        secret.write_text(PASSWORD + "\n")
        p12 = work / "newcomer.p12"
        p12.write_bytes(leaf.p12())
        return cls(source.path, target.path, secret, leaf, p12, rows(target.path))

    def fresh(self, place: Path) -> Path:
        """A new copy of the target."""
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.target, place)
        return place


def rows(directory: Path) -> Rows:
    """Every row of both files; raises ``sqlite3.Error`` where one cannot be read."""
    found: Rows = {}
    for name in FILES:
        with closing(sqlite3.connect(f"file:{directory / name}?mode=rw", uri=True)) as connection:
            check = connection.execute("PRAGMA integrity_check").fetchone()[0]
            if check != "ok":
                raise sqlite3.DatabaseError(check)
            for table in ("nssPublic",) if name == "cert9.db" else ("nssPrivate", "metaData"):
                found |= {(table, row[0]): row for row in connection.execute(f"SELECT * FROM {table}")}
    return found


@dataclass(frozen=True)
class Verdict:
    """What is there: ``nothing`` new, ``all`` of it, ``half`` of it, or ``lost`` (old rows gone or unreadable)."""

    state: str
    detail: str = ""


def judge(scene: Scene, place: Path, *, with_tools: bool = True, with_trust: bool = True) -> Verdict:
    """Compare a target with what it was and what it should have become (pk12util brings no trust)."""
    try:
        now = rows(place)
    except sqlite3.Error as error:
        return Verdict("lost", f"unreadable: {error}")
    gone = [key for key, row in scene.old.items() if now.get(key) != row]
    if gone:
        return Verdict("lost", f"old rows changed: {gone[:3]}")
    new = {key: row for key, row in now.items() if key not in scene.old}
    state = _state(scene, new, with_trust=with_trust)
    if with_tools and state in ("nothing", "all"):
        problem = _tools_disagree(place, arrived=state == "all")
        if problem:
            return Verdict("half", problem)
    detail = f"{len(new)} new rows: {sorted(str(key) for key in new)[:4]}" if state == "half" else ""
    return Verdict(state, detail)


def _state(scene: Scene, new: Rows, *, with_trust: bool) -> str:
    if not new:
        return "nothing"
    blobs = {value for row in new.values() for value in row if isinstance(value, bytes)}
    certificates = all(one.der in blobs for one in (scene.newcomer, *scene.newcomer.chain))
    keys = sum(table == "nssPrivate" for table, _ in new)
    objects = [row for (table, _), row in new.items() if table == "nssPublic" and b"\xce\x53\x43\x53" in row]
    trusted = not with_trust or any(b"\xce\x53\x43\x52" in row for row in objects)
    return "all" if certificates and keys == 1 and trusted else "half"


def _tools_disagree(place: Path, *, arrived: bool) -> str:
    database = nss_tools.Database(place, PASSWORD)
    try:
        flags = database.flags()
        keys = len(database.private_keys())
    except nss_tools.ToolError as error:
        return f"certutil cannot read it: {error}"
    if keys != (3 if arrived else 2) or sum(flag == "u,u,u" for flag in flags.values()) != keys:
        return f"certutil shows {flags} and {keys} keys"
    return ""
