"""What a transaction read is named once, in the entry that follows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.database.basis import Basis, Reads, RowsRead, RowUsed, digest_of_list

MACS = [bytes([n]) * 32 for n in range(3)]
rows = st.lists(
    st.tuples(st.text("ab/", max_size=3), st.integers(1, 3), st.sampled_from(MACS)),
    max_size=3,
)


def read(prefix: str, after: int = 0, table: str = "holdings") -> RowsRead:
    return RowsRead(table=table, prefix=prefix, after=after, digest=bytes(32))


def used(row_id: str, revision: int = 1) -> RowUsed:
    return RowUsed(table="accounts", id=row_id, revision=revision)


def test_the_digest_of_old_entries_is_what_it_was() -> None:
    """What was written once is replayed by every later release."""
    digest = digest_of_list("holdings", "model-a/", [("model-a/ana/x", 1, MACS[1])])

    assert digest.hex() == (
        "20f30ea2018ae9534ece42fd69979e5e8167f23f065c1e1327af4ef7260f199d"
    )


@given(rows, rows)
def test_different_rows_have_different_digests(
    one: list[tuple[str, int, bytes]], other: list[tuple[str, int, bytes]]
) -> None:
    digests = {digest_of_list("t", "a/", some) for some in (one, other)}

    assert len(digests) == (1 if one == other else 2)


def test_a_digest_is_of_one_table_and_one_prefix() -> None:
    digests = {digest_of_list(t, p, []) for t in ("a", "ab") for p in ("b/", "/")}

    assert len(digests) == 4


def test_an_entry_is_written_in_the_newer_form_alone() -> None:
    basis = Basis(seen=7, reads=(read("model-a/"),))

    assert basis.to_json() == {
        "seen": 7,
        "counted": [["holdings", "model-a/", 0, "00" * 32]],
        "used": [],
    }


def test_what_was_read_is_named_once() -> None:
    reads = Reads()
    reads.add_set(read("model-a/"))
    reads.add_row("accounts", "ana", 1)

    assert reads.take(7, []) == Basis(
        seen=7, reads=(read("model-a/"),), used=(used("ana"),)
    )
    reads.add_row("accounts", "ana", 1)
    assert not reads.take(7, [])


def test_what_was_seen_first_of_a_row_counts() -> None:
    """Else whoever puts a row back could put it forward before the entry."""
    reads = Reads()
    reads.add_row("accounts", "ana", 1)
    reads.add_row("accounts", "ana", 2)

    assert reads.take(0, []).used == (used("ana"),)


def test_a_row_that_changed_with_the_entry_is_not_named_twice() -> None:
    reads = Reads()
    reads.add_row("accounts", "ana", 1)
    reads.add_row("accounts", "ben", 1)

    assert reads.take(0, [("accounts", "ben")]).used == (used("ana"),)


@pytest.mark.parametrize(
    ("second", "kept"),
    [
        (read("model-a/ana/"), 1),
        (read("model-a/"), 1),
        (read("model-b/"), 2),
        (read("model-a/ana/", after=1), 2),
        (read("model-a/ana/", table="releases"), 2),
    ],
)
def test_a_part_of_what_was_read_adds_nothing(second: RowsRead, kept: int) -> None:
    reads = Reads()
    reads.add_set(read("model-a/"))
    reads.add_set(second)

    assert len(reads.take(0, []).reads) == kept
