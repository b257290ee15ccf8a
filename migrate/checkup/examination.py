"""Looks at one store or file as thoroughly as can be without changing it: from outside, then with its password."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from migrate.chain import complete
from migrate.checkup import container, identities, opening, proof, second_opinion
from migrate.checkup.checkup import Checkup, Password
from migrate.checkup.finding import Finding, note, ordered, problem, warning
from migrate.checkup.identities import Circumstances
from migrate.checkup.opening import Altered
from profiles.errors import Error, Malformed, PasswordNeeded, Truncated, Unsupported, WrongPassword
from profiles.model import Listing, Secret
from profiles.opening import open_store
from profiles.store import unheard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from migrate.checkup.container import Opinion
    from profiles.pkcs12.anatomy import Anatomy
    from profiles.store import Asker, Store

_COVERED = ("no-integrity", "password-needed")
"""Problems of a listing that findings say better."""
_USELESS = (Malformed.code, Truncated.CUT_OFF, "incomplete", WrongPassword.code)
"""Those that keep something from working."""


@dataclass
class Examination:
    """What is to be looked at, and where its password comes from."""

    location: str
    ask: Asker
    given: bool
    """Whether the user said where the password is: then it must be there and right."""
    engine: str = "native"
    target: str = ""
    """The reader that has to open the file, by its name for ``--for``."""
    others: Callable[[set[str]], Iterable[Listing]] = lambda _known: ()
    """Listings of the stores on this computer but for those at the given paths."""
    announce: Callable[[str], None] = unheard
    """Told before the system asks its user something."""
    found: list[Finding] = field(default_factory=list)
    data: bytes | None = None
    """The content of a single file."""
    tried: Secret | None = None
    """The password that opened it."""

    def run(self) -> Checkup:
        """Everything there is to say; raises only where there is no store to look at, or it may not be looked at."""
        self.data, path = opening.content(self.location)
        if self.data is not None and path is not None:
            stranger = opening.unlike_anything(self.data, path)
            if stranger is not None:
                return self._unreadable(stranger)
        try:
            store = open_store(self.location, engine=self.engine, announce=self.announce)
        except (Malformed, Unsupported) as error:
            return self._unreadable(opening.refusal(error, self.data))
        return self._of(store)

    def _of(self, store: Store) -> Checkup:
        if self.data is not None:
            self.found += opening.names(self.data, Path(store.path))
        anatomy = self._container(store)
        try:
            password = self._unlock(store, store.list())
            listing = store.list()
        except (Malformed, Unsupported) as error:
            return self._closed(store, opening.refusal(error, self.data), anatomy)
        except Altered as error:
            return self._closed(store, error.finding, anatomy, Password.RIGHT)
        opened = password in (Password.RIGHT, Password.NONE) and listing.state != "locked"
        proved: dict[str, bool | None] = {}
        if opened:
            proved, wrong = proof.prove(store, listing)
            self.found += wrong
            self.found += self._spelling(store, password)
        self._contents(store, listing)
        circumstances = Circumstances(listing, store.file, lambda: self.others({store.path}))
        self.found += identities.examine(circumstances)
        if store.location.kind == "windows":
            from migrate.checkup import windows

            self.found += windows.findings(listing)
        chains = {entry.certificate.sha256: complete(entry.certificate, circumstances.pool).complete
                  for entry in listing.entries}
        empty = opened and store.file and not (listing.entries or listing.pending_keys)
        if empty:
            self._offer_nothing()
        readers = self._readers(anatomy, listing, mendable=not empty and (opened or password is not Password.RIGHT))
        form = opening.form(self.data) if self.data is not None else listing.product
        return Checkup(listing, form, anatomy, readers, password, proved, chains, ordered(self.found))

    # -- the container

    def _container(self, store: Store) -> Anatomy | None:
        """How a PKCS#12 is made, as far as that can be read."""
        if self.data is None or store.location.kind != "p12":
            return None
        from profiles.files import armour
        from profiles.pkcs12.anatomy import anatomy

        try:
            made = anatomy(armour.unwrapped(self.data))
        except (Malformed, Unsupported):
            return None  # opening it says what is wrong
        self.found += container.findings(made, str(store.location))
        return made

    def _readers(
        self, anatomy: Anatomy | None, listing: Listing, *, mendable: bool = True
    ) -> tuple[Opinion, ...]:
        """Who opens it; those that have to are asked for by name."""
        if anatomy is None:
            return ()
        found = container.opinions(anatomy, listing)
        if not mendable:
            found = tuple(one._replace(target="") for one in found)
        if self.target:
            self.found += container.asked_for(found, self.target, str(listing.location))
        return found

    def _closed(
        self, store: Store, why: Finding, anatomy: Anatomy | None, password: Password = Password.UNTRIED
    ) -> Checkup:
        """A file that certferry cannot open; what can be told of its password all the same."""
        if password is Password.UNTRIED and anatomy is not None and self.data is not None:
            if self.tried is None and self.given:
                self.tried = self.ask(f"the password of {store.location}")
            holds = None if self.tried is None else opening.integrity(self.data, self.tried)
            if holds is not None:
                password = Password.RIGHT if holds else Password.WRONG
                self.found.append(opening.judged(why, right=holds))
            if holds and why.code == Malformed.code:
                why = why._replace(remedy="It is as its maker made it, so another copy does not help: have it made "
                                          "anew, with another program.")
        self._offer_nothing()
        readers = self._readers(anatomy, Listing(store.location, "", store.path), mendable=False)
        return self._unreadable(why, store)._replace(
            anatomy=anatomy, readers=readers, password=password, form=opening.form(self.data or b""))

    def _offer_nothing(self) -> None:
        """Leave out the commands: nothing can be made of a file that is empty or does not open."""
        self.found = [one._replace(command=()) for one in self.found]

    def _unreadable(self, finding: Finding, store: Store | None = None) -> Checkup:
        location = store.location if store else opening.called(self.location)
        self.found.append(finding)
        refused = "unsupported" if finding.code.startswith("unsupported") else "malformed"
        return Checkup(Listing(location, "", location.where, "broken"), findings=ordered(self.found), refused=refused)

    # -- the password

    def _unlock(self, store: Store, listing: Listing) -> Password:
        if store.file and listing.state != "locked":
            return self._open_file(store, listing)
        try:
            store.unlock(self._remembering)
        except PasswordNeeded:
            if self.given:
                raise
            self.found.append(note("password-not-given", "", "what is said here is what can be seen from outside; the "
                                   "rest needs the password", "Say where it is with --file-password or "
                                   "--from-password, or run it on a terminal."))
            return Password.NOT_GIVEN
        except WrongPassword as error:
            self.found.append(found := opening.wrong(error, store, self.data, self.tried))
            return Password.WRONG if found.code == WrongPassword.code else Password.RIGHT
        return Password.RIGHT if self.tried is not None else Password.NONE

    @property
    def _remembering(self) -> Asker:
        return opening.Remembering(self.ask, self._keep)

    def _keep(self, secret: Secret) -> None:
        self.tried = secret

    def _open_file(self, store: Store, listing: Listing) -> Password:
        """A file that needs no password; one that was given for it is not its own."""
        sealed = store.location.kind == "p12"
        if self.given and sealed and (given := self.ask(f"the password of {store.location}")):
            with suppress(Error):
                if opening.integrity(self.data or b"", given) is False:
                    self.found.append(opening.not_sealed(store))
                    return Password.WRONG
        if any(entry.has_key for entry in listing.entries) or listing.pending_keys:
            self.found.append(warning(
                "no-password", "", "the key in the file is not protected by a password: whoever has the file can "
                "use it", "Make a new file with a password, and delete this one.",
                ("convert", str(store.location), "NEW.p12", "--to-password", "tty")))
        store.unlock(self.ask)
        return Password.NONE

    def _spelling(self, store: Store, password: Password) -> Iterable[Finding]:
        if self.data is None or store.location.kind != "p12":
            return ()
        secret = Secret("") if password is Password.NONE else self.tried
        return opening.spelling(self.data, secret, store) if secret is not None else ()

    def _contents(self, store: Store, listing: Listing) -> None:
        """What the store itself reports, and what another engine makes of it."""
        for one in listing.problems:
            if one.code not in _COVERED:
                level = problem if one.code in _USELESS else warning
                self.found.append(level(one.code, "", one.message.removesuffix("; it was left behind")))
        if self.engine != "native" and not store.file:
            self.found += second_opinion.compare(self.location, listing)
