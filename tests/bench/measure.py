"""Timing whole processes: wall time and peak memory of a command, best and median of several runs."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Taken:
    """Seconds and the largest resident set in MB."""

    seconds: float
    megabytes: float = 0.0


def run(argv: Sequence[str], accepted: tuple[int, ...] = (0,)) -> Taken:
    """One run of a command that must end as expected."""
    start = time.perf_counter()
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in accepted:
        raise RuntimeError(f"{argv[:4]} ended with {process.returncode}: {said.decode(errors='replace')[-500:]}")
    return Taken(time.perf_counter() - start, usage.ru_maxrss / 1024)


def median(times: int, once: Callable[[int], Taken]) -> Taken:
    """The median time and the largest memory of several runs; each gets its number."""
    found = [once(number) for number in range(times)]
    return Taken(statistics.median(one.seconds for one in found), max(one.megabytes for one in found))
