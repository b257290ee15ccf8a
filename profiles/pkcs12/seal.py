"""The sealed PFX: how keys cross from one store to another without ever lying open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profiles.model import SealedPfx, Secret
from profiles.pkcs12.dialects import SEALED, Dialect
from profiles.pkcs12.reader import decode
from profiles.pkcs12.writer import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profiles.pkcs12.contents import Contents, Item


def seal(items: Sequence[Item], dialect: Dialect = SEALED) -> SealedPfx:
    """A PFX in memory, as its taker wants it encoded, under a passphrase that is made for it and used once."""
    passphrase = Secret.random()
    return SealedPfx(encode(items, passphrase, dialect), passphrase)


def open_sealed(pfx: SealedPfx) -> Contents:
    """What a sealed PFX holds."""
    return decode(pfx.data, pfx.passphrase)
