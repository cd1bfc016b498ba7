"""Going past the approvals, and reviewing what went past them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import words
from strongroom.cli.call import Call
from strongroom.cli.output import Column
from strongroom.errors import InputError

if TYPE_CHECKING:
    from strongroom.access.breakglass import BreakGlass
    from strongroom.access.glass_reviews import Listed
    from strongroom.canonical import Json
    from strongroom.permits.requests import Asked

BREAK_GLASS = Annotated[
    str | None,
    typer.Option(
        "--break-glass",
        help="Why it cannot wait for approvals; for an hour, and reviewed after.",
        metavar="REASON",
    ),
]


def must_go_past(break_glass: str | None) -> None:
    """Refuse ``--passkey`` where there is no reason to sign.

    Raises:
        InputError: There is none.
    """
    if break_glass is None:
        raise InputError(
            "--passkey signs the reason of --break-glass, and there is none",
            hint="strongroom approve ID --passkey signs an approval",
        )


def review(
    call: Call,
    *,
    permit: Annotated[
        str | None,
        typer.Argument(
            metavar="ID", help="Of the permit, shown unless judged; else a list."
        ),
    ] = None,
    accept: Annotated[
        str | None, typer.Option(help="It was right, and why.", metavar="TEXT")
    ] = None,
    reject: Annotated[
        str | None, typer.Option(help="It was wrong, and why.", metavar="TEXT")
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(help="Let who was rejected go on, and why.", metavar="TEXT"),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Also those that were reviewed.")
    ] = False,
) -> None:
    """Review what somebody opened past the approvals, or list what waits.

    Whoever opened it gets nothing else while the review is overdue, nor after a
    rejection, until an administrator types --resume.

    Example: strongroom review breakglass permit-k7qv2mfa --accept "the site was down"
    """
    if permit is None:
        if {accept, reject, resume} != {None}:
            raise InputError("a review is of one permit", hint="name it")
        with call.open() as room:
            found = room.room.persons.glass_reviews.listed(room.actor, every=every)
        rows = [listed_document(one) for one in found]
        call.output.listing(rows, COLUMNS, empty="no opening waits for a review")
        return
    words_given = [text for text in (accept, reject, resume) if text is not None]
    if not words_given:
        _show_one(call, permit)
        return
    if len(words_given) > 1:
        raise InputError(
            "a review accepts or rejects", hint="--accept TEXT, or --reject TEXT"
        )
    with call.open() as room:
        reviews = room.room.persons.glass_reviews
        if resume is not None:
            glass = reviews.resume(room.actor, permit, text=resume)
        else:
            glass = reviews.review(
                room.actor,
                permit,
                accept=accept is not None,
                text=accept or reject or "",
            )
        room.room.anchor()
    after = (
        "it is revoked, and the account gets no weights until an administrator types:",
        f"strongroom review breakglass {glass.permit} --resume TEXT",
    )
    call.output.say(
        glass_document(glass),
        f"{glass.permit} is {glass.state}",
        *(after if reject is not None else ()),
    )


def _show_one(call: Call, id_or_start: str) -> None:
    """Show what was opened and why, for whoever has to judge it."""
    from strongroom.cli.request_details import details, visible_models
    from strongroom.client.openings import opening_named

    with call.open() as room:
        one, request = opening_named(room.room, room.actor, id_or_start)
        wanted = details(room, request, visible=visible_models(room))
    glass = one.glass
    lines = {
        "opened by": one.opener,
        **wanted,
        "opened": words.when(glass.opened_at),
        "state": glass.state,
        "due": words.when(glass.due_at) + (", overdue" if one.overdue else ""),
        "told": "yes" if glass.notice == "sent" else "nobody",
        **({"reviewed by": one.reviewer} if one.reviewer else {}),
    }
    call.output.say(
        {**listed_document(one), "request": request.id, "wants": wanted},
        glass.permit,
        *(f"{label:<12}{said}" for label, said in lines.items()),
    )


def glass_document(glass: BreakGlass) -> dict[str, Json]:
    """Return an opening past the approvals, for programs."""
    return {
        "permit": glass.permit,
        "account": glass.account,
        "state": glass.state,
        "opened": words.stamp(glass.opened_at),
        "due": words.stamp(glass.due_at),
        "notice": glass.notice,
    }


def listed_document(one: Listed) -> dict[str, Json]:
    """Return the same with names, for programs and the list."""
    return {
        **glass_document(one.glass),
        "opener": one.opener,
        "reviewer": one.reviewer,
        "overdue": one.overdue,
    }


def told_document(asked: Asked) -> dict[str, Json]:
    """Return who was told of a request past the approvals, for programs."""
    if asked.told is None:
        return {}
    return {"told": {"reached": asked.told.reached, "failed": list(asked.told.failed)}}


def told_lines(asked: Asked) -> list[str]:
    """Return what whoever went past the approvals has to know."""
    if asked.told is None or asked.permit is None:
        return []
    return [
        f"past the approvals until {words.when(asked.permit.expires_at)};"
        " somebody of another team reviews it",
        asked.told.sentence,
    ]


def _due(row: Mapping[str, Json]) -> str:
    return "overdue" if row["overdue"] else str(row["due"])[:16].replace("T", " ")


COLUMNS = (
    Column("permit", lambda row: words.short(str(row["permit"]))),
    Column("opened by", lambda row: str(row["opener"])),
    Column("state", lambda row: str(row["state"])),
    Column("review due", _due),
    Column("told", lambda row: "yes" if row["notice"] == "sent" else "nobody"),
)
