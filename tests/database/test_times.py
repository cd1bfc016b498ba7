"""Times have one fixed form that sorts as they do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.database.times import format_time, parse_time

moments = st.datetimes(timezones=st.just(UTC), min_value=datetime(1000, 1, 1))  # noqa: DTZ001  # Hypothesis adds the zone


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
    "text", ["", "2026-11-22", "2026-11-22T03:04:05Z", "2026-11-22T03:04:05.000006"]
)
def test_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="does not match"):
        parse_time(text)
