"""Starting access reviews, answering them, and taking away what nobody answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from strongroom.access import review_notices
from strongroom.access.accounts import ACCOUNTS, AccountState
from strongroom.access.gate import Gate
from strongroom.access.lapses import answered, locked
from strongroom.access.people import ROOM
from strongroom.access.policy import Principal, Resource
from strongroom.access.projects import PROJECTS
from strongroom.access.reach import (
    Protected,
    Reach,
    people_by_class,
    principals,
)
from strongroom.access.reviews import (
    ITEMS,
    REVIEWS,
    AccessItem,
    AccessReview,
    Answer,
    ReviewState,
    find_item,
    items_of,
    role_thing,
    spared,
    take_away,
)
from strongroom.access.sessions import Actor, verify_actor
from strongroom.access.telling import Tell, Told, record_told, tell_each
from strongroom.canonical import Json
from strongroom.database.engine import Transaction
from strongroom.database.times import format_time
from strongroom.errors import ConflictError, InputError
from strongroom.ledger.log import Writing
from strongroom.types import ProjectId, Random, Role, new_id

Models: TypeAlias = Callable[[Transaction], Sequence[Protected]]
"""Reads what is protected; handed in by ``app``, since models lie above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A review that was started.

    Attributes:
        items: Memberships and roles to answer for.
        reach: People who could be handed something of each class.
        questions: Questions that were put to the rules for that.
        told: Who heard of it.
    """

    review: AccessReview
    items: int
    reach: dict[str, int]
    questions: int
    told: Told


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedItem:
    """An item as people list it.

    Attributes:
        name: Of the account.
        what: The role, or the project's name.
    """

    item: AccessItem
    review: AccessReview
    name: str
    what: str


class AccessReviews:
    """Reviews who keeps what."""

    def __init__(
        self, gate: Gate, *, models: Models, tell: Tell, random: Random
    ) -> None:
        """Wire the shell."""
        self._gate = gate
        self._ledger = gate.ledger
        self._models = models
        self._tell = tell
        self._random = random

    def start(self, actor: Actor, *, due_in: timedelta) -> Started:
        """Start a review of every membership and role, due then; all or nothing.

        Raises:
            InputError: It would be due at once, or in the past.
            ConflictError: Another one is open.
            DeniedError: The actor may not start it.
        """
        if due_in <= timedelta(0):
            raise InputError("a review is due later than now", hint="--due 14d")
        with (
            self._gate.recording_refusals(actor, "access:start", "room"),
            self._ledger.transaction() as writing,
        ):
            self._gate.require(writing, actor, "access:start", ROOM)
            people = principals(writing)
            _check_startable(writing, people)
            review = REVIEWS.insert(
                writing,
                AccessReview(
                    id=new_id("review", self._random),
                    started_by=actor.account,
                    started_at=writing.now,
                    due_at=writing.now + due_in,
                ),
            )
            asking = Reach(
                policy=self._gate.policy, terms=self._gate.terms, now=writing.now
            )
            found = people_by_class(asking.of(people, self._models(writing)))
            reach = {str(name): count for name, count in found.items()}
            items = self._insert_items(writing, review, people)
            facts: dict[str, Json] = {
                "review": review.id,
                "due": format_time(review.due_at),
                "items": items,
                "accounts": len(people),
                "reach": [[name, reach[name]] for name in sorted(reach)],
            }
            writing.append(actor.event("access.started", facts))
        told = self._send(actor, review)
        return Started(
            review=review,
            items=items,
            reach=reach,
            questions=asking.asked,
            told=told,
        )

    def listed(self, actor: Actor, *, every: bool = False) -> list[ListedItem]:
        """Return the items that wait for an answer, or all of every review.

        Raises:
            DeniedError: The actor's session ended.
        """
        with self._ledger.reading() as reading:
            verify_actor(reading, actor, now=reading.now)
            reviews = REVIEWS.find(reading)
            names = {account.id: account.name for account in ACCOUNTS.find(reading)}
            called = {project.id: project.name for project in PROJECTS.find(reading)}
            return [
                ListedItem(
                    item=item,
                    review=review,
                    name=names[item.account],
                    what=item.role or called[ProjectId(item.thing)],
                )
                for review in reviews
                if every or review.state is ReviewState.OPEN
                for item in items_of(reading, review)
                if every or item.answer is Answer.OPEN
            ]

    def answer(self, actor: Actor, id_or_start: str, *, keep: bool) -> AccessItem:
        """Say whether somebody keeps something; what they do not is gone at once.

        Raises:
            MissingError: There is no such item.
            DeniedError: It is the actor's own, or not theirs to answer.
            ConflictError: It was answered, is overdue, or nobody could give it back.
        """
        with (
            self._gate.recording_refusals(actor, "access:answer", id_or_start),
            self._ledger.transaction() as writing,
        ):
            review, item = locked(writing, find_item(writing, id_or_start))
            account = ACCOUNTS.get(writing, item.account)
            self._gate.require(
                writing,
                actor,
                "access:answer",
                Resource(kind="Account", id=account.id),
                {
                    "asker": account.id,
                    "askerTeam": account.team,
                    "askerOwner": account.counts_as,
                },
            )
            if item.answer is not Answer.OPEN or writing.now >= review.due_at:
                state = item.answer if item.answer is not Answer.OPEN else "overdue"
                raise ConflictError(f"{item.id.rpartition('/')[2]} is {state} already")
            if not keep:
                if spared(ACCOUNTS.find(writing), account, item.role):
                    raise ConflictError(
                        f"nobody could give {account.name}'s role back",
                        hint=f"give somebody else the role {item.role} first",
                    )
                take_away(writing, item, by=actor.account)
            item = ITEMS.replace(
                writing,
                item,
                answer=Answer.KEEP if keep else Answer.REMOVE,
                answered_by=actor.account,
                answered_at=writing.now,
            )
            writing.append(answered(item, by=actor))
        return item

    def _insert_items(
        self, writing: Writing, review: AccessReview, people: Sequence[Principal]
    ) -> int:
        """Write one item for each membership and role; return how many."""
        things = [
            (who.account, thing)
            for who in people
            for thing in (
                *sorted(who.projects),
                *(role_thing(role) for role in sorted(who.roles)),
            )
        ]
        for account, thing in things:
            item = f"{review.id}/{new_id('item', self._random)}"
            ITEMS.insert(
                writing,
                AccessItem(id=item, review=review.id, account=account, thing=thing),
            )
        return len(things)

    def _send(self, actor: Actor, review: AccessReview) -> Told:
        with self._ledger.reading() as reading:
            wanted = review_notices.messages(reading, review)
        told = tell_each(self._tell, wanted)
        with self._ledger.transaction() as writing:
            record_told(writing, actor, wanted[0], told)
        return told


def _check_startable(writing: Writing, people: Sequence[Principal]) -> None:
    """Refuse a review beside another, or where nobody else could answer."""
    others = REVIEWS.find(writing, REVIEWS.columns.state == ReviewState.OPEN)
    if others:
        raise ConflictError(
            f"{others[0].id} is open until {others[0].due_at:%Y-%m-%d}",
            hint="strongroom review access list",
        )
    answering = [
        who
        for who in people
        if who.state == AccountState.ACTIVE
        and who.roles & {Role.APPROVER, Role.ADMINISTRATOR}
    ]
    if len(answering) <= 1:
        raise ConflictError(
            "there is nobody else to answer",
            hint="a review needs a second approver or administrator",
        )
