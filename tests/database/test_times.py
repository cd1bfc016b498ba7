"""Times have one fixed form that sorts as they do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.database.times import format_time, parse_time

moments = st.datetimes(timezones=st.just(UTC))


def test_a_time_is_written_in_utc_with_microseconds() -> None:
    east = timezone(timedelta(hours=2))
    moment = datetime(2026, 11, 22, 5, 4, 5, 6, tzinfo=east)

    assert format_time(moment) == "2026-11-22T03:04:05.000006Z"


@given(moments)
def test_a_time_is_read_as_it_was_written(moment: datetime) -> None:
    assert parse_time(format_time(moment)) == moment


@given(moments, moments)
def test_text_sorts_as_time_does(one: datetime, other: datetime) -> None:
    assert (format_time(one) < format_time(other)) == (one < other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-22",
        "2026-11-22T03:04:05Z",
        "2026-11-22T03:04:05.000006",
        "2026-11-22 03:04:05.000006Z",
        "2026-11-22T03:04:05.0000060Z",
        "2026-W47-7T03:04:05.000006Z",
        "20261122T030405.0000060000Z",
        "2026-11-22T03:04:05,000006Z",
        "2026-11-22T03:04:05.000006z",
        "2026-11-22T03:04:05.00006+00",
        "0001-01-01T00:00:00.000000+01:00",
        "\u0662026-11-22T03:04:05.000006Z",
        b"2026-11-22T03:04:05.000006Z",
    ],
)
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"form|isoformat"):
        parse_time(text)


@given(st.text(alphabet="0123456789-:.TZWz+, ", max_size=30))
def test_whatever_is_read_is_written_again(text: str) -> None:
    try:
        moment = parse_time(text)
    except ValueError:
        return
    assert format_time(moment) == text
