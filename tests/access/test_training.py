"""Courses and texts: what counts, until when, and how a refusal says it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.access.training import (
    TRAINING,
    Training,
    TrainingKind,
    expired,
    lacking,
    shortfall,
    training_of,
)
from strongroom.types import Role
from tests.access.rooms import Rooms
from tests.ledger.world import event

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
TEXT = "ab" * 32


@pytest.mark.parametrize(
    ("name", "until", "known", "sentence"),
    [
        ("weights", None, False, "weights (not taken)"),
        ("weights", NOW, True, "weights (expired on 2026-11-22)"),
        (TEXT, None, False, "text abababababab (not acknowledged)"),
    ],
)
def test_what_is_lacking_is_said_with_since_when(
    name: str, until: datetime | None, *, known: bool, sentence: str
) -> None:
    assert shortfall(name, until, known=known) == sentence


@given(st.timedeltas(timedelta(days=-9), timedelta(days=9)))
def test_a_course_counts_until_its_time_and_not_at_it(left: timedelta) -> None:
    assert expired(NOW + left, NOW) == (left <= timedelta(0))


def test_a_text_never_expires() -> None:
    assert not expired(None, NOW)


def test_where_nothing_is_asked_nothing_is_lacking(rooms: Rooms) -> None:
    account = rooms.account("ana", Role.RESEARCHER)

    with rooms.world.ledger.reading() as reading:
        assert lacking(reading, account, (), now=reading.now) == []
        assert lacking(reading, account, {"b", "a"}, now=reading.now) == [
            "a (not taken)",
            "b (not taken)",
        ]


def test_what_was_never_taken_did_not_expire() -> None:
    assert shortfall("weights", NOW, known=False) == "weights (not taken)"
    assert shortfall("weights", None, known=True) == "weights (not taken)"


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta.resolution, []),
        (timedelta(0), ["a (expired on 2026-11-22)"]),
        (timedelta(days=-1), ["a (expired on 2026-11-21)"]),
    ],
)
def test_what_is_known_is_not_lacking_until_it_expires(
    rooms: Rooms, left: timedelta, said: list[str]
) -> None:
    account, other = rooms.account("ana"), rooms.account("ben")
    row = Training(
        id=f"{account.id}/a",
        account=account.id,
        kind=TrainingKind.COURSE,
        name="a",
        until=NOW + left,
        added_by=other.id,
        added_at=NOW,
    )
    with rooms.world.ledger.transaction() as writing:
        TRAINING.insert(writing, row)
        writing.append(event())

    assert row.revision == 1
    with rooms.world.ledger.reading() as reading:
        assert lacking(reading, account, {"a"}, now=NOW) == said
        assert lacking(reading, other, {"a"}, now=NOW) == ["a (not taken)"]
        assert training_of(reading, account) == [row]


def test_kinds_are_stored_under_the_same_names_in_every_version() -> None:
    assert [*TrainingKind] == ["course", "text"]
