"""One step into the Windows stores: gathered in memory, checked against what is there, committed in one."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Self

from profiles.pkcs12.seal import open_sealed
from profiles.windows import capi, contents, usages
from profiles.windows.change import Addition, Alteration, Change, Removal
from profiles.windows.contents import CA, MY, PEOPLE_KNOWN, REQUEST
from profiles.windows.crypt32 import KEY_LINK, USAGES, system_store
from profiles.windows.failures import translated
from profiles.windows.reversal import require_nothing

if TYPE_CHECKING:
    from types import TracebackType

    from profiles.certificate import Certificate
    from profiles.model import SealedPfx, Trust
    from profiles.pkcs12.keys import PrivateKey
    from profiles.windows.contents import Stored
    from profiles.windows.keys import Keys
    from profiles.windows.run import Run


class WindowsCheckpoint:
    """A ``Checkpoint`` of a Windows store."""

    def __init__(self, keys: Keys, run: Run) -> None:
        self._keys, self._run = keys, run
        self._change = Change()
        self._there = contents.Contents(keys.native)
        self._step: int | None = None

    def __enter__(self) -> Self:
        self._there = contents.read(self._keys.native, machine=self._keys.machine)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and self._step is not None:
            require_nothing(self._run.revert(self._step), self._keys, error)

    # -- certificates

    def add_certificate(self, certificate: Certificate, nickname: str) -> None:
        """See ``Checkpoint``: an authority goes to CA, another to AddressBook, one whose key waits here to MY."""
        if self._added(certificate) or self._present(certificate):
            return
        if self._has_key(certificate):
            self._join(certificate, nickname)
        else:
            store = CA if certificate.is_ca else PEOPLE_KNOWN
            self._add(store, certificate, self._free(nickname or certificate.common_name))

    def _present(self, certificate: Certificate) -> Stored | None:
        """A certificate that is there, or is lent."""
        if certificate.der not in self._there.stored:
            lent = contents.read(self._keys.native, machine=self._keys.machine, subjects={certificate.subject})
            if certificate.der in lent.stored:
                self._there.stored[certificate.der] = lent.stored[certificate.der]
        return self._there.stored.get(certificate.der)

    def _added(self, certificate: Certificate) -> list[Addition]:
        return [one for one in self._change.additions if one.certificate == certificate and one.store != REQUEST]

    def _add(self, store: str, certificate: Certificate, name: str, granted: bytes = b"") -> Addition:
        addition = Addition(store, certificate, name, granted)
        self._change.additions.append(addition)
        return addition

    def _free(self, wanted: str) -> str:
        taken = {one.name for one in self._there.stored.values()} | {one.name for one in self._change.additions}
        names = (wanted, *(f"{wanted} #{number}" for number in range(2, len(taken) + 3)))
        return next(name for name in names if name not in taken)

    # -- trust

    def set_trust(self, certificate: Certificate, trust: Trust) -> None:
        """See ``Checkpoint``; what Windows cannot express is left out, see ``usages.expressible``."""
        wanted = usages.placed(trust).stores
        there = self._present(certificate)
        own = {name: one for name, one in there.held.items() if not one.lent} if there else {}
        added = self._added(certificate)
        name = next((one.name for one in added), there.name if there else "") or certificate.common_name
        for store in (usages.ROOT, usages.PEOPLE, usages.DISALLOWED):
            if store in own:
                self._narrow(store, certificate, own[store].usages, wanted.get(store))
            elif store in wanted:
                self._add(store, certificate, name, wanted[store])
        elsewhere = wanted or any(store not in (usages.ROOT, usages.PEOPLE, usages.DISALLOWED) for store in own)
        if elsewhere:
            self._change.additions = [one for one in self._change.additions if one not in added or one.with_key]
        elif own and not added:
            self._add(CA if certificate.is_ca else PEOPLE_KNOWN, certificate, name)

    def _narrow(self, store: str, certificate: Certificate, now: bytes | None, wanted: bytes | None) -> None:
        """Have a certificate in a store count for other usages there, or not be there at all."""
        if wanted is None:
            with translated(f"the certificate store {store}"), system_store(
                    self._keys.native, store, machine=self._keys.machine) as opened:
                element = opened.element(certificate.der)
            if element is not None:
                self._change.removals.append(Removal(store, certificate.der, element))
        elif (now or b"") != wanted:
            self._change.alterations.append(
                Alteration(store, certificate.der, {USAGES: now}, {USAGES: wanted or None}))

    # -- keys

    def add_keys(self, pfx: SealedPfx) -> None:
        """See ``Checkpoint``: a key that has no certificate yet waits in REQUEST."""
        for item in open_sealed(pfx).items:
            if item.key is None:
                if item.certificate is not None:
                    self.add_certificate(item.certificate, item.nickname)
            elif item.certificate is not None:
                self._take(item.key, item.certificate)
                self._join(item.certificate, item.nickname)
            else:
                self._take_alone(item.key, item.nickname)

    def _has_key(self, certificate: Certificate) -> bool:
        return certificate.key_id in self._there.links or certificate.key_id in self._change.keys

    def _take(self, key: PrivateKey, certificate: Certificate) -> None:
        """Have a key stored, unless it is there; in a container of its own."""
        if not self._has_key(certificate):
            self._keys.check(key, certificate.common_name)
            link = capi.link(f"certferry-{uuid.uuid4()}", machine=self._keys.machine)
            self._change.keys[certificate.key_id] = (key, certificate, link)

    def _take_alone(self, key: PrivateKey, nickname: str) -> None:
        if key.id in self._there.links or key.id in self._change.keys:
            return
        owners = [one.certificate for one in self._there.of_key(key.id)]
        owners += [one.certificate for one in self._change.additions if one.certificate.key_id == key.id]
        if owners:
            for certificate in dict.fromkeys(owners):
                self._take(key, certificate)
                self._join(certificate, nickname)
            return
        from profiles.windows.request import stand_in

        certificate = stand_in(key, nickname)
        self._take(key, certificate)
        self._end_waiting(key.id)  # of a key that is gone
        self._add(REQUEST, certificate, nickname).key = key.id

    def _join(self, certificate: Certificate, nickname: str) -> None:
        """Give a certificate the key that is there or was just taken in, and end the key's waiting."""
        key_id, there = certificate.key_id, self._present(certificate)
        link = self._there.links[key_id][0] if key_id in self._there.links else None
        key = "" if link is not None else key_id
        mine = there.held.get(MY) if there else None
        if mine is not None and there is not None:
            if not self._there.has_key(there):
                new = {KEY_LINK: link} if link is not None else {}
                self._change.alterations.append(
                    Alteration(MY, certificate.der, {KEY_LINK: mine.link}, dict(new), key))
        else:
            added = self._added(certificate)
            if any(one.with_key for one in added):
                return
            name = next((one.name for one in added), there.name if there else "")
            self._change.additions = [one for one in self._change.additions if one not in added]
            one = self._add(MY, certificate, name or self._free(nickname or certificate.common_name))
            one.key, one.link = key, link
        self._end_waiting(key_id)

    def _end_waiting(self, key_id: str) -> None:
        waits = self._there.waiting.get(key_id)
        if waits is None or any(one.der == waits.certificate.der for one in self._change.removals):
            return
        with translated("the certificate store REQUEST"), system_store(
                self._keys.native, REQUEST, machine=self._keys.machine) as opened:
            element = opened.element(waits.certificate.der)
        if element is not None:
            self._change.removals.append(Removal(REQUEST, waits.certificate.der, element))

    def commit(self) -> None:
        """See ``Checkpoint``."""
        if self._change:
            self._step = self._run.commit(self._change)
