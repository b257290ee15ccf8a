"""What stores hold, in words: the tables of ``stores`` and ``list``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from migrate.render import coloured, note, say, table, visible, visible_sentence
from profiles.trust import letters

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from profiles.model import Entry, Listing, Problem


def listing(found: Listing, chains: dict[str, bool]) -> str:
    """One store with what it holds, as lines."""
    what = ", ".join(filter(None, (found.product, found.state)))
    lines = [f"{coloured(visible(str(found.location)), 'bold', sys.stdout)}  {what}"]
    if found.path and found.path not in str(found.location):
        lines.append(f"  {visible(found.path)}")
    lines += table([_entry_row(entry, complete=chains.get(entry.certificate.sha256, False))
                     for entry in found.entries])
    lines += [f"  key without certificate  {key.key}  {visible(key.nickname) or key.id}" for key in found.pending_keys]
    lines += [f"  {coloured('!', 'yellow', sys.stdout)} {visible_sentence(problem.message)}"
              for problem in found.problems]
    if not found.entries and not found.pending_keys and found.state in ("ready", "empty"):
        lines.append("  nothing in it")
    return "\n".join(lines)


def _entry_row(entry: Entry, *, complete: bool) -> list[str]:
    certificate = entry.certificate
    last = certificate.validity[1]
    expiry = f"expired {last:%Y-%m-%d}" if last < datetime.now(UTC) else f"until {last:%Y-%m-%d}"
    uses = " ".join(certificate.usages[:4]) or ("CA" if certificate.is_ca else "any use")
    trusted = letters(entry.trust) if entry.trust else ""
    return ["key" if entry.has_key else "CA" if certificate.is_ca else "-", visible(certificate.common_name),
            visible(", ".join(certificate.emails[:2])), expiry, uses,
            f"trust {trusted}" if trusted else "chain complete" if complete else "chain incomplete",
            certificate.sha256[:16]]


def stores(found: Sequence[dict[str, Any]], problems: Iterable[Problem]) -> None:
    """The table of stores on this computer."""
    rows = [[visible(store["location"]), store["product"], store["state"], _count(store["identities"], "identity"),
             visible(store["path"])] for store in found]
    for store, line in zip(found, table(rows), strict=True):
        say(line)
        if store.get("applications"):
            say(f"    used by {visible(', '.join(one['name'] for one in store['applications']))}")
        for problem in store["problems"]:
            say(f"    {coloured('!', 'yellow', sys.stdout)} {visible_sentence(problem['message'])}")
    if not rows:
        say("no store was found")
    unseen(problems)


def unseen(problems: Iterable[Problem]) -> None:
    """What kept stores from being found, on standard error."""
    for problem in problems:
        note(f"  {coloured('!', 'yellow', sys.stderr)} {visible_sentence(problem.message)}")


def _count(number: int | None, one: str) -> str:
    if number is None:
        return ""
    many = one[:-1] + "ies" if one.endswith("y") else one + "s"
    return f"{number} {one if number == 1 else many}"
