"""Who holds how much of a version, for people to read.

Read only: the caps are kept by ``holdings`` in the transaction that reserves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from strongroom.access.accounts import ACCOUNTS
from strongroom.access.exposure import (
    Held,
    cap_bytes,
    coalition_bound,
    smallest_coalition,
    worst_pair,
)
from strongroom.access.gate import Gate
from strongroom.access.sessions import Actor
from strongroom.crypto.roomkeys import RoomKeys
from strongroom.database.engine import Transaction
from strongroom.permits.holdings import held_and_released, sealer
from strongroom.permits.selection import Selection, select_from
from strongroom.types import AccountId
from strongroom.vault.lineages import LINEAGES
from strongroom.vault.versions import (
    Artifact,
    Version,
    find_version,
    resource_of,
)

ACTION = "exposure:read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """What one account holds of the lineages of a version, in bytes.

    Attributes:
        released: Of plaintext whose keys left; for ever.
        reserved: What permits in force would add.
    """

    account: AccountId
    name: str
    released: int
    reserved: int

    @property
    def held(self) -> int:
        """Released and reserved; what caps count."""
        return self.released + self.reserved


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureReport:
    """Who holds how much.

    Attributes:
        total: Bytes of the version; people may hold some of others of its lineage,
            counted in its number types.
        holders: Everybody who holds something, most first, sealers not among them.
        sealers: Names of the origin holders: they have the whole anyway.
        pair: Names of the two who hold most together, and their bytes.
        person_cap: Bytes that one account may hold; ``None`` without a cap.
        pair_cap: Bytes that any two may hold.
        coalition: Names of a small group that holds the whole now, if one does.
        coalition_bound: How many it takes at least while the caps are kept.
    """

    artifact: Artifact
    version: Version
    total: int
    holders: tuple[Holder, ...]
    sealers: tuple[str, ...]
    pair: tuple[str, str, int] | None
    person_cap: int | None
    pair_cap: int | None
    coalition: tuple[str, ...] | None
    coalition_bound: int


class Exposures:
    """Reads who holds how much."""

    def __init__(self, gate: Gate, keys: RoomKeys) -> None:
        """Wire the reader."""
        self._gate = gate
        self._manifest_key = keys.manifest.public
        self._permit_key = keys.permit.public

    def report(self, actor: Actor, target: str) -> ExposureReport:
        """Return who holds how much of the version that ``target`` names.

        Raises:
            MissingError: There is no such version.
            DeniedError: The actor may not read it.
        """
        with (
            self._gate.recording_refusals(actor, ACTION, target),
            self._gate.ledger.reading() as reading,
        ):
            artifact, version = find_version(reading, target)
            self._gate.require(reading, actor, ACTION, resource_of(artifact))
            whole = select_from(reading, artifact, version, (), self._manifest_key)
            everything, released = self._held(reading, artifact, now=reading.now)
            origin = {sealer(reading, root) for root in artifact.roots}
            origin.add(version.sealed_by)
            held = {a: h for a, h in everything.items() if a not in origin}
            people = sorted({*held, *origin})
            names = {a.id: a.name for a in ACCOUNTS.find_listed(reading, people)}
            caps = self._caps(reading, artifact)
        found = _Found(
            held=held,
            released=released,
            origin=frozenset(origin),
            names=names,
            caps=caps,
            whole=whole,
        )
        return found.report()

    def _held(
        self, transaction: Transaction, artifact: Artifact, *, now: datetime
    ) -> tuple[dict[AccountId, Held], dict[AccountId, Held]]:
        """Return what each account holds, and what for ever, under any root."""
        found: tuple[dict[AccountId, Held], dict[AccountId, Held]] = ({}, {})
        for root in artifact.roots:
            under = held_and_released(transaction, root, now=now, key=self._permit_key)
            for total, one in zip(found, under, strict=True):
                for account, held in one.items():
                    total[account] = total.get(account, Held()).union(held)
        return found

    def _caps(
        self, transaction: Transaction, artifact: Artifact
    ) -> tuple[int | None, int | None]:
        """Return the caps in percent: the lineages' strictest, or the class's."""
        terms = self._gate.terms.of(artifact.classification)
        lineages = [LINEAGES.get(transaction, root) for root in artifact.roots]
        person = _least(x.person_cap_percent for x in lineages)
        pair = _least(x.pair_cap_percent for x in lineages)
        return (
            terms.person_cap_percent if person is None else person,
            terms.pair_cap_percent if pair is None else pair,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What was read, before it is put in words for people."""

    held: Mapping[AccountId, Held]
    released: Mapping[AccountId, Held]
    origin: frozenset[AccountId]
    names: Mapping[AccountId, str]
    caps: tuple[int | None, int | None]
    whole: Selection

    def report(self) -> ExposureReport:
        names, scale = self.names, self.whole.scale
        total = self.whole.version.plain_bytes
        pair = worst_pair(self.held, scale)
        coalition = smallest_coalition(total, self.held, scale)
        person_cap, pair_cap = self.caps
        return ExposureReport(
            artifact=self.whole.artifact,
            version=self.whole.version,
            total=total,
            holders=tuple(sorted(self._holders(), key=lambda s: (-s.held, s.name))),
            sealers=tuple(sorted(names[account] for account in self.origin)),
            pair=(names[pair.first], names[pair.second], pair.bytes) if pair else None,
            person_cap=_capped(self.whole.capped_bytes, person_cap),
            pair_cap=_capped(self.whole.capped_bytes, pair_cap),
            coalition=tuple(names[a] for a in coalition) if coalition else None,
            coalition_bound=(
                coalition_bound(person_cap, pair_cap) if person_cap and pair_cap else 1
            ),
        )

    def _holders(self) -> Iterable[Holder]:
        # Colleagues often hold the same; each is counted once.
        counted = cache(lambda held: held.bytes_in(self.whole.scale))
        for account, mine in self.held.items():
            released = counted(self.released.get(account, Held()))
            yield Holder(
                account=account,
                name=self.names[account],
                released=released,
                reserved=counted(mine) - released,
            )


def _capped(total: int, percent: int | None) -> int | None:
    return None if percent is None else cap_bytes(total, percent)


def _least(values: Iterable[int | None]) -> int | None:
    stated = [value for value in values if value is not None]
    return min(stated) if stated else None
