"""What every mail program can do here: say which certificate each account uses, be given another, and put it back.

The order of one step (``migrate.arrival``), which a crash at any point leaves whole::

    with client.alone():                       # until then, no other certferry takes the point for an abandoned one
        point = client.prepare(associations)   # noted durably; nothing is changed yet
        the store's checkpoint commits the keys and certificates, and they are proved
        client.associate(point)                # the settings are written; as often as needed
        client.finish(point)                   # what happened: from here on only undo takes it back

After an exception the store is taken back first, then ``client.restore(point)``. After a crash ``recover`` (in this
package) does the same by what is in the store. ``profiles.mail.record`` keeps the points for every client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from profiles.errors import Error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from profiles.certificate import Certificate
    from profiles.model import Entry


class Choice(NamedTuple):
    """A certificate as a mail program names it."""

    label: str
    """What it is called in the program's settings: a name, a nickname, a thumbprint."""
    sha256: str = ""
    """Its fingerprint; empty where it is not in the program's store."""
    entry: Entry | None = None
    """The certificate as the store holds it, where it does."""


class Account(NamedTuple):
    """One identity of a mail program: an address that mail is sent from."""

    id: str
    """The program's own key: ``id1``, the uid of a source, the name of a registry key."""
    email: str
    name: str = ""
    """How the program shows it."""
    signing: Choice | None = None
    """What it signs with now; None where nothing is set."""
    encryption: Choice | None = None
    """What it has others encrypt to, likewise."""
    signs: bool | None = None
    """Whether new mail is signed unless the user says otherwise; None where the program does not say."""
    encrypts: bool | None = None
    notes: tuple[str, ...] = ()
    """What a person should know of it, such as that OpenPGP comes first: whole sentences without a full stop."""
    fault: Error | None = None
    """What keeps its settings from being read or edited; it may have no address then."""


class Association(NamedTuple):
    """What an account is to use from now on; None leaves a part as it is."""

    account: str
    """``Account.id``."""
    email: str
    signing: Certificate | None
    encryption: Certificate | None
    sign: bool | None = None
    """Whether new mail is to be signed unless the user says otherwise."""
    encrypt: bool | None = None

    @property
    def needs(self) -> tuple[Certificate, ...]:
        """The certificates that must be in the store with their keys, each once."""
        return tuple(dict.fromkeys(one for one in (self.signing, self.encryption) if one is not None))


class Foreseen(NamedTuple):
    """What can be set of an association."""

    association: Association | None
    """As much of it as can be; None where nothing can."""
    code: str = ""
    reason: str = ""
    """Why not all of it, with what a person can do."""


class Requirements(NamedTuple):
    """What a mail program wants of its store before it accepts an association."""

    email_trust: bool = False
    """An authority above the certificate is trusted for e-mail in this very store."""
    chain: bool = False
    """The intermediates are there too."""


def foreseen(association: Association, attempt: Callable[[], object]) -> Foreseen:
    """All of it, or nothing for the reason that an attempt gives."""
    try:
        attempt()
    except Error as error:
        return Foreseen(None, error.code, f"{error.message}. {error.hint}" if error.hint else error.message)
    return Foreseen(association)


class Unfinished(NamedTuple):
    """A point that was prepared and neither finished nor restored: the run ended in between."""

    point: str
    needs: tuple[str, ...]
    """Fingerprints that must be in the store with their keys for the association to make sense."""


class MailClient(Protocol):
    """The accounts of one mail program that uses one store; made by ``client_of``, which also recovers."""

    name: str
    """What a person calls the program."""
    any_use: bool
    """Whether it takes a certificate that is for any use and does not name e-mail among its usages."""

    def accounts(self) -> tuple[Account, ...]:
        """Every account, read afresh, its certificates looked up in the store; asks for no password.

        Accounts that were removed are not among them, one without an address is, with an empty ``email``, and one
        whose own file or settings cannot be read, with that ``fault``. ``Malformed``, ``Unsupported`` and
        ``AccessDenied`` where the settings of all cannot be read.
        """

    def requirements(self, association: Association) -> Requirements:
        """What the store must hold for the program to accept it."""

    def foresee(self, associations: Sequence[Association]) -> list[Foreseen]:
        """What ``prepare`` would take of each, all of them together; changes nothing."""

    def require_writable(self) -> None:
        """``StoreInUse`` while the program runs (where it would overwrite or miss a change), ``AccessDenied``."""

    def alone(self, patience: float = ...) -> AbstractContextManager[None]:
        """No other certferry changes these accounts or settles a point meanwhile; ``StoreInUse`` after some seconds."""

    def prepare(self, associations: Sequence[Association]) -> str:
        """Note durably what is there and what is to be set, and change nothing; the point that stands for both.

        ``NoMatch`` where an account is gone, ``Malformed``/``Unsupported`` where the settings cannot be edited.
        """

    def associate(self, point: str) -> None:
        """Set what was prepared, whole or not at all, and read it back; once more is harmless.

        A setting that somebody else changed since ``prepare`` is left: then ``StoreInUse``, and nothing is set.
        """

    def finish(self, point: str) -> None:
        """The step arrived: the point now is for ``restore`` alone; ``StoreNotFound`` where it was taken back."""

    def restore(self, point: str) -> tuple[str, ...]:
        """Put back exactly what was there, where it still is what ``associate`` wrote; once more is harmless.

        The addresses of the accounts of which something was changed since, and left. ``StoreNotFound`` where there is
        no record of that point.
        """

    def unfinished(self) -> tuple[Unfinished, ...]:
        """What an interrupted run left; costs one look into a directory where there is nothing."""
