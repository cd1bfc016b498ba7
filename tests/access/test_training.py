"""Courses and texts: what counts, until when, and how a refusal says it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.access.training import expired, lacking, shortfall
from strongroom.types import Role
from tests.access.rooms import Rooms

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
