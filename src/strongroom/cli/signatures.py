"""``strongroom policy signatures``."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import passphrases
from strongroom.cli.call import Call
from strongroom.errors import InputError

if TYPE_CHECKING:
    from strongroom.app.signatures import Switched
    from strongroom.canonical import Json
    from strongroom.types import Secret


class Algorithms(StrEnum):
    """What checkpoints and manifests can carry."""

    ONE = "ed25519"
    BOTH = "ed25519+ml-dsa-65"


LIMITS = (
    "Permits and answers, which live for days and minutes, carry Ed25519 alone."
    " Tell witnesses and auditors the second key: it is in each export."
)


def switch(
    call: Call,
    *,
    algorithms: Annotated[
        Algorithms | None,
        typer.Argument(help="What they carry from now on; shown unless given."),
    ] = None,
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Give the second keys successors.")
    ] = False,
) -> None:
    """Switch second, post-quantum signatures on or off, or to other keys.

    Checkpoints and manifests carry both from then on; what was signed before stays
    valid.  Needs the approval of another team where there is one; then the same
    command again.

    Example: strongroom policy signatures ed25519+ml-dsa-65
    """
    from strongroom.app import signatures

    if rotate and algorithms is Algorithms.ONE:
        raise InputError(
            "one signature has no second keys to rotate",
            hint="strongroom policy signatures --rotate",
        )
    if algorithms is None and not rotate:
        with call.open() as room:
            both = room.room.upkeep.signatures.demanded()
            _say(call, signatures.switch(room, both=both))
        return
    both = algorithms is not Algorithms.ONE
    found = _passphrases(call)
    if both:
        with call.open(typed=found) as room:
            if rotate and not room.room.upkeep.signatures.demanded():
                raise InputError(
                    "there are no second signatures whose keys could be rotated",
                    hint=f"strongroom policy signatures {Algorithms.BOTH}",
                )
            signatures.prepare(room, successors=rotate)
    with call.open(typed=found) as room:
        _say(
            call, signatures.switch(room, both=both, successors=rotate), rotated=rotate
        )


def _passphrases(call: Call) -> dict[str, Secret]:
    """Return what unlocks the home custodian, asked for once."""
    from strongroom.app import needs_secret

    settings = call.settings()
    return passphrases.find(
        [settings.home.name] if needs_secret(settings.home) else [],
        known=[domain.name for domain in settings.domains],
        files=call.passphrase_files,
        descriptor=call.passphrase_fd,
    )


def _say(call: Call, done: Switched, *, rotated: bool = False) -> None:
    request = done.request
    carried = Algorithms.BOTH if done.both else Algorithms.ONE
    document: dict[str, Json] = {
        "algorithms": carried,
        "since": done.since,
        "request": request.id if request else None,
    }
    if request is not None:
        call.output.say(
            document,
            f"{request.id} waits for another team: strongroom approve {request.id}",
            f"until then checkpoints and manifests carry {carried}",
        )
        return
    call.output.say(
        document,
        *(["the second keys have successors, which sign from now on"] * rotated),
        f"checkpoints and manifests carry {carried}",
        *([LIMITS] if done.both else []),
    )
