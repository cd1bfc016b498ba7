"""Head-counts and the drill of a revocation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import words
from strongroom.cli.call import Call

if TYPE_CHECKING:
    from strongroom.canonical import Json
    from strongroom.client.figures import Drill, Figures

_MICROSECONDS = 1_000_000


def drill(
    call: Call,
    *,
    permit: Annotated[
        str, typer.Argument(metavar="ID", help="Of a permit of your own; it ends.")
    ],
) -> None:
    """Measure how soon a revocation is felt: revoke your own permit, and use it.

    Example: strongroom account drill permit-k7qv2mfa
    """
    from strongroom.client.figures import drill_revocation

    with call.open(every_domain=True) as room:
        done = drill_revocation(room.room, room.actor, permit)
    call.output.say(
        drill_document(done),
        f"refused {words.elapsed(done.microseconds / _MICROSECONDS)}"
        " after it was revoked",
    )


def drill_document(drill: Drill) -> dict[str, Json]:
    """Return a drill, for programs."""
    return {
        "permit": drill.permit,
        "microseconds": drill.microseconds,
        "at": words.stamp(drill.at),
    }


def figures_document(found: Figures) -> dict[str, Json]:
    """Return the figures of a room, for programs."""
    oldest = found.count.oldest
    return {
        "people_by_class": {str(c): n for c, n in found.count.people.items()},
        "oldest_permit": {
            "permit": oldest.permit,
            "account": oldest.account,
            "asked": words.stamp(oldest.asked_at),
            "expires": words.stamp(oldest.expires_at),
        }
        if oldest
        else None,
        "revocation_drill": drill_document(found.drill) if found.drill else None,
    }


def figures_sentences(found: Figures) -> list[str]:
    """Return the figures of a room, one sentence a line."""
    counts = ", ".join(f"{name} {n}" for name, n in found.count.people.items())
    lines = [f"could be handed:  {counts} people"]
    oldest = found.count.oldest
    if oldest is not None:
        asked = words.when(oldest.asked_at)
        lines.append(f"oldest permit:    {words.short(oldest.permit)}, asked {asked}")
    else:
        lines.append("oldest permit:    none is in force")
    if found.drill is not None:
        took = words.elapsed(found.drill.microseconds / _MICROSECONDS)
        lines.append(f"revoked, refused: after {took}, {words.when(found.drill.at)}")
    else:
        lines.append("revoked, refused: not measured; strongroom account drill ID")
    return lines
