"""A directory as a store: what GnuPG's and mutt's have in common, whose keys each have a passphrase of their own."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from profiles.directories.together import OWN, pending, recover, unsettled
from profiles.errors import (
    AccessDenied,
    Error,
    Malformed,
    NoMatch,
    PasswordNeeded,
    StoreNotFound,
    Unsupported,
    WrongPassword,
)
from profiles.model import Entry, Listing, Problem, SealedPfx, Secret, Selection

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from profiles.certificate import Certificate
    from profiles.directories.checkpoint import Run
    from profiles.directories.held import Contents, Form, Held
    from profiles.model import Location, Trust
    from profiles.pkcs12.dialects import Dialect
    from profiles.pkcs12.keys import PrivateKey
    from profiles.store import Asker, Checkpoint


class DirectoryStore:
    """A ``Store`` over a directory; opening it finishes or takes back what a crash left behind."""

    file = False
    keeps_trust = True
    seals_trust = False

    def __init__(self, location: Location, directory: Path, form: Form, *, new: bool = False) -> None:
        self.location, self.directory, self.form, self.path = location, directory, form, str(directory)
        self.left: tuple[str, ...] = ()
        self._password: Secret | None = None
        self._run: Run | None = None
        if not directory.is_dir():
            if directory.exists():
                raise Malformed(f"{directory} is not a directory")
            if not new:
                raise StoreNotFound(f"there is no directory {directory}", "Check the path.")
        elif os.access(directory, os.W_OK):
            form.tidy(directory)
            if unsettled(directory):
                with form.guarded(directory):
                    recover(directory)

    @property
    def dialect(self) -> Dialect:
        """See ``Store``."""
        from profiles.pkcs12.dialects import SEALED

        return SEALED

    # -- reading

    def contents(self) -> Contents:
        """Everything in it, read afresh."""
        return self.form.read(self.directory)

    def list(self, subjects: Collection[bytes] | None = None) -> Listing:
        """See ``Store``."""
        contents = self.contents()
        entries = tuple(Entry(one.certificate, one.nickname, one.key is not None, one.trust) for one in contents.held
                        if subjects is None or one.certificate.subject in subjects)
        problems = contents.problems
        if pending(self.directory):
            text = "an interrupted step waits here, and the directory cannot be written"
            problems += (Problem("access-denied", text),)
        state = "ready" if self.directory.is_dir() else "empty"
        return Listing(self.location, self.form.product, self.path, state, entries, (), problems, contents.said)

    def unlock(self, ask: Asker) -> None:
        """See ``Store``. The password is the passphrase of one of its keys.

        Where none has one, it is that of new ones, which is asked for once a step into the store was begun.
        """
        if self._password is not None:
            return
        keys = [one for one in self.contents().held if one.key is not None]
        sealed = [one for one in keys if one.key is not None and one.key.sealed]
        if sealed:
            self._password = self._opening(sealed, ask)
        elif self._run is not None or not keys:
            what = f"a new passphrase for the keys in {self.location} (none to leave them open)"
            self._password = ask(what, new=True)
        else:
            self._password = Secret("")

    def _opening(self, sealed: Sequence[Held], ask: Asker) -> Secret:
        """A password that opens one of those."""
        for _ in range(max(ask.tries, 1)):
            password = ask(f"the {self.form.passphrase_of} in {self.location}")
            failures = [_failure(one, password) for one in sealed]
            if None in failures:
                return password
            others = [error for error in failures if error and not isinstance(error, WrongPassword)]
            if len(others) == len(failures):
                raise others[0]
        raise WrongPassword(f"that opens none of the keys in {self.location}",
                            "It is the one that the mail program asks for when you sign.")

    def export(self, wanted: Selection) -> SealedPfx:
        """See ``Store``."""
        from profiles.pkcs12.contents import Item
        from profiles.pkcs12.seal import seal

        chosen = {one.certificate.sha256: one for one in self.contents().held
                  if one.certificate.sha256 in wanted.certificates}
        wanted.require(chosen, ())
        return seal([Item(one.certificate, self._key(one), one.nickname, one.trust) for one in chosen.values()])

    def sign(self, key_id: str, message: bytes) -> bytes:
        """See ``Store``."""
        for one in self.contents().held:
            if one.key is not None and one.certificate.public_key.id == key_id:
                key = self._key(one)
                return key.sign(message) if key else b""
        raise NoMatch(f"the key {key_id} is not in {self.location}")

    def _key(self, one: Held) -> PrivateKey | None:
        if one.key is None:
            return None
        who = one.certificate.common_name
        try:
            key = one.key.open(self._password)
        except PasswordNeeded:
            raise PasswordNeeded(f"{self.location} is locked", "Give the passphrase of its keys.") from None
        except WrongPassword:
            hint = f"Move it on its own: --only {one.certificate.sha256[:16]}, with its passphrase."
            raise Unsupported(f"the key of {who} in {self.location} has another passphrase", hint) from None
        if not key.public.same_key(one.certificate.public_key):
            raise Malformed(f"the key that {self.location} has for {who} is not the certificate's")
        return key

    # -- writing

    def narrowed(self, certificate: Certificate, trust: Trust) -> Trust:
        """See ``NarrowTrust``."""
        return self.form.narrowed(certificate, trust)

    def advice(self) -> tuple[str, ...]:
        """See ``Advising``."""
        return self.form.advice(self.directory, self._run.notes) if self._run else ()

    def checkpoint(self) -> Checkpoint:
        """See ``Store``."""
        from profiles.directories.checkpoint import DirectoryCheckpoint, Run

        place = self.directory
        while not place.exists():
            place = place.parent
        if not os.access(place, os.W_OK | os.X_OK):
            raise AccessDenied(f"{self.directory} may not be written", "Check who owns the directory and its mode.")
        self.form.require_writable(self.directory)
        self._run = self._run or Run(self.directory, self.form)
        return DirectoryCheckpoint(self.directory, self.form, self._run, self._password)

    @property
    def undo_point(self) -> str | None:
        """See ``Store``."""
        return self._run.point if self._run else None

    def undo(self, point: str) -> int:
        """See ``Store``."""
        from profiles.directories.checkpoint import Run

        path = self.directory / OWN / f"run-{point}.json"
        try:
            notes = json.loads(path.read_bytes())
            steps = [{str(kind): [str(one) for one in ones] for kind, ones in note.items()} for note in notes]
        except (OSError, ValueError, AttributeError, TypeError):
            raise StoreNotFound(f"there is no record of that migration in {self.directory}",
                                "It may have been undone already.") from None
        run = Run(self.directory, self.form, point, steps)
        gone = run.undo()
        self.left = tuple(run.left)
        return gone


def _failure(one: Held, password: Secret) -> Error | None:
    """Why a key does not open with a password; None where it does."""
    try:
        if one.key is not None:
            one.key.open(password)
    except (Malformed, Unsupported) as error:
        return type(error)(f"the key of {one.certificate.common_name} cannot be opened: {error.message}", error.hint)
    except WrongPassword as error:
        return error
    return None
