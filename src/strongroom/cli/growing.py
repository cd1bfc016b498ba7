"""The profile of a room: what each needs, and asking for another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli.call import Call
from strongroom.cli.output import Column
from strongroom.types import Profile

if TYPE_CHECKING:
    from strongroom.canonical import Json
    from strongroom.client.client import Strongroom


def profile(
    call: Call,
    *,
    wanted: Annotated[
        Profile | None,
        typer.Argument(metavar="PROFILE", help="solo, small, standard or hardened."),
    ] = None,
) -> None:
    """Ask for another profile of the room, or list what each one needs.

    It is in force for whoever opens the room from then on. Custody domains, models,
    accounts and the ledger stay what they are.

    Example: strongroom policy profile small
    """
    with call.open() as room:
        if wanted is None:
            call.output.listing(_rows(room), COLUMNS, empty="")
            return
        request = room.room.persons.profiles.ask(room.actor, wanted)
    done = request.state == "approved"
    call.output.say(
        {"request": request.id, "profile": wanted, "in_force": done},
        f"the room is {wanted} from now on" if done else f"{request.id} waits",
    )


def _rows(room: Strongroom) -> list[Mapping[str, Json]]:
    now = room.room.settings.profile
    with room.room.ledger.reading() as reading:
        return [
            {
                "profile": profile,
                "in_force": profile is now,
                "lacking": [*room.room.persons.profiles.lacking(reading, profile)],
            }
            for profile in Profile
        ]


def _needs(row: Mapping[str, Json]) -> str:
    lacking = row["lacking"]
    words = [str(word) for word in lacking] if isinstance(lacking, list) else []
    return "; ".join(words) or "nothing more"


COLUMNS = (
    Column("profile", lambda row: str(row["profile"])),
    Column("in force", lambda row: "yes" if row["in_force"] else ""),
    Column("needs", _needs),
)
