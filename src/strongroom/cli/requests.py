"""Asking, and deciding what others ask for."""

from __future__ import annotations

from collections.abc import Mapping
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
from strongroom.cli.output import Column, plain_grid, text

if TYPE_CHECKING:
    from rich.console import Console

    from strongroom.access.request import Request
    from strongroom.canonical import Json
    from strongroom.client.client import Strongroom
    from strongroom.client.records import PendingRequest

ID = Annotated[str, typer.Argument(metavar="ID", help="Of the request, or its start.")]
REASON = Annotated[str, typer.Option(help="In words, for the ledger.", metavar="TEXT")]


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


def requests(
    call: Call,
    *,
    request_id: Annotated[
        str | None,
        typer.Argument(metavar="ID", help="Show all of this one, or of its start."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Also those that are decided.")
    ] = False,
) -> None:
    """List the requests that wait, or show one.

    Example: strongroom requests --all
    """
    from strongroom.cli.request_details import details, visible_models

    with call.open() as room:
        visible = visible_models(room)
        if request_id is not None:
            one = _pending(room, request_id)
            wanted = details(room, one.request, visible=visible)
            _show_one(call, one, wanted)
            return
        rows = [
            pending_document(pending, details(room, pending.request, visible=visible))
            for pending in room.records.requests(every=every)
        ]
    call.output.listing(rows, COLUMNS, empty="no request waits")


def decline(call: Call, request_id: ID, reason: REASON = "") -> None:
    """Refuse a request for good.

    Example: strongroom decline request-k7qv2mfa --reason "ask for less"
    """
    with call.open() as room:
        decided = room.decline(request_id, reason=reason)
    call.output.say(request_document(decided), f"{decided.id} is declined")


def withdraw(call: Call, request_id: ID) -> None:
    """Take your own request back.

    Example: strongroom withdraw request-k7qv2mfa
    """
    with call.open() as room:
        decided = room.withdraw(request_id)
    call.output.say(request_document(decided), f"{decided.id} is withdrawn")


def revoke(
    call: Call,
    *,
    permit: Annotated[
        str, typer.Argument(metavar="ID", help="Of the permit or its request.")
    ],
    reason: REASON = "",
) -> None:
    """Stop every further release on a permit.

    Keys that left before are not called back.

    Example: strongroom revoke permit-k7qv2mfa --reason "the laptop is lost"
    """
    with call.open() as room:
        row = room.revoke(permit, reason=reason)
    document: dict[str, Json] = {
        "permit": row.id,
        "state": row.state,
        "released_bytes": row.released_bytes,
    }
    call.output.say(
        document,
        f"{row.id} is revoked",
        f"{words.size(row.released_bytes)} had left before",
    )


def request_document(request: Request) -> dict[str, Json]:
    """Return a request for programs."""
    return {
        "request": request.id,
        "action": request.action,
        "state": request.state,
        "approvals_needed": request.approvals,
        "teams_needed": request.distinct_teams,
        "created": words.stamp(request.created_at),
        "expires": words.stamp(request.expires_at),
    }


def pending_document(
    pending: PendingRequest, wanted: Mapping[str, str]
) -> dict[str, Json]:
    """Return a request with what it asks for, its asker, and who agreed."""
    by = pending.tally.by  # one account if it was declined, else those who agreed
    agreed, declined = ((), by) if isinstance(by, str) else (by, None)
    return {
        **request_document(pending.request),
        "asker": pending.asker,
        "wants": dict(wanted),
        "approved_by": list(agreed),
        "declined_by": declined,
        "missing": getattr(pending.tally, "missing", ""),
    }


def _who(request: Request) -> str:
    people = words.many(request.approvals, "approval")
    if not request.distinct_teams:
        return f"{people} from anybody else"
    teams = words.many(request.distinct_teams, "team")
    return f"{people} from {teams}, your own not among them"


def _pending(room: Strongroom, request_id: str) -> PendingRequest:
    """Return the request of this id, or of its start.

    Raises:
        MissingError: None or several start like this.
    """
    from strongroom.access.request import find_request
    from strongroom.errors import MissingError

    with room.room.ledger.reading() as reading:
        wanted = find_request(reading, request_id).id
    seen = [p for p in room.records.requests(every=True) if p.request.id == wanted]
    if not seen:
        raise MissingError(
            "this request is neither yours nor yours to decide",
            hint="strongroom requests",
        )
    return seen[0]


def _show_one(call: Call, one: PendingRequest, wanted: Mapping[str, str]) -> None:
    missing = str(getattr(one.tally, "missing", ""))
    lines = {
        "asker": one.asker,
        "asks for": one.request.action,
        **wanted,
        "asked": words.when(one.request.created_at),
        "state": one.request.state,
        **({"missing": missing} if one.request.state == "pending" else {}),
    }

    def show(console: Console) -> None:
        console.print(one.request.id, style="bold")
        grid = plain_grid()
        for label, said in lines.items():
            grid.add_row(f"  {label}", text(said))
        console.print(grid)

    call.output.answer(pending_document(one, wanted), show)


def _text(row: Mapping[str, Json], key: str) -> str:
    return str(row[key])


def _wanted(row: Mapping[str, Json]) -> str:
    from strongroom.cli.request_details import summary

    wants = row["wants"]
    return summary(
        {k: str(v) for k, v in wants.items()} if isinstance(wants, Mapping) else {}
    )


def _agreed(row: Mapping[str, Json]) -> str:
    by = row["approved_by"]
    agreed = f"{len(by) if isinstance(by, list) else 0} of {row['approvals_needed']}"
    return "" if row["declined_by"] else agreed


COLUMNS = (
    Column("request", lambda row: words.short(_text(row, "request"))),
    Column("asks for", lambda row: _text(row, "action")),
    Column("asker", lambda row: _text(row, "asker")),
    Column("state", lambda row: _text(row, "state")),
    Column("agreed", _agreed),
    Column("about", _wanted),
)
