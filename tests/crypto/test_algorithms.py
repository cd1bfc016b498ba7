"""The table of algorithms: complete, dated, sourced."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from strongroom.crypto.algorithms import load_algorithms, parse_algorithms
from strongroom.errors import SetupError

ONE = b"""reviewed = 2026-11-25
[x]
name = "X"
source = "RFC 1"
review_by = 2027-01-01
note = "n"
"""


def test_every_algorithm_has_a_source_and_a_date_after_its_review() -> None:
    for id_, one in load_algorithms().items():
        assert one.id == id_
        assert one.source
        assert one.note
        assert one.review_by > one.reviewed


def test_a_table_of_64_kib_is_read() -> None:
    assert parse_algorithms(ONE.ljust(64 << 10)) == parse_algorithms(ONE)


def test_a_review_is_overdue_the_day_after_its_date() -> None:
    one = parse_algorithms(ONE)["x"]

    assert not one.is_overdue(date(2027, 1, 1))
    assert one.is_overdue(date(2027, 1, 1) + timedelta(days=1))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"x = ",
        ONE.replace(b"2027-01-01", b'"2027-01-01"'),
        ONE.replace(b"2027-01-01", b"2027-01-01T00:00:00Z"),
        ONE.replace(b'"RFC 1"', b"1"),
        ONE.replace(b"note", b"other"),
        ONE + b" " * (64 << 10),
    ],
)
def test_what_is_no_table_is_refused(data: bytes) -> None:
    with pytest.raises(SetupError):
        parse_algorithms(data)
