"""``python -m tests.bench``: every figure of the speed promises, as a ratio against its peer in the same run.

``--identities``, ``--profiles``, ``--certificates`` and ``--sample`` make it smaller; the defaults are the promises'.
pk12util takes minutes for 500 identities, so it is timed on ``--sample`` of them and scaled, which favours it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from profiles.certificate import Certificate
from profiles.model import Location, Secret
from profiles.nss.store import NssStore
from profiles.pkcs12.contents import Item
from profiles.pkcs12.keys import PrivateKey
from profiles.pkcs12.seal import seal
from tests import keys, nss_tools, pki
from tests.bench.measure import Taken, median, peak, run
from tests.command import argv
from tests.conftest import isolate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest

PASSWORD = "bench password"


class _Given:
    tries, explicit = 1, True

    def __call__(self, what: str, *, new: bool = False) -> Secret:
        return Secret(PASSWORD)


class Bench:
    """One run: a work directory, password files, and the rows found so far."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.password = work / "password"
        self.password.write_text(PASSWORD + "\n")
        self.secret = work / "secret"
        self.secret.write_text("secret\n")
        self.peak = 0.0
        self.failed = False
        self.root = pki.root("Bench Root")

    def row(self, what: str, ours: Taken, peer: Taken, limit: float, unit: str = "") -> None:
        """Print a ratio and whether it keeps its promise."""
        ratio = ours.seconds / peer.seconds
        kept = ratio <= limit
        self.failed |= not kept
        print(f"{what:<58} {ours.seconds:8.3f} s {peer.seconds:9.3f} s  ratio {ratio:6.3f}  promised {limit:<5}"
              f" {'kept' if kept else 'BROKEN'}  {unit}", flush=True)

    def weigh(self, argv: Sequence[str]) -> None:
        """One more run of a command, for its peak memory."""
        self.peak = max(self.peak, peak(argv))

    def migrate(self, source: Path, target: Path) -> list[str]:
        """The command of the main job."""
        secrets = ["--from-password", f"file:{self.password}", "--to-password", f"file:{self.password}"]
        return argv("migrate", f"nss:{source}", f"nss:{target}", "--yes", *secrets)

    def empty(self, name: str) -> Path:
        """A fresh database with a password, made by certutil."""
        path = self.work / name
        shutil.rmtree(path, ignore_errors=True)
        return nss_tools.create(path, PASSWORD).path

    def by_tools(self, source: Path, target: Path, nickname: str) -> Taken:
        """The same job as people do it: pk12util out, pk12util in."""
        file = self.work / "transfer.p12"
        file.unlink(missing_ok=True)
        common = ["-w", str(self.secret), "-k", str(self.password)]
        out = run(["pk12util", "-o", str(file), "-n", nickname, "-d", f"sql:{source}", *common])
        into = run(["pk12util", "-i", str(file), "-d", f"sql:{target}", *common])
        return Taken(out.seconds + into.seconds)


def fill(path: Path, leaves: Sequence[tuple[bytes, bytes]], password: str) -> None:
    """Put identities into a database in one step, natively."""
    store = NssStore(Location("nss", str(path)), path)
    store.unlock(_Given())
    with store.checkpoint() as checkpoint:
        for number, (der, pkcs8) in enumerate(leaves):
            item = Item(Certificate.parse(der), PrivateKey.parse(pkcs8), f"person {number}")
            checkpoint.add_keys(seal([item]))
        checkpoint.commit()


def one_identity(bench: Bench) -> None:
    """One identity, profile to profile, passwords on both sides."""
    leaf = bench.root.leaf("One Person", key="rsa-2048")
    database = nss_tools.create(bench.work / "one", PASSWORD)
    database.add_p12(leaf.p12())
    ours = median(7, lambda n: run(bench.migrate(database.path, bench.empty(f"ours-{n}"))))
    peer = median(7, lambda n: bench.by_tools(database.path, bench.empty(f"peer-{n}"), "One Person"))
    bench.row("one identity, profile to profile", ours, peer, 0.5)
    bench.weigh(bench.migrate(database.path, bench.empty("weighed")))


def many_identities(bench: Bench, count: int, sample: int) -> None:
    """Many identities that pk12util wrote, so that every sealed value has a salt of its own."""
    secret = [keys.generate("rsa-2048") for _ in range(min(count, 50))]
    leaves = [bench.root.leaf(f"Person {number:04}", key=secret[number % len(secret)] if count > len(secret) * 10
                              else keys.generate("rsa-2048")) for number in range(count)]
    database = nss_tools.create(bench.work / "many", PASSWORD)
    start = time.perf_counter()
    for leaf in leaves:
        database.add_p12(leaf.p12(chain=()))
    print(f"  ({count} identities put into the source by pk12util in {time.perf_counter() - start:.0f} s)", flush=True)
    ours = run(bench.migrate(database.path, bench.empty("many-ours")))
    target = bench.empty("many-peer")
    taken = sum(bench.by_tools(database.path, target, leaf.cn).seconds for leaf in leaves[:sample])
    peer = Taken(taken * count / min(sample, count))
    bench.row(f"{count} identities, passwords on both sides", ours, peer, 0.05, f"peer timed on {sample} and scaled")
    bench.weigh(bench.migrate(database.path, bench.empty("many-weighed")))
    listed = nss_tools.Database(bench.work / "many-ours", PASSWORD).private_keys()
    assert len(listed) == count, f"{len(listed)} of {count} keys arrived"


def many_profiles(bench: Bench, count: int) -> None:
    """Listing a thousand profiles in one command, against certutil once for each."""
    leaf = bench.root.leaf("One Person", key="rsa-2048")
    database = nss_tools.create(bench.work / "pattern")
    database.add_p12(leaf.p12())
    paths = []
    for number in range(count):
        paths.append(bench.work / "profiles" / f"{number:04}")
        shutil.copytree(database.path, paths[-1])
    start = time.perf_counter()
    for path in paths:
        run(["certutil", "-L", "-d", f"sql:{path}"])
    peer = Taken(time.perf_counter() - start)
    listing = argv("list", "--json", *(f"nss:{path}" for path in paths))
    ours = median(3, lambda _n: run(listing))
    bench.weigh(listing)
    bench.row(f"listing {count} profiles", ours, peer, 0.1)


def big_database(bench: Bench, count: int) -> None:
    """An import into a database of many certificates, against one into an empty database."""
    leaf = bench.root.leaf("One Person", key="rsa-2048")
    source = nss_tools.create(bench.work / "big-source", PASSWORD)
    source.add_p12(leaf.p12())
    key = keys.generate("ec-p256")
    big = bench.empty("big")
    store = NssStore(Location("nss", str(big)), big)
    store.unlock(_Given())
    with store.checkpoint() as checkpoint:
        for number in range(count):
            der = bench.root.leaf(f"Certificate {number:05}", key=key).der
            checkpoint.add_certificate(Certificate.parse(der), f"certificate {number}")
        checkpoint.commit()
    shutil.rmtree(big / ".certferry")

    def into(pattern: Path, name: str) -> Taken:
        target = bench.work / name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(pattern, target)
        return run(bench.migrate(source.path, target))

    bench.weigh(argv("list", "--json", f"nss:{big}"))
    empty = bench.empty("big-empty")
    into(big, "warm-up")
    ours = median(9, lambda _n: into(big, "big-target"))
    small = median(9, lambda _n: into(empty, "empty-target"))
    bench.row(f"import beside {count} certificates, against an empty database", ours, small, 1.3)
    shutil.rmtree(bench.work / "big-target")
    shutil.copytree(big, bench.work / "big-target")
    bench.weigh(bench.migrate(source.path, bench.work / "big-target"))


def start_up(bench: Bench) -> None:
    """The command against the imports that it cannot do without."""
    leaf = bench.root.leaf("One Person", key="rsa-2048")
    database = nss_tools.create(bench.work / "start")
    database.add_p12(leaf.p12())
    for what, ours, imports, limit in (
        ("certferry --version", argv("--version"), "import typer", 1.3),
        ("certferry list", argv("list", f"nss:{database.path}"), "import typer, sqlite3, cryptography.x509", 1.5),
    ):
        found, base = [], []
        for _ in range(25):  # in turn, so that both see the same machine
            found.append(run(ours))
            base.append(run([sys.executable, "-c", imports]))
        bench.row(f"{what} against {imports!r}", median(len(found), found.__getitem__),
                  median(len(base), base.__getitem__), limit)


def floor(count: int) -> None:
    """What the formats force: derivations nobody can leave out."""
    start = time.perf_counter()
    for _ in range(20):
        hashlib.pbkdf2_hmac("sha256", b"k" * 20, b"s" * 32, 10_000, 32)
    one = (time.perf_counter() - start) / 20
    cores = os.cpu_count() or 1
    print(f"floor: one derivation of 10,000 rounds {one * 1000:.1f} ms; a source that NSS wrote forces 2 for each RSA "
          f"key, {2 * count} for {count}: {2 * count * one / cores:.2f} s on {cores} cores; a password check forces 1")


@contextmanager
def _workplace() -> Iterator[Path]:
    import pytest

    with tempfile.TemporaryDirectory(prefix="certferry-bench-") as work, pytest.MonkeyPatch.context() as patch:
        _isolate(patch, Path(work))
        yield Path(work)


def _isolate(patch: pytest.MonkeyPatch, work: Path) -> None:
    (work / "home").mkdir()
    isolate(patch, work / "home")


def main() -> int:
    """Run everything; 1 if a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--identities", type=int, default=500)
    parser.add_argument("--profiles", type=int, default=1000)
    parser.add_argument("--certificates", type=int, default=10_000)
    parser.add_argument("--sample", type=int, default=25)
    parser.add_argument("--part", choices=["start", "one", "big", "profiles", "many"], action="append")
    asked = parser.parse_args()
    parts = asked.part or ["start", "one", "big", "profiles", "many"]
    with _workplace() as work:
        bench = Bench(work)
        run(argv("--version"))  # so that bytecode is there
        print(f"{'':<58} {'certferry':>10} {'peer':>11}")
        for part, run_it in (
            ("start", lambda: start_up(bench)),
            ("one", lambda: one_identity(bench)),
            ("big", lambda: big_database(bench, asked.certificates)),
            ("profiles", lambda: many_profiles(bench, asked.profiles)),
            ("many", lambda: many_identities(bench, asked.identities, asked.sample)),
        ):
            if part in parts:
                run_it()
        kept = bench.peak < 120
        print(f"peak memory of certferry: {bench.peak:.0f} MB  promised 120  {'kept' if kept else 'BROKEN'}")
        floor(asked.identities)
        return int(bench.failed or not kept)


if __name__ == "__main__":
    sys.exit(main())
