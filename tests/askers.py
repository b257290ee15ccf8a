"""Who is asked for passwords in tests."""

from __future__ import annotations

from profiles.model import Secret


class Given:
    """An asker that knows one password and counts how often it was asked."""

    explicit = True

    def __init__(self, password: str, tries: int = 1) -> None:
        self.secret, self.tries, self.asked = Secret(password), tries, 0

    def __call__(self, what: str, *, new: bool = False) -> Secret:
        self.asked += 1
        return self.secret
