"""Timing whole processes: wall time and peak memory of a command, best and median of several runs."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Taken:
    """Wall time."""

    seconds: float


_LAUNCHER = """
import os, sys
pid = os.fork()
if not pid:
    os.execvp(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(pid, 0)
print(usage.ru_maxrss, flush=True)
os._exit(os.waitstatus_to_exitcode(status))
"""


def peak(argv: Sequence[str]) -> float:
    """The largest resident set of a command in MB; started from a small process, whose own size does not hide it."""
    done = subprocess.run([sys.executable, "-S", "-E", "-c", _LAUNCHER, *argv], stdin=subprocess.DEVNULL, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return int(done.stdout.split()[-1]) / 1024


def run(argv: Sequence[str], accepted: tuple[int, ...] = (0,)) -> Taken:
    """One run of a command that must end as expected."""
    start = time.perf_counter()
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    process.wait()
    if process.returncode not in accepted:
        raise RuntimeError(f"{argv[:4]} ended with {process.returncode}: {said.decode(errors='replace')[-500:]}")
    return Taken(time.perf_counter() - start)


def median(times: int, once: Callable[[int], Taken]) -> Taken:
    """The median time of several runs; each gets its number."""
    return Taken(statistics.median(once(number).seconds for number in range(times)))
