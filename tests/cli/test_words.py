"""Numbers, times and ids in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.cli import words
from strongroom.errors import InputError


def test_what_took_no_second_is_said_in_milliseconds() -> None:
    assert words.elapsed(0.0421) == "42 ms"
    assert words.elapsed(61.04) == "61.0 s"


def test_who_has_to_agree_is_of_another_team_only_where_teams_count() -> None:
    """In a small room anybody else may agree; another team was asked for."""
    standard = words.waits("request-gowudi5l2kl3", 1, 1)
    small = words.waits("request-gowudi5l2kl3", 1, 0)
    assert "1 approval from another team: strongroom approve request-gow" in standard
    assert "1 approval from somebody else: strongroom approve request-gow" in small


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (90_868_368, "90.9 MB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (1 << 40, "1.1 TB"),
    ],
)
def test_bytes_are_said_with_one_decimal(count: int, said: str) -> None:
    assert words.size(count) == said


@pytest.mark.parametrize(
    ("part", "said"), [(0, "0.0 %"), (1, "<0.1 %"), (98, "9.8 %"), (1000, "100.0 %")]
)
def test_a_share_that_is_not_nothing_never_reads_as_nothing(
    part: int, said: str
) -> None:
    assert words.percent(part, 1000 if part != 1 else 10**6) == said


def test_a_share_of_nothing_is_nothing() -> None:
    assert words.percent(0, 0) == "0.0 %"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("30m", timedelta(minutes=30)),
        ("4h", timedelta(hours=4)),
        ("1d12h", timedelta(days=1, hours=12)),
        ("90s", timedelta(seconds=90)),
    ],
)
def test_a_duration_is_understood(text: str, meant: timedelta) -> None:
    assert words.duration(text) == meant


@pytest.mark.parametrize(
    "text", ["", "4", "h", "-4h", "4 h", "4x", "9" * 7 + "h", "٤h"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no duration"):
        words.duration(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("5000", 5000), ("10MB", 10**7), ("1.5GB", 15 * 10**8), ("2 kB", 2000)],
)
def test_a_size_is_understood(text: str, meant: int) -> None:
    assert words.byte_count(text) == meant


@pytest.mark.parametrize("text", ["", "MB", "-1", "1.MB", "1e9", "9" * 16, "1,5GB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no size"):
        words.byte_count(text)


def test_times_are_said_in_utc() -> None:
    moment = datetime(2026, 11, 22, 5, 0, tzinfo=timezone(timedelta(hours=2)))

    assert words.when(moment) == "2026-11-22 03:00 UTC"
    assert words.stamp(moment) == "2026-11-22T03:00:00Z"


def test_a_short_id_is_the_start_of_the_long_one() -> None:
    whole = "permit-k7qv2mfabcdefghijklmnopqrs"

    assert words.short(whole) == "permit-k7qv2mfa"


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 keys"), (1, "1 key"), (1200, "1,200 keys")]
)
def test_many_agrees_with_the_number(count: int, said: str) -> None:
    assert words.many(count, "key") == said


@given(st.integers(0, 10**18))
def test_every_size_that_is_said_can_be_typed_back_nearly(count: int) -> None:
    typed = words.byte_count(words.size(count).replace("PB", "TB"))

    assert abs(typed - count) <= max(count * 6 // 100, 0)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_stamp_reads_back_as_the_same_moment(moment: datetime) -> None:
    assert datetime.fromisoformat(words.stamp(moment)) == moment
