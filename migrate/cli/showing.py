"""The commands that explain: ``demo`` and ``guide``."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from migrate import demo as samples
from migrate import inventory, render, report
from migrate.cli.moving import status
from migrate.engine import Migration
from migrate.plan import Options


def demo(*, keep: bool, to_json: bool) -> int:
    """Build the samples, move, look again: the exit status."""
    directory = Path(tempfile.mkdtemp(prefix="certferry-demo-"))
    try:
        return _demo(directory, to_json=to_json)
    finally:
        if keep:
            render.note(f"kept: {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)


def _demo(directory: Path, *, to_json: bool) -> int:
    render.note("making two sample profiles, each with its own primary password …")
    source, target = samples.build(directory)
    migration = Migration(source.store, target.store, Options(), source.password, target.password,
                          observe=render.Progress())
    plan = migration.plan()
    if not to_json:
        render.note("\nthe plan:")
        render.plan(plan)
    found = migration.run(plan)
    if to_json:
        render.as_json(report.migration_json(found))
        return status(found)
    render.note("\nthe outcome:")
    render.report(found)
    render.note("\nwhat a fresh look into the new profile shows:")
    listing = target.store.list()
    render.say(inventory.listing(listing, {entry.certificate.sha256: True for entry in listing.entries}))
    again = migration.plan()
    render.note(f"\na second run would do {'nothing' if not again.steps else 'more'}: "
                f"{len(again.already_there)} identity is there already")
    return status(found)



def guide(topic: str | None, file: str | None, *, to_json: bool) -> None:
    """Print the steps of a topic, or what topics there are."""
    from migrate import guide as guides

    if topic is None:
        found = guides.topics()
        if to_json:
            render.as_json({"schema": report.SCHEMA, "topics": [{"topic": one.topic, "title": one.title}
                                                                for one in found]})
        else:
            render.topics((one.topic, one.title) for one in found)
        return
    one = guides.guide(topic, file)
    if to_json:
        render.as_json({"schema": report.SCHEMA, **one._asdict()})
    else:
        render.guide(one.title, one.text)
