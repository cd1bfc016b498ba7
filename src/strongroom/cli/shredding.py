"""``strongroom key shred``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import passphrases, words
from strongroom.cli.call import Call
from strongroom.errors import InputError, SetupError

if TYPE_CHECKING:
    from strongroom.client.survivors import Survivor
    from strongroom.vault.shredding import Doomed


def shred(
    call: Call,
    *,
    target: Annotated[str, typer.Argument(metavar="NAME[@V]", help="A version.")],
    segment: Annotated[
        list[str] | None, typer.Option(help="Only these segments.", metavar="S")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask for the name again.")
    ] = False,
) -> None:
    """Give up the keys of a version or of segments, for ever.

    Says first what could still open them: root keys, recovery papers, backups, and
    who received keys.  In a house, another team has to agree.

    Example: strongroom key shred llm@2 --segment head
    """
    from strongroom.client.survivors import ALWAYS, survivors

    with call.open() as room:
        shredding = room.room.upkeep.shredding
        doomed = shredding.look(room.actor, target, tuple(segment or ()))
        left = survivors(room.room, doomed)
        if not yes:
            _confirm(doomed, left)
        request = shredding.propose(room.actor, doomed)
    done = request.state == "approved"
    count = words.many(len(doomed.segments), "segment")
    named = f"{doomed.artifact.name}@{doomed.version.number}"
    first = (
        f"the keys of {count} of {named} are given up"
        if done
        else f"{request.id} waits for another team: strongroom approve {request.id}"
    )
    call.output.say(
        {
            "model": doomed.artifact.name,
            "version": doomed.version.number,
            "segments": [one.name for one in doomed.segments],
            "request": request.id,
            "state": request.state,
            "still_open": [
                {"kind": one.kind, "name": one.name, "why": one.why} for one in left
            ],
        },
        first,
        "What could still open them:",
        *(f"  {_sentence(one)}" for one in left),
        *(f"  {sentence}" for sentence in ALWAYS),
    )


def _confirm(doomed: Doomed, left: list[Survivor]) -> None:
    """Have the person type the model's name.

    Raises:
        SetupError: Nobody is there to type.
        InputError: It is another name.
    """
    name = doomed.artifact.name
    if not passphrases.somebody_types():
        raise SetupError("nobody is there to type the model's name", hint="--yes")
    listed = ", ".join(segment.name for segment in doomed.segments)
    lines = [
        f"The keys of {name}@{doomed.version.number} are given up: {listed}.",
        "What could still open them:",
        *(f"  {_sentence(one)}" for one in left),
        f"Type {name} to go on: ",
    ]
    sys.stderr.write("\n".join(lines))
    sys.stderr.flush()
    if sys.stdin.readline().strip() != name:
        raise InputError("another name was typed, so nothing was given up")


def _sentence(one: Survivor) -> str:
    return f"{one.kind} {one.name}: {one.why}"
