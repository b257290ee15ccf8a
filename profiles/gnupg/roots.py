"""Which roots gpgsm believes in a directory: by the user's list, and by that of the whole system."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

from profiles.directories.together import Edit
from profiles.errors import Malformed
from profiles.files.reading import read_if_there
from profiles.gnupg import trustlist

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from profiles.certificate import Certificate
    from profiles.model import Trust

TRUSTLIST = "trustlist.txt"


class Roots(NamedTuple):
    """The two lists as they are; without one of the user's, that of the system counts alone."""

    directory: Path
    system: Path
    own: bytes
    default: bytes

    @classmethod
    def read(cls, directory: Path, system: Path) -> Self:
        """Both, the latter as far as it counts."""
        own = read_if_there(directory / TRUSTLIST)
        own = trustlist.NEW if own is None else own
        return cls(directory, system, own, read_if_there(system) or b"" if trustlist.includes_default(own) else b"")

    def said(self) -> dict[str, Trust]:
        """What is said of certificates, here or not, by their thumbprints."""
        return {name.replace(b":", b"").decode().lower(): trust
                for name, trust in trustlist.trusts(self.own, self.default).items()}

    def wrong(self) -> list[str]:
        """What makes gpg-agent trust nothing at all."""
        return [f"gpg-agent cannot read line {number} of {path}, and trusts no root because of it"
                for path, data in ((self.directory / TRUSTLIST, self.own), (self.system, self.default))
                if (number := trustlist.wrong_line(data))]

    def with_trust(self, additions: Sequence[tuple[Certificate, Trust]]) -> tuple[Edit, list[str]]:
        """The user's list with more in it, and the lines that are more; ``Malformed`` where nothing would count."""
        roots = self._replace(own=trustlist.ended(self.own))
        for text in roots.wrong():
            raise Malformed(text, "Mend the line, or put a # before it.")
        listed = roots.own
        for certificate, trust in additions:
            listed = trustlist.changed(listed, certificate, trust, self.default)
        return Edit.of(self.directory, TRUSTLIST, listed), trustlist.added(self.own, listed)

    def without(self, lines: Sequence[str], *, made: bool) -> Edit:
        """The user's list without what was added; nothing of one that was made for it and holds nothing else."""
        left = trustlist.without(self.own, lines)
        return Edit.of(self.directory, TRUSTLIST, None if made and left == trustlist.NEW else left)
