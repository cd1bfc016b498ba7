"""What was recorded last is believed only if the signed tree has it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from strongroom.database import tables
from strongroom.errors import IntegrityError
from strongroom.ledger.recorded import Recorded, _verifier, newest_recorded
from strongroom.ledger.tree import leaf_hash
from tests.ledger.world import World, event

KIND = "policy.loaded"


def last(world: World) -> Recorded | None:
    with world.ledger.reading() as reading:
        return newest_recorded(world.ledger, reading, KIND)


def record(world: World, digest: str) -> None:
    with world.ledger.transaction() as writing:
        writing.append(event(KIND, {"digest": digest, "profile": "solo"}))


@pytest.fixture
def rules(world: World) -> World:
    """Give a ledger with rules at 0 and 1, in a tile before the last."""
    record(world, "old")
    record(world, "new")
    world.notes(300)
    return world


def put(world: World, place: int, **values: object) -> None:
    """Write into the row of an entry, past every guard."""
    columns = tables.entries.c
    world.attack(
        sa.update(tables.entries).where(columns.position == place).values(**values)
    )


def test_the_newest_of_a_kind_is_found(rules: World) -> None:
    found = last(rules)

    assert found is not None
    assert found.facts == {"digest": "new", "profile": "solo"}
    assert found.at == rules.clock()


def test_nothing_is_recorded_in_an_empty_ledger(world: World) -> None:
    assert last(world) is None
    world.note()
    assert last(world) is None


def test_those_that_are_not_meant_are_skipped(rules: World) -> None:
    with rules.ledger.reading() as reading:
        found = newest_recorded(
            rules.ledger, reading, KIND, where=lambda facts: facts["digest"] == "old"
        )
    assert found is not None
    assert found.facts["digest"] == "old"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 5000,
        b'{"facts":{"digest":"old","profile":"solo"},"kind":"policy.loaded"}',
    ],
    ids=["empty", "half", "no text", "deep", "forged"],
)
def test_a_body_that_the_tree_does_not_have_is_refused(
    rules: World, body: bytes
) -> None:
    """It ended as a bug of ours, or suppressed the entry about other rules."""
    put(rules, 1, body=body, leaf=leaf_hash(body))

    with pytest.raises(IntegrityError, match="entry 1 is not what the signed tree"):
        last(rules)


def test_an_entry_of_another_kind_does_not_pass_as_this_one(rules: World) -> None:
    put(rules, 7, kind=KIND)

    with pytest.raises(IntegrityError, match="entry 7 is not"):
        last(rules)


def test_an_entry_past_the_newest_checkpoint_is_refused(rules: World) -> None:
    """An old one was put forward as the newest, so that nothing seemed to change."""
    put(rules, 0, position=9999)

    with pytest.raises(IntegrityError, match="entry 9999 is not"):
        last(rules)


def test_a_tile_that_was_rewritten_along_does_not_help(rules: World) -> None:
    body = b'{"facts":{"digest":"old","profile":"solo"},"kind":"policy.loaded"}'
    put(rules, 1, body=body, leaf=leaf_hash(body))
    columns = tables.tiles.c
    first = (columns.level == 0) & (columns.number == 0)
    with rules.database.reading() as connection:
        data = connection.execute(sa.select(columns.hashes).where(first)).scalar_one()
    data = data[:32] + leaf_hash(body) + data[64:]
    rules.attack(sa.update(tables.tiles).where(first).values(hashes=data))

    with pytest.raises(IntegrityError, match="entry 1 is not"):
        last(rules)


@pytest.mark.parametrize(
    ("position", "body"), [(None, b"{}"), ("1", b"{}"), (1, None), (1, "text")]
)
def test_a_cell_of_another_type_is_no_entry(
    rules: World, position: object, body: object
) -> None:
    """SQLite keeps values of any type in any column."""
    with rules.ledger.reading() as reading:
        verify = _verifier(rules.ledger, reading)
        honest = rules.ledger.entry(reading, 1)
        assert verify(honest, KIND).facts == {"digest": "new", "profile": "solo"}
        cells: dict[str, Any] = {"position": position, "body": body}
        with pytest.raises(IntegrityError, match="is not what the signed tree has"):
            verify(replace(honest, **cells), KIND)


@pytest.mark.parametrize("position", [-1, 302, 303])
def test_an_entry_outside_the_checkpoint_is_not_believed(
    rules: World, position: int
) -> None:
    with rules.ledger.reading() as reading:
        verify = _verifier(rules.ledger, reading)
        last = rules.ledger.entry(reading, 301)
        assert verify(last, "project.created").entry == last
        with pytest.raises(IntegrityError, match=f"entry {position} is not what"):
            verify(replace(last, position=position), "project.created")
