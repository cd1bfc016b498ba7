"""Accounts, as an administrator keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import words
from strongroom.cli.call import Call
from strongroom.cli.output import Column
from strongroom.types import AccountKind, Role

if TYPE_CHECKING:
    from strongroom.access.request import Request
    from strongroom.access.training import Training
    from strongroom.canonical import Json

NAME = Annotated[str, typer.Argument(metavar="NAME", help="Of the account.")]
TEAM = Annotated[str, typer.Option(help="That it belongs to.", metavar="NAME")]
ROLES = Annotated[
    list[Role] | None,
    typer.Option(
        "--role",
        help="Several may be given: " + ", ".join(Role) + ".",
        metavar="ROLE",
    ),
]
REASON = Annotated[str, typer.Option(help="In words, for the ledger.", metavar="TEXT")]


def list_(call: Call) -> None:
    """List the accounts.

    Example: strongroom account list
    """
    from strongroom.cli.figures import figures_sentences
    from strongroom.client.figures import figures

    with call.open() as room:
        said = figures_sentences(figures(room.room, room.actor))
        rows: list[Mapping[str, Json]] = [
            {
                "account": person.account.id,
                "name": person.account.name,
                "kind": person.account.kind,
                "team": person.team,
                "roles": [str(role) for role in person.account.roles],
                "state": person.account.state,
                "second_factor": person.has_factor,
                "owner": person.account.owner,
            }
            for person in room.records.people()
        ]
    columns = (
        Column("name", lambda row: str(row["name"])),
        Column("kind", lambda row: str(row["kind"])),
        Column("team", lambda row: str(row["team"])),
        Column("state", lambda row: str(row["state"])),
        Column("factor", lambda row: "yes" if row["second_factor"] else "none"),
        Column("roles", _roles),
    )
    call.output.listing(rows, columns, empty="nobody")
    call.output.note(*said)


def show(call: Call, name: NAME) -> None:
    """Show an account with all that decisions read of it.

    Example: strongroom account show ada
    """
    from strongroom.cli.training import training_document

    with call.open() as room:
        found = room.room.persons.training.show(room.actor, name)
        now = room.room.now()
    account = found.account
    document: dict[str, Json] = {
        "account": account.id,
        "name": account.name,
        "kind": account.kind,
        "team": found.team,
        "roles": [str(role) for role in account.roles],
        "state": account.state,
        "projects": list(found.projects),
        "owns": list(found.owns),
        "training": [training_document(row) for row in found.training],
        "lacking": list(found.lacking),
        "reviews_owed": found.reviews,
    }
    lines = [
        f"team      {found.team}",
        f"roles     {_roles(document)}",
        f"projects  {', '.join(found.projects)}",
        *([f"owns      {', '.join(found.owns)}"] if found.owns else []),
        *(f"training  {_counts(row, now)}" for row in found.training),
        *(f"lacking   {text}" for text in found.lacking),
    ]
    if found.reviews:
        lines.append(
            f"owed      {words.many(found.reviews, 'review')} by somebody else"
        )
    call.output.say(document, f"{account.name} is {account.state}", *lines)


def add(
    call: Call,
    *,
    name: NAME,
    team: TEAM,
    role: ROLES = None,
    kind: Annotated[AccountKind, typer.Option(help="What it is.")] = AccountKind.PERSON,
    owner: Annotated[
        str | None,
        typer.Option(help="Person behind a service or agent.", metavar="NAME"),
    ] = None,
) -> None:
    """Ask for a new account; in standard somebody of another team has to agree.

    Example: strongroom account add ada --team vision --role researcher
    """
    with call.open() as room:
        request = room.room.people.add(
            room.actor, name, team=team, roles=role or (), kind=kind, owner=owner
        )
    _answer(call, request, f"{name} has an account: strongroom account invite {name}")


def roles(call: Call, name: NAME, team: TEAM, role: ROLES = None) -> None:
    """Ask for other roles, or another team, of an account.

    Example: strongroom account roles ada --team vision --role operator
    """
    with call.open() as room:
        request = room.room.people.change_roles(
            room.actor, name, team=team, roles=role or ()
        )
    _answer(call, request, f"{name} has other roles now")


def invite(call: Call, name: NAME) -> None:
    """Make an invitation with which its owner enrols; shown once.

    Example: strongroom account invite ada
    """
    with call.open() as room:
        code = room.room.people.invite(room.actor, name)
    text = code.reveal().decode()
    call.output.say(
        {"name": name, "invitation": text},
        f"{text}",
        f"shown once, good for three days: strongroom account enrol {name}",
    )


def suspend(call: Call, name: NAME, reason: REASON = "") -> None:
    """Suspend an account; its sessions end at once.

    Example: strongroom account suspend ada --reason "lost laptop"
    """
    _change(call, name, "suspended", reason)


def resume(call: Call, name: NAME, reason: REASON = "") -> None:
    """Let a suspended account act again.

    Example: strongroom account resume ada
    """
    _change(call, name, "active", reason)


def leave(call: Call, name: NAME, reason: REASON = "") -> None:
    """Close an account for good; what it holds stays counted.

    Example: strongroom account leave ada
    """
    _change(call, name, "left", reason)


def _change(call: Call, name: str, state: str, reason: str) -> None:
    with call.open() as room:
        account = room.room.people.change_state(room.actor, name, state, reason=reason)
    document: dict[str, Json] = {"account": account.id, "name": name, "state": state}
    gone = account.state == "left"
    call.output.say(document, f"{name} has left" if gone else f"{name} is {state}")


def _answer(call: Call, request: Request, done: str) -> None:
    from strongroom.cli.requests import request_document

    waits = words.waits(request.id, request.approvals, request.distinct_teams)
    sentence = done if request.state == "approved" else waits
    call.output.say(request_document(request), sentence)


def _roles(row: Mapping[str, Json]) -> str:
    found = row["roles"]
    if isinstance(found, list) and len(found) == len(Role):
        return "every role"
    return ", ".join(map(str, found)) if isinstance(found, list) else ""


def _counts(row: Training, now: datetime) -> str:
    if row.until is None:
        return f"text {row.name[:12]}, acknowledged {row.added_at:%Y-%m-%d}"
    over = "until" if now < row.until else "expired on"
    return f"{row.name}, {over} {words.when(row.until)}"
