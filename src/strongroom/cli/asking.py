"""Asking for segments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import passkeys, words
from strongroom.cli.breakglass import (
    BREAK_GLASS,
    must_go_past,
    told_document,
    told_lines,
)
from strongroom.cli.call import Call
from strongroom.cli.exposures import cost_document, cost_sentences
from strongroom.cli.requests import request_document

if TYPE_CHECKING:
    from strongroom.access.request import Request


def request(
    call: Call,
    *,
    target: Annotated[str, typer.Argument(metavar="NAME[@V]", help="Of the model.")],
    segment: Annotated[
        list[str] | None,
        typer.Option(help="One of them; all unless given.", metavar="NAME"),
    ] = None,
    purpose: Annotated[str, typer.Option(help="What for.", metavar="TEXT")] = "",
    ticket: Annotated[
        str, typer.Option(help="Where more is written.", metavar="TEXT")
    ] = "",
    for_: Annotated[
        str | None,
        typer.Option("--for", help="How long; 4h unless given.", metavar="TIME"),
    ] = None,
    lineage: Annotated[
        bool, typer.Option("--lineage", help="Every version of the lineage.")
    ] = False,
    bytes_: Annotated[
        str | None, typer.Option("--bytes", help="At most so many.", metavar="SIZE")
    ] = None,
    break_glass: BREAK_GLASS = None,
    passkey: passkeys.PASSKEY = False,
    authenticator: passkeys.PROGRAM = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Show what it would cost; do not ask.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Send it without asking back.")
    ] = False,
) -> None:
    """Ask for segments.

    Shows what you would then hold before it is sent, and asks back at a terminal.
    With --passkey a key of yours signs the reason of --break-glass.

    Example: strongroom request tiny --segment blocks.0-1 --purpose "probe layer 1"
    """
    from strongroom.permits.drafts import RequestDraft, default_duration

    draft = RequestDraft(
        target=target,
        segments=tuple(segment or ()),
        purpose=purpose,
        ticket=ticket,
        duration=words.duration(for_) if for_ else default_duration(break_glass),
        lineage=lineage,
        at_most_bytes=words.byte_count(bytes_) if bytes_ is not None else None,
        break_glass=break_glass,
    )
    if passkey:
        must_go_past(break_glass)
    with call.open() as room:
        cost = room.room.requests.preview(room.actor, draft)
        total = room.room.catalogue.show(room.actor, target).manifest.plain_bytes
        if preview:
            call.output.say(cost_document(cost, total), *cost_sentences(cost, total))
            return
        call.output.note(*cost_sentences(cost, total))
        if not (yes or call.output.agreed("Send the request?")):
            call.output.note("nothing was sent")
            return
        key = passkeys.chosen(call, room, authenticator) if passkey else None
        asked = (
            room.passkeys.request(draft, key)
            if key is not None
            else room.room.requests.ask(room.actor, draft)
        )
    permit = asked.permit.id if asked.permit else None
    document = {
        **request_document(asked.request),
        "permit": permit,
        "exposure": cost_document(asked.exposure, total),
    }
    sentence = f"{asked.request.id} waits: {_who(asked.request)}"
    if permit:
        sentence = f"{permit} is issued: strongroom open {words.short(permit)}"
    call.output.say({**document, **told_document(asked)}, sentence, *told_lines(asked))


def _who(request: Request) -> str:
    people = words.many(request.approvals, "approval")
    if not request.distinct_teams:
        return f"{people} from anybody else"
    teams = words.many(request.distinct_teams, "team")
    return f"{people} from {teams}, your own not among them"
