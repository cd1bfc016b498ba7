"""Tiles hold the hashes of the definition, and bundles the entries."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.errors import InputError, IntegrityError
from strongroom.ledger import tiles, tree
from strongroom.ledger.frontier import Frontier
from tests.ledger import naive
from tests.ledger.naive import LEAVES


def stored_in_batches(batches: list[int]) -> tuple[int, dict[tuple[int, int], bytes]]:
    """Return how many leaves were appended, and the tiles stored for them."""
    stored: dict[tuple[int, int], bytes] = {}
    frontier = Frontier()
    for batch in batches:
        size = frontier.size
        completed = frontier.completed(LEAVES[size : size + batch])
        read = lambda level, number: stored[level, number]  # noqa: E731
        for tile in tiles.updated_tiles(read, size, completed):
            stored[tile.level, tile.number] = tile.data
        frontier = frontier.grown(completed)
    return frontier.size, stored


@pytest.mark.parametrize(
    ("number", "width", "path"),
    [
        (0, 256, "tile/0/000"),
        (67, 5, "tile/0/067.p/5"),
        (999, 256, "tile/0/999"),
        (1000, 256, "tile/0/x001/000"),
        (1234067, 256, "tile/0/x001/x234/067"),
    ],
)
def test_paths_are_those_of_the_specification(
    number: int, width: int, path: str
) -> None:
    assert tiles.tile_path(0, number, width) == path
    bundle = path.replace("tile/0", "tile/entries")
    assert tiles.tile_path("entries", number, width) == bundle


def test_a_tree_has_the_tiles_that_the_specification_counts() -> None:
    seventy = list(tiles.tiles_of(70_000))
    widths = {(level, width) for level, _, width in seventy}

    assert sum(1 for level, _, width in seventy if (level, width) == (0, 256)) == 273
    assert widths == {(0, 256), (0, 112), (1, 256), (1, 17), (2, 1)}
    assert list(tiles.tiles_of(256)) == [(0, 0, 256), (1, 0, 1)]
    assert list(tiles.tiles_of(0)) == []


@settings(max_examples=25)
@given(st.lists(st.integers(1, 900), min_size=1, max_size=5), st.data())
def test_tiles_hold_the_hashes_of_the_definition_however_entries_arrive(
    batches: list[int], data: st.DataObject
) -> None:
    size, stored = stored_in_batches(batches)
    level, number, width = data.draw(st.sampled_from(list(tiles.tiles_of(size))))
    place = data.draw(st.integers(0, width - 1))

    span = 256**level
    start = (number * 256 + place) * span
    hashes = stored[level, number]

    shapes = {(lv, n): len(h) // 32 for (lv, n), h in stored.items()}
    assert shapes == {(lv, n): w for lv, n, w in tiles.tiles_of(size)}
    assert hashes[32 * place :][:32] == tree.root_hash(LEAVES[start : start + span])


@settings(max_examples=25)
@given(st.lists(st.integers(1, 900), min_size=1, max_size=5), st.data())
def test_proofs_from_tiles_are_those_of_the_definition(
    batches: list[int], data: st.DataObject
) -> None:
    stored_size, stored = stored_in_batches(batches)
    asked: list[tuple[int, int]] = []

    def read(level: int, number: int) -> bytes:
        asked.append((level, number))
        return stored[level, number]

    # A tile that has grown since still serves the smaller tree.
    size = data.draw(st.integers(1, stored_size))
    index = data.draw(st.integers(0, size - 1))
    proof = tree.inclusion_proof(tiles.node_reader(read), index=index, size=size)

    assert proof == naive.inclusion(index, LEAVES[:size])
    assert len(asked) == len(set(asked)) <= 4


@settings(max_examples=40)
@given(st.integers(1, 600), st.data())
def test_a_flipped_bit_anywhere_in_a_tile_never_gives_a_proof(
    size: int, data: st.DataObject
) -> None:
    _, stored = stored_in_batches([size])
    root = tree.root_hash(LEAVES[:size])
    index = data.draw(st.integers(0, size - 1))
    reader = tiles.node_reader(lambda level, number: stored[level, number])
    honest = tree.inclusion_proof(reader, index=index, size=size)
    key = data.draw(st.sampled_from(sorted(stored)))
    bit = data.draw(st.integers(0, 8 * len(stored[key]) - 1))
    stored[key] = naive.flipped(stored[key], bit)

    reader = tiles.node_reader(lambda level, number: stored[level, number])
    proof = tree.inclusion_proof(reader, index=index, size=size)

    if proof != honest:
        with pytest.raises(IntegrityError):
            tree.verify_inclusion(
                LEAVES[index], index=index, size=size, proof=proof, root=root
            )


def test_a_tile_that_was_cut_is_refused() -> None:
    _, stored = stored_in_batches([300])
    reader = tiles.node_reader(lambda level, number: stored[level, number][:-1])

    with pytest.raises(IntegrityError, match="shorter than its tree"):
        tree.inclusion_proof(reader, index=299, size=300)


@pytest.mark.parametrize("wrong", [-32, -1, 32])
def test_appending_to_a_tile_of_another_width_is_refused(wrong: int) -> None:
    """Appending to the wrong place would shift every later hash."""
    data = b"".join(LEAVES[: 10 + 1])[: 10 * 32 + wrong]

    with pytest.raises(IntegrityError, match="10 hashes"):
        tiles.updated_tiles(lambda *_: data, 10, [LEAVES[10:12]])


def test_impossible_tiles_are_refused() -> None:
    for level, number, size in ((-1, 0, 32), (64, 0, 32), (0, -1, 32), (0, 0, 31)):
        with pytest.raises(InputError):
            tiles.Tile(level=level, number=number, data=bytes(size))
    for size in (0, 257 * 32):
        with pytest.raises(InputError):
            tiles.Tile(level=0, number=0, data=bytes(size))
    for number, width in ((-1, 1), (0, 0), (0, 257)):
        with pytest.raises(InputError):
            tiles.tile_path(0, number, width)
    with pytest.raises(InputError):
        tiles.updated_tiles(lambda *_: b"", 0, [[b"no hash"]])


def test_a_bundle_has_each_entry_after_its_length() -> None:
    assert tiles.encode_bundle([b"ab", b"", bytes(256)]) == (
        b"\x00\x02ab" + b"\x00\x00" + b"\x01\x00" + bytes(256)
    )


def test_a_bundle_that_no_reader_would_take_is_not_written() -> None:
    for values in ([], [b""] * 257, [bytes(4097)]):
        with pytest.raises(InputError):
            tiles.encode_bundle(values)


def test_tiles_and_bundles_are_taken_up_to_their_limits() -> None:
    widest = tiles.Tile(level=63, number=0, data=bytes(256 * 32))
    assert (widest.width, widest.path) == (256, "tile/63/000")
    assert tiles.Tile(level=0, number=0, data=bytes(32)).path == "tile/0/000.p/1"
    assert len(tiles.encode_bundle([bytes(4096)] * 256)) == 256 * 4098
    assert tiles.encode_bundle([bytes(4096)])[:2] == b"\x10\x00"


def test_nothing_is_appended_before_the_first_entry() -> None:
    with pytest.raises(InputError, match="from index 0 on"):
        tiles.updated_tiles(lambda *_: b"", -1, [LEAVES[:1]])
    assert tiles.updated_tiles(lambda *_: b"", 0, [LEAVES[:1]]) == [
        tiles.Tile(level=0, number=0, data=LEAVES[0])
    ]


def test_a_full_tile_is_not_read_to_append_the_next() -> None:
    def read(level: int, number: int) -> bytes:
        raise AssertionError((level, number))

    assert tiles.updated_tiles(read, 256, [LEAVES[256:258]]) == [
        tiles.Tile(level=0, number=1, data=LEAVES[256] + LEAVES[257])
    ]


@pytest.mark.parametrize("size", [1, 255, 256, 257, 65_535, 65_536, 65_537])
def test_every_node_is_in_one_tile(size: int) -> None:
    found = list(tiles.tiles_of(size))
    for level in range(3):
        widths = [width for at, _, width in found if at == level]
        assert sum(widths) == size >> 8 * level
        assert [number for at, number, _ in found if at == level] == list(
            range(len(widths))
        )
