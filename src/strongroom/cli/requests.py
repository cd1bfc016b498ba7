"""What waits for a decision, and deciding it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import words
from strongroom.cli.call import Call
from strongroom.cli.output import Column, plain_grid, text
from strongroom.cli.request_details import HIDDEN

if TYPE_CHECKING:
    from rich.console import Console

    from strongroom.access.request import Request
    from strongroom.canonical import Json
    from strongroom.client.client import Strongroom
    from strongroom.client.records import PendingRequest

ID = Annotated[str, typer.Argument(metavar="ID", help="Of the request, or its start.")]
REASON = Annotated[str, typer.Option(help="In words, for the ledger.", metavar="TEXT")]


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
        "reason": _reason(pending, wanted),
    }


def _reason(pending: PendingRequest, wanted: Mapping[str, str]) -> str:
    """Return why it was declined; nothing where the model is not to be seen."""
    return "" if HIDDEN in wanted.values() else pending.reason


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
        **({"because": reason} if (reason := _reason(one, wanted)) else {}),
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
