"""Many independent questions on all cores: forked processes, where the system has them, and answers in order."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Question = TypeVar("Question")
Answer = TypeVar("Answer")

_WORTH_IT = 64
"""Fewer questions are answered before a process has started."""


def spread(answer: Callable[[Question], Answer], questions: Sequence[Question]) -> list[Answer]:
    """``answer`` of every question, which must not raise; what it returns crosses a pipe as a pickle."""
    workers = min(os.cpu_count() or 1, len(questions) // (_WORTH_IT // 2))
    if workers < 2 or not hasattr(os, "fork"):
        return [answer(question) for question in questions]
    pipes = [_start(answer, questions[number::workers]) for number in range(1, workers)]
    found = [[answer(question) for question in questions[::workers]]]
    found += [_collect(pid, pipe) for pid, pipe in pipes]
    return [found[number % workers][number // workers] for number in range(len(questions))]


def _start(answer: Callable[[Question], Answer], questions: Sequence[Question]) -> tuple[int, int]:
    reader, writer = os.pipe()
    import pickle

    pid = os.fork()
    if pid:
        os.close(writer)
        return pid, reader
    status = 1
    try:
        os.close(reader)
        with os.fdopen(writer, "wb") as pipe:
            pickle.dump([answer(question) for question in questions], pipe, pickle.HIGHEST_PROTOCOL)
        status = 0
    finally:
        os._exit(status)


def _collect(pid: int, reader: int) -> list[Answer]:
    import pickle

    with os.fdopen(reader, "rb") as pipe:
        data = pipe.read()
    if os.waitpid(pid, 0)[1]:
        raise OSError("a process that should have read stores died")
    found: list[Answer] = pickle.loads(data)  # noqa: S301 - our own child wrote it
    return found
