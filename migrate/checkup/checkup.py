"""What came of looking at one store or file: everything that is known of it, and what is wrong."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from migrate.checkup import container
from migrate.checkup.finding import Severity
from migrate.report import SCHEMA, store_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrate.checkup.container import Opinion
    from migrate.checkup.finding import Finding
    from profiles.model import Listing
    from profiles.pkcs12.anatomy import Anatomy


class Password(Enum):
    """How the password stands; the value is the name in JSON."""

    RIGHT = "right"
    WRONG = "wrong"
    NONE = "none"
    """It opens without one."""
    NOT_GIVEN = "not-given"
    UNTRIED = "untried"
    """Nothing could be tried: what there is cannot be read."""


class Checkup(NamedTuple):
    """One store or file as it was found."""

    listing: Listing
    form: str = ""
    """What kind of file it is."""
    anatomy: Anatomy | None = None
    readers: tuple[Opinion, ...] = ()
    password: Password = Password.UNTRIED
    proved: Mapping[str, bool | None] = {}
    """Whether the key signs, by fingerprint (id of a key alone); None where keys of its kind sign nothing."""
    chains: Mapping[str, bool] = {}
    findings: tuple[Finding, ...] = ()
    refused: str = ""
    """``malformed`` or ``unsupported`` where it could not be read."""

    @property
    def status(self) -> str:
        """``sound``, ``flawed``, ``wrong-password``, ``malformed`` or ``unsupported``."""
        if self.password is Password.WRONG:
            return "wrong-password"
        if self.refused:
            return self.refused
        return "flawed" if any(one.severity is Severity.PROBLEM for one in self.findings) else "sound"

    def as_json(self) -> dict[str, Any]:
        """The object that ``check --json`` prints."""
        store = store_json(self.listing, dict(self.chains))
        for one in store["certificates"]:
            one["key_signs"] = self.proved.get(one["sha256"])
        for one in store["pending_keys"]:
            one["key_signs"] = self.proved.get(one["id"])
        return {
            "schema": SCHEMA,
            "status": self.status,
            **store,
            "form": self.form,
            "file": container.as_json(self.anatomy) if self.anatomy else None,
            "readers": [one.as_json(whole=not self.refused) for one in self.readers],
            "password": self.password.value,
            "findings": [one.as_json() for one in self.findings],
        }
