"""The digest of counted rows is of exactly these, however they came together."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.database.counted import MOST_IN_LEAF, RowSet, digest_of, line_of

Row = tuple[str, int, bytes]


def row(number: int, revision: int = 1) -> Row:
    name = f"model-a/{number}"
    return name, revision, hashlib.sha256(f"{name} {revision}".encode()).digest()


def test_a_digest_is_the_same_in_every_version_of_strongroom() -> None:
    """An entry of today is replayed by every later release."""
    mac = bytes([1]) * 32
    digest = digest_of("holdings", "model-a/", [("model-a/ana/x", 1, mac)])

    assert digest.hex() == (
        "06455c889a77e67db74f9aad191a41cb8803b1af40406dc1e98a7aaaff0a615a"
    )


@pytest.mark.parametrize("count", [0, 1, MOST_IN_LEAF, MOST_IN_LEAF + 1, 300])
def test_the_order_of_rows_says_nothing(count: int) -> None:
    rows = [row(number) for number in range(count)]

    assert digest_of("t", "a/", rows) == digest_of("t", "a/", rows[::-1])


@given(
    st.lists(st.integers(0, 60) | st.just(-1), max_size=200),
    st.sampled_from([1, 2, 256]),
)
def test_what_rows_became_is_all_that_counts(steps: list[int], crowding: int) -> None:
    """Rows come, change and go, on few branches or many: it is as if made at once."""
    rows: dict[int, Row] = {}
    found = RowSet()
    for step in steps:
        number = abs(step)
        before = rows.pop(number, None)
        if before is not None:
            found.remove(line_of(*before))
        if before is None or step % 3:
            name, revision, mac = row(number, 1 + (before[1] if before else 0))
            rows[number] = (name, revision, bytes([mac[0] % crowding]) + mac[1:])
            found.add(line_of(*rows[number]))
        if step == -1:
            found.digest("t", "a/")

    assert found.digest("t", "a/") == digest_of("t", "a/", rows.values())
    assert set(found) == {line_of(*each) for each in rows.values()}


@given(
    st.sets(st.integers(0, 40), max_size=40), st.sets(st.integers(0, 40), max_size=40)
)
def test_different_rows_have_different_digests(one: set[int], other: set[int]) -> None:
    digests = {digest_of("t", "a/", map(row, some)) for some in (one, other)}

    assert len(digests) == (1 if one == other else 2)


def test_a_digest_is_of_one_table_and_one_prefix() -> None:
    digests = {digest_of(t, p, []) for t in ("a", "ab") for p in ("b/", "/")}

    assert len(digests) == 4


@pytest.mark.parametrize("count", [3, 300])
def test_every_cell_of_every_row_counts(count: int) -> None:
    rows = [row(number) for number in range(count)]
    digest = digest_of("t", "a/", rows)
    name, revision, mac = rows[count // 2]
    flipped = bytes([mac[0], mac[1] ^ 1]) + mac[2:]
    for bent in [
        (name + "x", revision, mac),
        (name, revision + 1, mac),
        (name, revision, flipped),
    ]:
        others = [*rows[: count // 2], bent, *rows[count // 2 + 1 :]]
        assert digest_of("t", "a/", others) != digest


def test_rows_of_one_mac_hang_together_at_the_end_of_its_digits() -> None:
    """No room has them, but the replay reads what entries say before it believes it."""
    rows = [(f"model-a/{n}", 1, bytes(32)) for n in range(2 * MOST_IN_LEAF)]
    found = RowSet(line_of(*each) for each in rows)

    assert found.digest("t", "a/") == digest_of("t", "a/", rows[::-1])
    for each in rows[1:]:
        found.remove(line_of(*each))
    assert found.digest("t", "a/") == digest_of("t", "a/", rows[:1])
