"""What still opens a segment whose wraps are deleted, and why."""

from __future__ import annotations

from dataclasses import dataclass

from strongroom.access.accounts import ACCOUNTS
from strongroom.client.room import Room
from strongroom.errors import StrongroomError
from strongroom.permits.releases import RELEASES
from strongroom.vault.recovery_sets import RECOVERY_SETS
from strongroom.vault.shredding import Doomed


@dataclass(frozen=True, slots=True, kw_only=True)
class Survivor:
    """Somebody or something that could still open it.

    Attributes:
        kind: ``root``, ``recovery``, ``reader`` or ``sealer``.
        name: Of the custody domain, the set, or the account.
        why: One sentence.
    """

    kind: str
    name: str
    why: str


ALWAYS = (
    "Backups of the database from before still hold the wraps.",
    "Copies of the store are of no use without a key.",
)


def survivors(room: Room, doomed: Doomed) -> list[Survivor]:
    """Return who and what could open these segments once their wraps are deleted.

    Args:
        room: Where the segments lie.
        doomed: From ``Shredding.look``.

    Raises:
        IntegrityError: A row was altered.
    """
    return [*_roots(room, doomed), *_people(room, doomed)]


def _roots(room: Room, doomed: Doomed) -> list[Survivor]:
    online = {}
    for domain in room.domains.values():
        try:
            online[domain.custodian.root_key_id] = domain.name
        except StrongroomError:  # it is locked, so its wraps are shown by their id
            continue
    with room.ledger.reading() as reading:
        sets = {one.id: one for one in RECOVERY_SETS.find(reading)}
    found = []
    for root in doomed.roots:
        if root in sets:
            one = sets[root]
            found.append(
                Survivor(
                    kind="recovery",
                    name=f"set {one.set_id}",
                    why=f"{one.threshold} of its {one.shares} papers open old wraps",
                )
            )
        else:
            found.append(
                Survivor(
                    kind="root",
                    name=online.get(root, root),
                    why="its root key opens old wraps, until it is rotated and"
                    " destroyed",
                )
            )
    return found


def _people(room: Room, doomed: Doomed) -> list[Survivor]:
    """Return the readers who received a key, and whoever sealed the version."""
    wanted = {segment.id for segment in doomed.segments}
    with room.ledger.reading() as reading:
        rows = RELEASES.find(
            reading,
            RELEASES.columns.artifact == doomed.version.artifact,
            RELEASES.columns.version == doomed.version.number,
        )
        counts: dict[str, set[str]] = {}
        for row in rows:
            received = wanted.intersection(row.segments)
            if received:
                counts.setdefault(row.account, set()).update(received)
        names = {str(account.id): account.name for account in ACCOUNTS.find(reading)}
    readers = [
        Survivor(
            kind="reader",
            name=names.get(account, account),
            why=f"received the keys of {len(segments)} of them",
        )
        for account, segments in sorted(counts.items())
    ]
    sealer = doomed.version.sealed_by
    return [
        *readers,
        Survivor(kind="sealer", name=names.get(sealer, sealer), why="had the original"),
    ]
