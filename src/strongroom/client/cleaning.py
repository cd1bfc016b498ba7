"""Takes away what nobody needs any more."""

from __future__ import annotations

from dataclasses import dataclass

from strongroom.client.room import Room
from strongroom.vault.garbage import collect_garbage


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """What was taken away.

    Attributes:
        versions: Seals given up.
        objects: Objects and unfinished files removed, over all domains.
        originals: Originals from outside whose time was over.
        copies: Private copies that an interrupted addition left.
    """

    versions: int
    objects: int
    originals: int
    copies: int


def clean(room: Room) -> Cleaned:
    """Give up originals whose time is over, and remove what interruptions left.

    Nothing goes that anybody could open.

    Raises:
        IntegrityError: A manifest does not verify: no object is removed then.
        UnavailableError: A store or the database does not answer.
    """
    copies = room.outside.quarantine.sweep()
    originals = room.outside.admission.expire()
    found = collect_garbage(room.ledger, room.domains, room.public_keys.manifest)
    return Cleaned(
        versions=found.versions,
        objects=found.objects,
        originals=len(originals),
        copies=copies,
    )
