"""What people are told when an access review starts: the room all, owners theirs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from strongroom.access.accounts import ACCOUNTS, Account, AccountState
from strongroom.access.projects import PROJECTS, Project, owners
from strongroom.access.reviews import AccessItem, AccessReview, items_of
from strongroom.access.telling import Message
from strongroom.database.engine import Transaction
from strongroom.types import AccountId

MOST_LINES: Final = 50
"""Of one message; a chat or a pager cuts what is longer, and the list has it all."""


def messages(transaction: Transaction, review: AccessReview) -> list[Message]:
    """Return the message for the room's targets, then one for each owner.

    Raises:
        IntegrityError: A row was deleted, forged, altered or restored.
    """
    items = items_of(transaction, review)
    everybody = Message(
        about="access-review",
        subject=review.id,
        title=f"{len(items)} memberships and roles wait for an answer",
        text=f"{_due(review)}\nstrongroom review access list",
    )
    return [everybody, *_to_owners(transaction, review, items)]


def _to_owners(
    transaction: Transaction, review: AccessReview, items: list[AccessItem]
) -> Iterator[Message]:
    """Give each active owner the memberships of each project of theirs."""
    people = {account.id: account for account in ACCOUNTS.find(transaction)}
    named = {project.id: project for project in PROJECTS.find(transaction)}
    of_project = defaultdict(list)
    for item in items:
        of_project[item.thing].append(item)
    for owner in owners(transaction):
        person, found = people[owner.account], of_project[owner.project]
        if person.state is AccountState.ACTIVE and found:
            project = named[owner.project]
            yield _to_owner(review, person, project, found, people)


def _to_owner(
    review: AccessReview,
    owner: Account,
    project: Project,
    items: list[AccessItem],
    people: dict[AccountId, Account],
) -> Message:
    lines = sorted(
        f"{people[item.account].name}  {item.id.rpartition('/')[2]}" for item in items
    )
    return Message(
        about="access-review",
        subject=review.id,
        title=f"who belongs to {project.name}: {len(items)} wait for an answer",
        text="\n".join(
            (
                _due(review),
                "An approver or administrator answers:"
                " strongroom review access keep ITEM, or remove ITEM",
                *shortened(lines),
            )
        ),
        person=owner.name,
    )


def shortened(lines: list[str]) -> list[str]:
    """Return as many lines as fit, and how many more there are."""
    more = len(lines) - MOST_LINES
    if more <= 0:
        return lines
    return [*lines[:MOST_LINES], f"and {more} more: strongroom review access list"]


def _due(review: AccessReview) -> str:
    return (
        f"{review.id} is due at {review.due_at:%Y-%m-%d %H:%M} UTC; what is not"
        " answered by then is taken away."
    )
