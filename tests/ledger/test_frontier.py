"""The frontier gives the root of the whole tree from a few hashes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.errors import InputError, IntegrityError
from strongroom.ledger.frontier import Frontier, frontier_at
from strongroom.ledger.tree import EMPTY_ROOT, root_hash
from tests.ledger import naive
from tests.ledger.naive import LEAVES


def test_the_root_after_each_of_the_first_entries_is_that_of_the_definition() -> None:
    frontier = Frontier()
    assert frontier.root() == EMPTY_ROOT
    for size in range(1, 71):
        frontier = frontier.append(LEAVES[size - 1])
        assert (frontier.size, frontier.root()) == (size, root_hash(LEAVES[:size]))
        assert frontier == frontier_at(naive.reader(LEAVES), size)


@settings(max_examples=25)
@given(st.lists(st.integers(0, 700), max_size=5))
def test_batches_give_the_same_as_single_entries(batches: list[int]) -> None:
    frontier, size = Frontier(), 0
    for batch in batches:
        leaves = LEAVES[size : size + batch]
        frontier = frontier.extend(leaves)
        size += len(leaves)

    assert frontier == Frontier().extend(LEAVES[:size])
    assert frontier.root() == root_hash(LEAVES[:size])


@given(st.integers(0, 3000))
def test_a_frontier_is_read_as_it_was_written(size: int) -> None:
    frontier = Frontier().extend(LEAVES[:size])

    assert Frontier.from_bytes(frontier.to_bytes()) == frontier


@given(st.integers(0, 200), st.data())
def test_a_flipped_bit_anywhere_never_passes_for_the_signed_tree(
    size: int, data: st.DataObject
) -> None:
    frontier = Frontier().extend(LEAVES[:size])
    written = frontier.to_bytes()
    bit = data.draw(st.integers(0, 8 * len(written) - 1))

    try:
        read = Frontier.from_bytes(naive.flipped(written, bit))
    except IntegrityError:
        return

    assert (read.size, read.root()) != (frontier.size, frontier.root())


@pytest.mark.parametrize("cut", [0, 7, 8, 39, 41, 200])
def test_a_frontier_of_another_length_is_refused(cut: int) -> None:
    written = Frontier().extend(LEAVES[:7]).to_bytes() + bytes(100)

    with pytest.raises(IntegrityError):
        Frontier.from_bytes(written[:cut])


def test_an_impossible_frontier_is_refused() -> None:
    for size, hashes in ((-1, ()), (1, ()), (1, (b"short",)), (2**63, (LEAVES[0],))):
        with pytest.raises(InputError):
            Frontier(size=size, hashes=hashes)
    with pytest.raises(InputError):
        Frontier().append(b"no hash")


def test_a_frontier_is_of_the_longest_ledger_at_most() -> None:
    most = 2**63 - 1
    longest = Frontier(size=most, hashes=tuple(LEAVES[:63]))
    assert Frontier.from_bytes(longest.to_bytes()) == longest
    one = (2**63).to_bytes(8, "big") + LEAVES[0]  # the length fits
    with pytest.raises(IntegrityError, match="damaged"):
        Frontier.from_bytes(one)
    for size in (-1, 2**63):
        with pytest.raises(InputError, match=f"cannot have {size} entries"):
            Frontier(size=size, hashes=(LEAVES[0],))
    for hashes in ((LEAVES[0],), LEAVES[:3]):
        with pytest.raises(InputError, match="do not fit 3 leaves"):
            Frontier(size=3, hashes=tuple(hashes))
    for length in (31, 33):
        with pytest.raises(InputError, match="is not 32 bytes"):
            Frontier(size=1, hashes=(bytes(length),))


def test_only_what_new_leaves_complete_is_new() -> None:
    five = Frontier().extend(LEAVES[:5])

    completed = five.completed(LEAVES[5:8])

    assert [list(row) for row in completed] == [
        LEAVES[5:8],
        [root_hash(LEAVES[4:6]), root_hash(LEAVES[6:8])],
        [root_hash(LEAVES[4:8])],
        [root_hash(LEAVES[:8])],
    ]
    assert five.completed([]) == []
    assert five.grown([]) == five
