"""Tiles, frontiers and checkpoints that do not make one tree are each named."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from strongroom.database import tables
from strongroom.ledger.finding import Finding
from strongroom.ledger.frontier import Frontier
from strongroom.ledger.log import Ledger, Reading
from strongroom.ledger.tree_checks import check_checkpoints, check_edge, check_tiles
from tests.ledger.world import World

TILES, POINTS = tables.tiles.c, tables.checkpoints.c


@pytest.fixture
def grown(sqlite_world: World) -> World:
    """Give a ledger of 513 entries under checkpoints of 1, 257 and 513."""
    for count in (1, 256, 256):
        sqlite_world.notes(count)
    return sqlite_world


def said(
    world: World, check: Callable[[Ledger, Reading], Iterator[Finding]]
) -> list[str]:
    with world.ledger.reading() as reading:
        found = list(check(world.ledger, reading))
    assert all(finding.position is None for finding in found)
    return [finding.problem for finding in found]


def tiles(world: World) -> list[str]:
    return said(world, lambda ledger, reading: check_tiles(ledger, reading, size=513))


def edge(world: World, size: int, root: bytes) -> list[str]:
    return said(
        world,
        lambda ledger, reading: check_edge(ledger, reading, size=size, root=root),
    )


def test_what_was_written_is_one_tree(grown: World) -> None:
    with grown.ledger.reading() as reading:
        newest = grown.ledger.checkpoint(reading)
    assert newest is not None
    assert edge(grown, 513, newest.root) == []
    assert edge(grown, 512, newest.root) == edge(grown, 513, bytes(32)) != []
    assert edge(grown, 512, newest.root) == [
        "the stored tiles do not have the signed root"
    ]
    assert tiles(grown) == []
    assert said(grown, check_checkpoints) == []


@pytest.mark.parametrize("place", [0, 1])
def test_a_hash_above_the_leaves_is_that_of_the_tile_below(
    grown: World, place: int
) -> None:
    with grown.database.reading() as connection:
        data = connection.execute(
            sa.select(TILES.hashes).where(TILES.level == 1)
        ).scalar_one()
    wrong = bytearray(data)
    wrong[32 * place] ^= 1
    grown.attack(
        sa.update(tables.tiles).where(TILES.level == 1).values(hashes=bytes(wrong))
    )
    assert tiles(grown) == ["tile 1/0 is not what its tree is"]


@pytest.mark.parametrize(
    ("level", "number", "more"), [(0, 2, 32), (0, 1, 32), (0, 2, 1)]
)
def test_a_tile_that_is_wider_than_its_tree_is_named(
    grown: World, level: int, number: int, more: int
) -> None:
    here = (TILES.level == level, TILES.number == number)
    with grown.database.reading() as connection:
        data = connection.execute(sa.select(TILES.hashes).where(*here)).scalar_one()
    grown.attack(sa.update(tables.tiles).where(*here).values(hashes=data + bytes(more)))
    assert f"tile {level}/{number} is not what its tree is" in tiles(grown)


def test_every_missing_tile_is_named_and_those_after_it(grown: World) -> None:
    grown.attack(sa.delete(tables.tiles).where(TILES.level == 0, TILES.number != 1))

    assert tiles(grown)[:2] == [
        "tile 0/0 of the ledger is missing",
        "tile 0/2 of the ledger is missing",
    ]


def of(frontier: Frontier) -> dict[str, object]:
    return {"frontier": frontier.to_bytes()}


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"previous_size": 2}, "does not follow the one before"),
        (of(Frontier()), "has another frontier"),
        (of(Frontier(size=256, hashes=(bytes(32),))), "has another frontier"),
        (of(Frontier(size=257, hashes=(bytes(32),) * 2)), "has another frontier"),
        ({"frontier": b"x"}, "cannot be read: the stored frontier is damaged"),
        ({"note": "x"}, "cannot be read: a checkpoint has no signatures"),
    ],
)
def test_a_checkpoint_that_is_not_what_it_was_is_named(
    grown: World, values: dict[str, object], problem: str
) -> None:
    grown.attack(
        sa.update(tables.checkpoints).where(POINTS.size == 257).values(**values)
    )
    assert said(grown, check_checkpoints) == [f"checkpoint 257 {problem}"]


def test_a_checkpoint_that_was_taken_out_is_missed_by_the_next(grown: World) -> None:
    grown.attack(sa.delete(tables.checkpoints).where(POINTS.size == 257))
    assert said(grown, check_checkpoints) == [
        "checkpoint 513 does not follow the one before"
    ]


def test_a_checkpoint_of_another_tree_is_named(grown: World) -> None:
    """Signed by the room, with its frontier, and of other leaves."""
    other = Frontier().extend([bytes(32)] * 257)
    note = grown.ledger.notes.sign(257, other.root())
    grown.attack(
        sa.update(tables.checkpoints)
        .where(POINTS.size == 257)
        .values(note=note, frontier=other.to_bytes())
    )
    assert said(grown, check_checkpoints) == ["checkpoint 257 is of another tree"]
