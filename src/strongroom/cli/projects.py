"""Projects: what people belong to, and what models belong to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import words
from strongroom.cli.call import Call
from strongroom.cli.output import Column
from strongroom.errors import InputError

if TYPE_CHECKING:
    from strongroom.canonical import Json

NAME = Annotated[str, typer.Argument(metavar="NAME", help="Of the project.")]


def list_(call: Call) -> None:
    """List the projects.

    Example: strongroom project list
    """
    with call.open() as room:
        rows: list[Mapping[str, Json]] = [
            {
                "project": project.id,
                "name": project.name,
                "state": project.state,
                "created": words.stamp(project.created_at),
            }
            for project in room.room.people.projects(room.actor)
        ]
    columns = (
        Column("name", lambda row: str(row["name"])),
        Column("state", lambda row: str(row["state"])),
        Column("since", lambda row: str(row["created"])[:10]),
    )
    call.output.listing(rows, columns, empty="no project")


def add(call: Call, name: NAME) -> None:
    """Create a project.

    Example: strongroom project add vision
    """
    with call.open() as room:
        project = room.room.people.add_project(room.actor, name)
    call.output.say(
        {"project": project.id, "name": project.name},
        f"the project {project.name} exists",
        f"strongroom project member {project.name} NAME",
    )


def member(
    call: Call,
    *,
    name: NAME,
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Its name.")],
    remove: Annotated[
        bool, typer.Option("--remove", help="Take it out of the project.")
    ] = False,
    owner: Annotated[
        bool, typer.Option("--owner", help="Who is told of what happens to it.")
    ] = False,
) -> None:
    """Let an account belong to a project, or not any more.

    An owner is a member who gets the notices about the project; without --owner one
    who was becomes a member again.

    Example: strongroom project member vision ada
    """
    from strongroom.access.projects import Membership

    if remove and owner:
        raise InputError("an owner belongs to the project", hint="give one of them")
    belongs = Membership.OWNER if owner else Membership.MEMBER
    state = Membership.REMOVED if remove else belongs
    with call.open() as room:
        room.room.people.set_member(room.actor, name, account, state)
    is_ = "no longer in" if remove else "an owner of" if owner else "in"
    sentence = f"{account} is {is_} {name}"
    call.output.say({"project": name, "name": account, "state": state}, sentence)
