"""What people took and acknowledged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import words
from strongroom.cli.accounts import NAME
from strongroom.cli.call import Call

if TYPE_CHECKING:
    from strongroom.access.training import Training
    from strongroom.canonical import Json

COURSE = Annotated[
    str, typer.Argument(metavar="COURSE", help="As terms.toml names it.")
]


def add(
    call: Call,
    *,
    name: NAME,
    course: COURSE,
    until: Annotated[
        str, typer.Option(help="Last day on which it counts, in UTC.", metavar="DATE")
    ],
) -> None:
    """Record that somebody took a course; a later date renews it.

    Example: strongroom account training add ada weight-handling --until 2027-06-30
    """
    ends = words.end_of_day(until)
    with call.open() as room:
        row = room.room.persons.training.add(room.actor, name, course, until=ends)
    call.output.say(
        training_document(row), f"{course} counts for {name} until the end of {until}"
    )


def remove(call: Call, name: NAME, course: COURSE) -> None:
    """Let a course count no longer, from now on.

    Example: strongroom account training remove ada weight-handling
    """
    with call.open() as room:
        row = room.room.persons.training.remove(room.actor, name, course)
    call.output.say(training_document(row), f"{course} counts no longer for {name}")


def acknowledge(
    call: Call,
    digest: Annotated[
        str,
        typer.Argument(metavar="TEXT-DIGEST", help="SHA-256 of the text, 64 digits."),
    ],
) -> None:
    """Say that you know a text, which sha256sum names.

    Example: strongroom account acknowledge 2c26b46b68ffc68ff99b453c1d304134...
    """
    with call.open() as room:
        row = room.room.persons.training.acknowledge(room.actor, digest.strip().lower())
    call.output.say(training_document(row), "you acknowledged it")


def training_document(row: Training) -> dict[str, Json]:
    """Return what somebody took or acknowledged, for programs."""
    return {
        "account": row.account,
        "kind": row.kind,
        "name": row.name,
        "until": words.stamp(row.until) if row.until else None,
        "since": words.stamp(row.added_at),
    }
