"""One opening past the approvals, with the request that it came from."""

from __future__ import annotations

from strongroom.access.glass_reviews import Listed
from strongroom.access.request import REQUESTS, Request
from strongroom.access.sessions import Actor
from strongroom.client.room import Room
from strongroom.errors import MissingError
from strongroom.permits.permit import PERMITS
from strongroom.types import check_says_which


def opening_named(room: Room, actor: Actor, id_or_start: str) -> tuple[Listed, Request]:
    """Return the opening of this permit or its start, and what was asked for.

    Only the actor's own is found, unless policy lets them read everybody's.

    Raises:
        MissingError: None or several start like this.
        InputError: It is too short to name one.
        DeniedError: The session ended.
    """
    check_says_which(id_or_start, "permit")
    starts = (id_or_start, f"permit-{id_or_start}")
    every = room.persons.glass_reviews.listed(actor, every=True)
    found = [one for one in every if one.glass.permit.startswith(starts)]
    if len(found) != 1:
        raise MissingError(
            f"{len(found) or 'no'} openings past the approvals start with"
            f" {id_or_start[:80]!r}",
            hint="strongroom review breakglass --all",
        )
    with room.ledger.reading() as reading:
        permit = PERMITS.get(reading, found[0].glass.permit)
        return found[0], REQUESTS.get(reading, permit.request)
