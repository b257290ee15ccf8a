"""What the campaign of kills on Windows kills: puts identities into the Windows store and takes them out, for ever.

Started with the Windows Python: ``windows_worker.py FILE.p12 RECORDS [--control]``. Takes back what a killed one left,
prints a line, and works from then on. ``--control`` writes the certificate before its key and no record of it.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from profiles.errors import StoreInUse
from profiles.model import Level, Secret, Trust
from profiles.pkcs12.keys import rsa_numbers
from profiles.pkcs12.reader import decode
from profiles.pkcs12.seal import seal
from profiles.windows import blobs, capi, native
from profiles.windows.crypt32 import KEY_LINK, system_store
from profiles.windows.store import WindowsStore

ANCHOR = Trust(*[Level.TRUSTED] * 4)


def step(items):
    """One migration and its undoing."""
    store = WindowsStore()
    with store.checkpoint() as checkpoint:
        for item in items:
            if item.key is None:
                checkpoint.add_certificate(item.certificate, item.nickname)
            if item.certificate.self_issued:
                checkpoint.set_trust(item.certificate, ANCHOR)
        checkpoint.add_keys(seal([item for item in items if item.key]))
        checkpoint.commit()
    WindowsStore().undo(store.undo_point)


def naive(items):
    """The same as it should not be done."""
    calls = native.system()
    for number, item in enumerate(items):
        if item.key is None:
            continue
        link = capi.link(f"naive-{number}", machine=False)
        capi.delete(calls, link)
        with system_store(calls, "MY", machine=False, write=True) as my:
            my.add(item.certificate.der, {KEY_LINK: link})
            capi.make(calls, link, blobs.private(rsa_numbers(item.key.pkcs8)), exportable=True, protected=False)
            my.remove(item.certificate.der)
        capi.delete(calls, link)


def main(file, records, *options):
    """Take back what is left of earlier runs; then never return, but with ``--finish``."""
    store = WindowsStore()
    with suppress(StoreInUse):  # which says that it took something back
        store.checkpoint()
    for run in Path(records).glob("2*"):
        store.undo(run.name)
    if "--finish" in options:
        return
    items = decode(Path(file).read_bytes(), Secret("secret")).items
    work = naive if "--control" in options else step
    work(items)
    print("ready", flush=True)
    while True:
        work(items)


if __name__ == "__main__":
    main(*sys.argv[1:])
