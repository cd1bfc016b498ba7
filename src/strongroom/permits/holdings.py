"""What every account holds of a lineage, read and charged in one transaction.

Held is what was released, and what a permit that is still good reserves: it can
be taken at any moment without asking anybody again.  Released is for ever;
reserved returns by itself when the permit ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from strongroom.access.exposure import Held, worst_partner
from strongroom.access.footprints import Footprint, read_footprints
from strongroom.access.scales import Scale
from strongroom.crypto.signing import VerifyKey
from strongroom.database import tables
from strongroom.database.cells import blob
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.errors import IntegrityError
from strongroom.ledger.log import Writing
from strongroom.permits.permit import PERMITS, PermitRow, PermitState
from strongroom.types import AccountId, ArtifactId, PermitId
from strongroom.vault.lineages import LINEAGES, Lineage, first_version


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One footprint that an account was given; ``id`` names all three."""

    id: str
    revision: int = 1
    account: AccountId
    root: ArtifactId
    footprint: str
    plain_bytes: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """What an account would hold after a release.

    In bytes of plaintext as the version has them: what is held in another number
    type counts as the same elements do there.

    Attributes:
        before: Held and reserved now.
        after: Held and reserved then.
        pair_after: What it and the one other would hold who adds most.
        partner: That other account, if there is one.
        whole: Whether it would hold every byte of the version.
        sealer: Whether it sealed the version or began the lineage: an origin holder,
            outside the caps.
    """

    before: int
    after: int
    pair_after: int
    partner: AccountId | None
    whole: bool
    sealer: bool


HOLDINGS: GuardedTable[Holding] = GuardedTable(tables.holdings, Holding)


def lock_lineages(writing: Writing, roots: Iterable[ArtifactId]) -> tuple[Lineage, ...]:
    """Return the lineages, locked in sorted order until the commit.

    Every read-then-write of exposure begins here: two transactions that both
    look before they take would otherwise take more than the cap between them.
    """
    return tuple(LINEAGES.get(writing, root, lock=True) for root in sorted(roots))


def load_footprints(
    transaction: Transaction, digests: Iterable[str]
) -> dict[str, Footprint]:
    """Return the footprints of these digests.

    Raises:
        IntegrityError: One is missing or does not have its digest.
    """
    wanted = set(digests)
    columns = tables.footprints.c
    rows = transaction.connection.execute(
        sa.select(columns.digest, columns.extents).where(columns.digest.in_(wanted))
    )
    stored = {row.digest: blob(row.extents) for row in rows}
    if len(stored) != len(wanted):
        raise IntegrityError(
            "the extents of a segment are missing", hint="restore a backup"
        )
    found = read_footprints((data, bytes.fromhex(d)) for d, data in stored.items())
    return dict(zip(stored, found, strict=True))


def held_by_account(
    transaction: Transaction, root: ArtifactId, *, now: datetime, key: VerifyKey
) -> dict[AccountId, Held]:
    """Return what every account holds or has reserved, sealers included.

    Raises:
        IntegrityError: A row or an extent was deleted, forged, altered or restored.
    """
    held, _ = held_and_released(transaction, root, now=now, key=key)
    return held


def held_and_released(
    transaction: Transaction, root: ArtifactId, *, now: datetime, key: VerifyKey
) -> tuple[dict[AccountId, Held], dict[AccountId, Held]]:
    """Return what every account holds or has reserved, and what it holds for ever.

    Raises:
        IntegrityError: A row or an extent was deleted, forged, altered or restored.
    """
    released: dict[AccountId, set[str]] = {}
    for holding in HOLDINGS.find_all(transaction, prefix=f"{root}/"):
        released.setdefault(holding.account, set()).add(holding.footprint)
    digests = {account: set(group) for account, group in released.items()}
    for row in permits_in_force(transaction, root, now=now):
        permit = row.open(key)
        digests.setdefault(permit.counts_as, set()).update(permit.footprints)
    footprints = load_footprints(transaction, set().union(*digests.values()))
    held, kept = (
        {a: Held.of(footprints[digest] for digest in group) for a, group in of.items()}
        for of in (digests, released)
    )
    return held, kept


def permits_in_force(
    transaction: Transaction, root: ArtifactId, *, now: datetime
) -> list[PermitRow]:
    """Return the permits that reserve something under ``root`` now.

    The lineage's guarded row lists them, so none can be deleted unseen.

    Raises:
        IntegrityError: One was deleted, forged, altered or restored.
    """
    listed = LINEAGES.get(transaction, root).permits
    # Not named one by one: one that was put back reserves more, not less.
    rows = PERMITS.find_listed(transaction, listed)
    return [r for r in rows if r.state is PermitState.ACTIVE and r.expires_at > now]


def list_permit(
    writing: Writing, lineages: Iterable[Lineage], permit: PermitId
) -> None:
    """Add a permit to those in force, and drop those that ended.

    The caller appends the entry that names the rows.
    """
    for lineage in lineages:
        rows = permits_in_force(writing, lineage.id, now=writing.now)
        LINEAGES.replace(writing, lineage, permits=(*(row.id for row in rows), permit))


def sealer(transaction: Transaction, root: ArtifactId) -> AccountId:
    """Return who began the lineage: they had all of it before it was sealed.

    Only the version without a parent counts.  Beginning a lineage needs somebody
    else's word; a further version does not, and whoever seals ten bytes as a
    fine-tune of a model does not thereby hold the model.
    """
    return first_version(transaction, root).sealed_by


def exposure_after(
    transaction: Transaction,
    account: AccountId,
    roots: Iterable[ArtifactId],
    *,
    taken: Mapping[str, Footprint],
    scale: Scale,
    sealed_by: AccountId,
    now: datetime,
    key: VerifyKey,
) -> Exposure:
    """Return what ``account`` would hold with ``taken``, under its worst root.

    Args:
        transaction: Where the lineages are locked, if something is to follow.
        account: Whose exposure.
        roots: The lineages of the version.
        taken: Footprints of the segments that are asked for, by digest.
        scale: Of the version, in whose bytes all that is held is counted.
        sealed_by: Who sealed the version, and so had all of it before.
        now: Decides which permits still reserve.
        key: Verifies permits.
    """
    found = []
    for root in roots:
        held = held_by_account(transaction, root, now=now, key=key)
        origin = {sealer(transaction, root), sealed_by}
        mine = held.pop(account, Held())
        after = mine.union(Held.of(taken.values()))
        others = {a: h for a, h in held.items() if a not in origin}
        pair = worst_partner(account, {**others, account: after}, scale)
        own = after.bytes_in(scale)
        found.append(
            Exposure(
                before=mine.bytes_in(scale),
                after=own,
                pair_after=pair.bytes if pair else own,
                partner=pair.second if pair else None,
                whole=after.union(Held(scale.footprints)).bytes_in(scale) == own,
                sealer=account in origin,
            )
        )
    return _worst(found)


def _worst(found: Sequence[Exposure]) -> Exposure:
    """Return the exposure that decides: of a root that the account did not seal.

    Raises:
        IntegrityError: A version has no lineage.
    """
    if not found:
        raise IntegrityError("a version has no lineage")
    worst = max(found, key=lambda e: (not e.sealer, e.pair_after, e.after))
    return replace(
        worst,
        after=max(e.after for e in found if e.sealer == worst.sealer),
        whole=any(e.whole for e in found),
    )


def charge(
    writing: Writing,
    account: AccountId,
    roots: Iterable[ArtifactId],
    footprints: Mapping[str, Footprint],
    scale: Scale,
) -> int:
    """Record that ``account`` holds these for ever; return the new bytes.

    The caller appends the entry that names the rows.

    Args:
        writing: Where the lineages are locked.
        account: Whose exposure.
        roots: The lineages of the version.
        footprints: What is released, by digest.
        scale: Of the version.
    """
    charged = 0
    for root in sorted(roots):
        held = HOLDINGS.find_all(writing, prefix=f"{root}/{account}/")
        known = {holding.footprint for holding in held}
        fresh = {d: f for d, f in footprints.items() if d not in known}
        for digest, footprint in sorted(fresh.items()):
            HOLDINGS.insert(
                writing,
                Holding(
                    id=f"{root}/{account}/{digest}",
                    account=account,
                    root=root,
                    footprint=digest,
                    plain_bytes=footprint.bytes,
                    at=writing.now,
                ),
            )
        before = load_footprints(writing, known)
        mine = Held.of(before.values())
        after = mine.union(Held.of(fresh.values()))
        charged = max(charged, after.bytes_in(scale) - mine.bytes_in(scale))
    return charged
