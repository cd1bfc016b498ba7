"""Access reviews: who keeps which membership and role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from strongroom.cli import words
from strongroom.cli.call import Call
from strongroom.cli.output import Column

if TYPE_CHECKING:
    from strongroom.access.access_reviews import ListedItem
    from strongroom.access.reviews import AccessItem
    from strongroom.canonical import Json

ITEM = Annotated[str, typer.Argument(metavar="ITEM", help="As the list names it.")]


def start(
    call: Call,
    *,
    due: Annotated[
        str, typer.Option(help="Until when to answer.", metavar="TIME")
    ] = "14d",
) -> None:
    """Ask for everybody: who keeps which membership and which role.

    What nobody answers for in time is taken away.

    Example: strongroom review access start --due 14d
    """
    with call.open() as room:
        started = room.room.persons.access_reviews.start(
            room.actor, due_in=words.duration(due)
        )
    review = started.review
    document: dict[str, Json] = {
        "review": review.id,
        "due": words.stamp(review.due_at),
        "items": started.items,
        "reach": dict(started.reach),
        "questions": started.questions,
        "told": {"reached": started.told.reached, "failed": list(started.told.failed)},
    }
    reach = ", ".join(f"{name} {count}" for name, count in started.reach.items())
    call.output.say(
        document,
        f"{words.many(started.items, 'answer')} due by {words.when(review.due_at)}",
        f"people who could be handed weights today: {reach}",
        started.told.sentence,
    )


def list_(
    call: Call,
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Also what was answered.")
    ] = False,
) -> None:
    """List the memberships and roles that wait for an answer.

    Example: strongroom review access list
    """
    with call.open() as room:
        found = room.room.persons.access_reviews.listed(room.actor, every=every)
    rows = [listed_document(one) for one in found]
    call.output.listing(rows, COLUMNS, empty="nothing waits for an answer")


def keep(call: Call, item: ITEM) -> None:
    """Let somebody keep a membership or a role.

    Example: strongroom review access keep item-k7qv2mfa
    """
    _answer(call, item, keep=True)


def remove(call: Call, item: ITEM) -> None:
    """Take a membership or a role away at once; the account's sessions end.

    Example: strongroom review access remove item-k7qv2mfa
    """
    _answer(call, item, keep=False)


def _answer(call: Call, item: str, *, keep: bool) -> None:
    with call.open() as room:
        answered = room.room.persons.access_reviews.answer(room.actor, item, keep=keep)
    call.output.say(
        item_document(answered), "kept" if keep else "taken away, and sessions ended"
    )


def item_document(item: AccessItem) -> dict[str, Json]:
    """Return an item, for programs."""
    return {
        "item": item.id.rpartition("/")[2],
        "review": item.review,
        "account": item.account,
        "thing": item.thing,
        "answer": item.answer,
    }


def listed_document(one: ListedItem) -> dict[str, Json]:
    """Return the same with names, for programs and the list."""
    return {
        **item_document(one.item),
        "name": one.name,
        "what": one.what,
        "kind": "project" if one.item.role is None else "role",
        "due": words.stamp(one.review.due_at),
    }


COLUMNS = (
    Column("item", lambda row: words.short(str(row["item"]))),
    Column("who", lambda row: str(row["name"])),
    Column("keeps", lambda row: f"{row['kind']} {row['what']}"),
    Column("answer", lambda row: str(row["answer"])),
    Column("due", lambda row: str(row["due"])[:16].replace("T", " ")),
)
