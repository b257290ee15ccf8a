"""Somebody who is asked for passwords."""

from __future__ import annotations

from profiles.errors import PasswordNeeded
from profiles.model import Secret


class Answers:
    """Gives one answer after the other and remembers the questions; without any, ``PasswordNeeded``."""

    def __init__(self, *answers: str, explicit: bool = True) -> None:
        self.answers = list(answers)
        self.tries = max(len(answers), 1)
        self.explicit = explicit
        self.questions: list[tuple[str, bool]] = []

    def __call__(self, what: str, *, new: bool = False) -> Secret:
        self.questions.append((what, new))
        if not self.answers:
            raise PasswordNeeded("nobody is there to be asked")
        return Secret(self.answers.pop(0))
