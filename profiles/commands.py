"""Commands as people type them: what a hint tells to type works when it is pasted."""

from __future__ import annotations

from profiles.disk import WINDOWS


def typed(*words: object) -> str:
    """A command line for the shell of this system, each word quoted where it has to be."""
    texts = list(map(str, words))
    if WINDOWS:
        import subprocess

        return subprocess.list2cmdline(texts)
    import shlex

    return shlex.join(texts)


def certferry(*words: object) -> str:
    """A command of certferry; a PKCS#12 file is named by its path alone."""
    return typed("certferry", *(str(word).removeprefix("p12:") for word in words))
