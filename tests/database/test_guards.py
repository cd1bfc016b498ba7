"""A MAC covers the whole row, and nobody makes one without the key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.database.guards import Guards
from strongroom.errors import UnavailableError
from strongroom.types import Secret
from tests.ledger.world import START

GUARDS = Guards(Secret(bytes(32)))
CELLS = st.none() | st.integers(-9, 9) | st.text() | st.binary()
ROWS = st.dictionaries(st.sampled_from("abc"), CELLS)


def test_a_mac_covers_table_id_revision_and_content() -> None:
    row = {"id": "a", "revision": 1, "name": "x"}
    changed = [{**row, key: value} for key, value in zip(row, "b2y", strict=True)]

    macs = {GUARDS.mac("teams", row), GUARDS.mac("accounts", row)}
    macs |= {GUARDS.mac("teams", other) for other in changed}
    macs |= {Guards(Secret(b"\x01" * 32)).mac("teams", row)}

    assert len(macs) == 6


@given(ROWS, ROWS)
def test_different_rows_have_different_macs(
    one: dict[str, object], other: dict[str, object]
) -> None:
    def covered(row: dict[str, object]) -> str:
        """Return what the MAC covers: a blob and its hexadecimal text read alike."""
        plain = {k: v.hex() if isinstance(v, bytes) else v for k, v in row.items()}
        return repr(sorted(plain.items()))

    def mac(row: dict[str, object]) -> bytes:
        return GUARDS.mac("t", {"id": "a", **row})

    assert (mac(one) == mac(other)) == (covered(one) == covered(other))


def test_a_locked_room_has_no_macs() -> None:
    with pytest.raises(UnavailableError, match="locked"):
        Guards(None).mac("teams", {"id": "a"})


def test_a_mac_is_the_same_in_every_version_of_strongroom() -> None:
    """Rows outlive releases; the form is that of guarded-rows.md."""
    mac = GUARDS.mac("teams", {"id": "a", "revision": 1, "at": START, "key": b"\x01"})

    assert mac.hex() == (
        "0f647f161cd518aaf28b08015289ad135e35065c98bbaa17e1c4502501b9797d"
    )


def test_the_mac_of_a_waiting_entry_covers_id_time_and_leaf() -> None:
    macs = {
        GUARDS.entry_mac(1, START, bytes(32)),
        GUARDS.entry_mac(2, START, bytes(32)),
        GUARDS.entry_mac(1, START + timedelta(microseconds=1), bytes(32)),
        GUARDS.entry_mac(1, START, bytes(31) + b"\x01"),
        Guards(Secret(b"\x01" * 32)).entry_mac(1, START, bytes(32)),
    }

    assert len(macs) == 5


@given(
    st.datetimes(timezones=st.just(UTC)),
    st.lists(st.tuples(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))),
)
def test_many_entries_get_the_macs_that_each_would_get(
    at: datetime, entries: list[tuple[int, bytes]]
) -> None:
    ids, leaves = [i for i, _ in entries], [leaf for _, leaf in entries]

    expected = [GUARDS.entry_mac(i, at, leaf) for i, leaf in entries]
    assert GUARDS.entry_macs(at, ids, leaves) == expected


def test_a_locked_room_has_no_macs_of_entries() -> None:
    with pytest.raises(UnavailableError, match="locked"):
        Guards(None).entry_macs(START, [1], [bytes(32)])
