"""How far a bundle of advisories can be relied on; see also the room's own tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from strongroom.errors import ConflictError, IntegrityError
from strongroom.intake.advisories import Bundle
from strongroom.intake.feeds import FEED, Feed, feed_findings, verify_newer

NOW = datetime(2026, 11, 26, tzinfo=UTC)
DAY = timedelta(days=1)
MONTH = timedelta(days=30)


def bundle(*, age: timedelta, number: int = 7) -> Bundle:
    issued = NOW - age
    return Bundle(
        number=number, issued=issued, expires=issued + 2 * MONTH, advisories=()
    )


@pytest.mark.parametrize(
    ("age", "rules"),
    [
        (timedelta(0), []),
        (MONTH, []),
        (MONTH + DAY, ["advisory/stale"]),
        (2 * MONTH, ["advisory/expired", "advisory/stale"]),
    ],
)
def test_an_old_bundle_is_a_finding(age: timedelta, rules: list[str]) -> None:
    found = feed_findings(bundle(age=age), NOW, MONTH)

    assert [finding.rule for finding in found] == rules


def test_a_bundle_takes_the_place_of_an_older_one_only() -> None:
    feed = Feed(id=FEED, number=7, digest="aa" * 32, taken_at=NOW)

    verify_newer(None, bundle(age=DAY, number=1), "bb" * 32, NOW)
    verify_newer(feed, bundle(age=DAY, number=8), "bb" * 32, NOW)
    verify_newer(feed, bundle(age=DAY, number=7), "aa" * 32, NOW)
    with pytest.raises(ConflictError):
        verify_newer(feed, bundle(age=DAY, number=6), "bb" * 32, NOW)
    with pytest.raises(ConflictError):
        verify_newer(feed, bundle(age=DAY, number=7), "bb" * 32, NOW)
    with pytest.raises(IntegrityError):
        verify_newer(feed, bundle(age=-DAY, number=8), "bb" * 32, NOW)
