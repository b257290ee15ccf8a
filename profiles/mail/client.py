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

if TYPE_CHECKING:
    from collections.abc import Sequence
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


class Requirements(NamedTuple):
    """What a mail program wants of its store before it accepts an association."""

    email_trust: bool = False
    """An authority above the certificate is trusted for e-mail in this very store."""
    chain: bool = False
    """The intermediates are there too."""


class Unfinished(NamedTuple):
    """A point that was prepared and neither finished nor restored: the run ended in between."""

    point: str
    needs: tuple[str, ...]
    """Fingerprints that must be in the store with their keys for the association to make sense."""


class MailClient(Protocol):
    """The accounts of one mail program that uses one store; made by ``client_of``, which also recovers."""

    name: str
    """What a person calls the program."""

    def accounts(self) -> tuple[Account, ...]:
        """Every account, read afresh, its certificates looked up in the store; asks for no password.

        Accounts that were removed are not among them, one without an address is, with an empty ``email``.
        ``Malformed`` and ``AccessDenied`` where the settings cannot be read.
        """

    def requirements(self, association: Association) -> Requirements:
        """What the store must hold for the program to accept it."""

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

    def restore(self, point: str) -> None:
        """Put back exactly what was there, where it still is what ``associate`` wrote; once more is harmless.

        ``StoreNotFound`` where there is no record of that point.
        """

    def unfinished(self) -> tuple[Unfinished, ...]:
        """What an interrupted run left; costs one look into a directory where there is nothing."""
