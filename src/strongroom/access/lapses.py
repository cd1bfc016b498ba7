"""Taking away what nobody answered for in time."""

from __future__ import annotations

from strongroom.access.accounts import ACCOUNTS
from strongroom.access.reviews import (
    ITEMS,
    REVIEWS,
    AccessItem,
    AccessReview,
    Answer,
    ReviewState,
    check_open,
    items_of,
    spared,
    take_away,
)
from strongroom.access.sessions import Actor
from strongroom.canonical import Json
from strongroom.ledger.events import Event
from strongroom.ledger.log import Ledger, Writing


def settle(ledger: Ledger) -> int:
    """Take away what nobody answered for in time; return how many items that were.

    Called at each opening of a room.  Every item is a commit of its own, so that an
    interrupted run goes on where it ended.

    Raises:
        IntegrityError: A row was deleted, forged, altered or restored.
    """
    with ledger.reading() as reading:
        due = REVIEWS.find(
            reading,
            REVIEWS.columns.state == ReviewState.OPEN,
            REVIEWS.columns.due_at <= reading.now,
        )
        left = [
            item
            for review in due
            for item in items_of(reading, review)
            if item.answer is Answer.OPEN
        ]
    for item in left:
        lapse(ledger, item)
    for review in due:
        _close(ledger, review)
    return len(left)


def locked(writing: Writing, item: AccessItem) -> tuple[AccessReview, AccessItem]:
    """Return a review and one of its items, locked until the commit.

    Raises:
        IntegrityError: One was deleted, forged, altered or restored.
    """
    review = REVIEWS.get(writing, item.review, lock=True)
    check_open(review, item)
    return review, ITEMS.get(writing, item.id, lock=True)


def answered(item: AccessItem, *, by: Actor | None) -> Event:
    """Return the entry for an answer; without an actor for one that was not given."""
    return Event(
        kind="access.answered",
        actor=by.account if by else None,
        session=by.session if by else None,
        facts={
            "review": item.review,
            "account": item.account,
            "thing": item.thing,
            "answer": item.answer,
        },
    )


def lapse(ledger: Ledger, item: AccessItem) -> None:
    """Take away what one item is about, or spare it, in one commit.

    Raises:
        IntegrityError: A row was deleted, forged, altered or restored.
    """
    with ledger.transaction() as writing:
        _, item = locked(writing, item)
        if item.answer is not Answer.OPEN:  # another process was first
            return
        everybody = ACCOUNTS.find(writing)
        account = next(a for a in everybody if a.id == item.account)
        stays = spared(everybody, account, item.role)
        if not stays:
            take_away(writing, item, by=None)
        item = ITEMS.replace(
            writing,
            item,
            answer=Answer.SPARED if stays else Answer.LAPSED,
            answered_at=writing.now,
        )
        writing.append(answered(item, by=None))


def _close(ledger: Ledger, review: AccessReview) -> None:
    with ledger.transaction() as writing:
        review = REVIEWS.get(writing, review.id, lock=True)
        items = items_of(writing, review)
        if review.state is ReviewState.CLOSED:
            return
        REVIEWS.replace(writing, review, state=ReviewState.CLOSED)
        counts: list[Json] = [
            [str(answer), sum(item.answer is answer for item in items)]
            for answer in Answer
        ]
        writing.append(
            Event(
                kind="access.closed",
                actor=None,
                facts={"review": review.id, "answers": counts},
            )
        )
