"""Whatever is changed in the stored ledger is found, and the entry is named."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.database import tables
from strongroom.errors import IntegrityError
from strongroom.ledger import checks
from strongroom.ledger.events import Event
from strongroom.ledger.finding import Finding
from strongroom.ledger.frontier import Frontier
from strongroom.ledger.tiles import updated_tiles
from strongroom.ledger.tree import leaf_hash
from strongroom.ledger.tree_checks import check_tiles
from strongroom.types import AccountId
from tests.conftest import Databases
from tests.ledger.world import ANA, World, event, world_at

SIZE = 300  # a full tile, a tile above it, and a partial one
LONG = {"rules": ["a rule with a long name"] * 300, "action": "a", "resource": "b"}


def fill(world: World) -> World:
    world.notes(254)
    world.note("alpha")
    with world.ledger.transaction() as writing:
        writing.append(event("action.refused", LONG))
    world.notes(SIZE - 256)
    return world


@pytest.fixture
def filled(world: World) -> World:
    return fill(world)


@pytest.fixture(scope="module")
def standing(new_database: Databases) -> Iterator[World]:
    """Give one filled ledger whose attacks are all rolled back."""
    with world_at(new_database()) as world:
        yield fill(world)


def found(world: World) -> list[Finding]:
    with world.ledger.reading() as reading:
        return checks.check_all(world.ledger, reading)


def tail(world: World) -> None:
    with world.ledger.reading() as reading:
        checks.check_tail(world.ledger, reading)


def found_after(world: World, statement: sa.Executable) -> list[Finding]:
    """Return what is found after an attack that is undone again."""
    with world.database.engine.connect() as connection:
        transaction = connection.begin()
        assert connection.execute(statement).rowcount == 1
        with world.ledger.reading() as reading:
            reading.connection = connection
            findings = checks.check_all(world.ledger, reading)
        transaction.rollback()
    return findings


def flipped(cell: bytes | str, at: int, bit: int) -> bytes | str:
    """Return the cell with another byte at ``at``; of text, another letter."""
    if isinstance(cell, str):
        return cell[:at] + ("x" if cell[at] != "x" else "y") + cell[at + 1 :]
    return cell[:at] + bytes([cell[at] ^ 1 << bit]) + cell[at + 1 :]


def test_an_honest_ledger_has_no_findings(filled: World) -> None:
    assert found(filled) == []
    tail(filled)


def test_an_empty_ledger_has_no_findings(world: World) -> None:
    assert found(world) == []
    tail(world)


def test_private_fields_that_vanished_are_a_finding(filled: World) -> None:
    """They used to pass for erased; now an entry has to say that they were."""
    filled.attack("DELETE FROM private_facts")

    assert [finding.position for finding in found(filled)] == [254]


def test_altered_private_text_is_named_by_its_entry(filled: World) -> None:
    filled.attack("UPDATE private_facts SET payload = '{}'")

    (finding,) = found(filled)
    assert finding.problem == "the private fields of entry 254 were altered"


def test_private_text_of_no_entry_hides_nothing_after_it(filled: World) -> None:
    filled.attack(
        "INSERT INTO private_facts (entry_id, subject, salt, payload)"
        " SELECT 0, subject, salt, payload FROM private_facts",
        "UPDATE private_facts SET payload = '{}' WHERE entry_id <> 0",
    )

    assert [f.problem for f in found(filled)] == [
        "private fields of id 0 belong to no entry",
        "the private fields of entry 254 were altered",
    ]


def test_private_text_filed_under_somebody_else_is_a_finding(filled: World) -> None:
    """Nothing covered whom it is about: erasing them took others' text along."""
    filled.attack("UPDATE private_facts SET subject = 'account-of-a-leaver'")

    (finding,) = found(filled)
    assert finding.position == 254
    assert "filed under somebody" in finding.problem


CELLS = [
    (tables.entries, "body"),
    (tables.entries, "leaf"),
    (tables.entries, "kind"),
    (tables.entries, "at"),
    (tables.entries, "attached"),
    (tables.private_facts, "salt"),
    (tables.private_facts, "payload"),
    (tables.tiles, "hashes"),
    (tables.checkpoints, "frontier"),
    (tables.checkpoints, "note"),
]


@settings(max_examples=40)
@given(st.sampled_from(CELLS), st.data())
def test_every_altered_byte_is_found(
    standing: World, cell: tuple[sa.Table, str], data: st.DataObject
) -> None:
    table, name = cell
    column = table.c[name]
    key = list(table.primary_key.columns)
    plain = sa.type_coerce(column, sa.Text) if name == "at" else column
    with standing.database.reading() as connection:
        rows = connection.execute(
            sa.select(plain.label("cell"), *key)
            .where(column.is_not(None))
            .order_by(*key)
        ).all()
    row = data.draw(st.sampled_from(rows))
    at = data.draw(st.integers(0, len(row.cell) - 1))
    changed = flipped(row.cell, at, data.draw(st.integers(0, 7)))
    where = " AND ".join(f"{k.name} = {getattr(row, k.name)}" for k in key)
    statement = sa.text(f"UPDATE {table.name} SET {name} = :cell WHERE {where}")  # noqa: S608

    findings = found_after(standing, statement.bindparams(cell=changed))

    assert findings
    if table is tables.entries:
        assert {f.position for f in findings} == {row.id - 1}
        assert str(row.id - 1) in findings[0].problem


@pytest.mark.parametrize("position", [0, 7, 255, 256, SIZE - 1])
def test_a_removed_entry_is_named(filled: World, position: int) -> None:
    filled.attack(f"DELETE FROM entries WHERE position = {position}")  # noqa: S608

    assert Finding(position=position, problem=f"entry {position} is missing") in found(
        filled
    )
    with pytest.raises(IntegrityError, match=f"entry {position} is missing"):
        tail(filled)


def test_an_entry_put_at_the_end_is_named(filled: World) -> None:
    filled.attack(
        "INSERT INTO entries (id, position, at, kind, body, leaf, mac)"
        " SELECT 999, 300, at, kind, body, leaf, mac FROM entries WHERE position = 299"
    )

    assert found(filled)[0].position == 300
    with pytest.raises(IntegrityError, match="entry 300 is under no signed checkpoint"):
        tail(filled)


def test_a_tile_that_is_not_the_signed_tree_is_named(filled: World) -> None:
    with filled.database.reading() as connection:
        tile = tables.tiles.c
        last = (tile.level == 0) & (tile.number == 1)
        hashes = connection.execute(sa.select(tile.hashes).where(last)).scalar_one()
    filled.attack(
        sa.update(tables.tiles).where(last).values(hashes=bytes(32) + hashes[32:])
    )

    problems = [finding.problem for finding in found(filled)]
    assert problems[:2] == [
        "the stored tiles do not have the signed root",
        "entry 256 was altered",
    ]


def test_a_frontier_of_another_size_and_the_same_root_is_named(world: World) -> None:
    world.notes(4)
    with world.ledger.reading() as reading:
        checkpoint = world.ledger.checkpoint(reading)
    assert checkpoint is not None
    root = checkpoint.root
    world.note()
    longer = Frontier(size=8, hashes=(root,))
    assert longer.root() == root
    world.attack(
        sa.update(tables.checkpoints)
        .where(tables.checkpoints.c.size == 4)
        .values(frontier=longer.to_bytes())
    )

    assert [f.problem for f in found(world)] == ["checkpoint 4 has another frontier"]


@pytest.mark.parametrize("size", [1, 255, 256, 257, 512])
def test_the_tail_is_checked_whatever_the_size(world: World, size: int) -> None:
    """With exactly 256 entries the last tile was once taken to be empty."""
    world.notes(size)
    tail(world)
    world.attack(
        sa.update(tables.entries)
        .where(tables.entries.c.position == size - 1)
        .values(body=b"{}")
    )

    with pytest.raises(IntegrityError, match=f"entry {size - 1} was altered"):
        tail(world)


def test_the_tail_is_the_last_tile_and_no_more(filled: World) -> None:
    """A start does not read every entry; ``ledger verify`` does."""
    filled.attack("UPDATE entries SET kind = 'x' WHERE position IN (255, 256)")

    with pytest.raises(IntegrityError, match="entry 256 stands in a row"):
        tail(filled)
    assert [f.position for f in found(filled)] == [255, 256]


def test_two_swapped_entries_are_named(filled: World) -> None:
    filled.attack(
        "UPDATE entries SET position = -1 WHERE position = 5",
        "UPDATE entries SET position = 5 WHERE position = 6",
        "UPDATE entries SET position = 6 WHERE position = -1",
    )

    assert [f.position for f in found(filled)] == [5, 6]


def test_an_entry_rewritten_with_its_tile_is_found(filled: World) -> None:
    """Leaf, tile and body agree; only the tile above does not."""
    with filled.database.reading() as connection:
        tile = tables.tiles.c
        hashes = connection.execute(
            sa.select(tile.hashes).where(tile.level == 0, tile.number == 0)
        ).scalar_one()
        entry = connection.execute(
            sa.select(tables.entries).where(tables.entries.c.position == 3)
        ).one()
    body = entry.body.replace(b"project-3", b"project-4")
    leaf = leaf_hash(body)
    filled.attack(
        sa.update(tables.entries)
        .where(tables.entries.c.position == 3)
        .values(body=body, leaf=leaf),
        sa.update(tables.tiles)
        .where(tables.tiles.c.level == 0, tables.tiles.c.number == 0)
        .values(hashes=hashes[:96] + leaf + hashes[128:]),
    )

    assert found(filled)[0].problem == "tile 1/0 is not what its tree is"


def test_a_ledger_rewritten_whole_is_found(filled: World) -> None:
    """Every hash fits, only nobody signed that root."""
    leaves = [leaf_hash(b"%d" % n) for n in range(SIZE)]
    tiles = updated_tiles(lambda _, __: b"", 0, Frontier().completed(leaves))
    filled.attack(
        *(
            sa.update(tables.entries)
            .where(tables.entries.c.position == n)
            .values(body=b"%d" % n, leaf=leaf)
            for n, leaf in enumerate(leaves)
        ),
        *(
            sa.update(tables.tiles)
            .where(tables.tiles.c.level == t.level, tables.tiles.c.number == t.number)
            .values(hashes=t.data)
            for t in tiles
        ),
        sa.update(tables.checkpoints)
        .where(tables.checkpoints.c.size == SIZE)
        .values(frontier=Frontier().extend(leaves).to_bytes()),
    )

    with pytest.raises(IntegrityError, match="frontier is not the tree's"):
        tail(filled)
    assert len(found(filled)) >= 2


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM checkpoints WHERE size = 255",
        "UPDATE checkpoints SET previous_size = 3 WHERE size = 255",
        "DELETE FROM tiles WHERE level = 0 AND number = 0",
        "DELETE FROM tiles WHERE level = 1",
        "UPDATE tiles SET hashes = substr(hashes, 1, 64) WHERE number = 0",
        "DELETE FROM checkpoints WHERE size = 300",
        "DELETE FROM checkpoints",
        "UPDATE private_facts SET entry_id = 9999",
    ],
)
def test_what_is_missing_or_out_of_place_is_found(
    filled: World, statement: str
) -> None:
    filled.attack(statement)

    assert found(filled)


@pytest.mark.parametrize("value", ["1.5", "'text'", "7"])
@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: f"{cell[0].name}.{cell[1]}")
def test_a_cell_of_another_type_is_a_finding(
    sqlite_world: World, cell: tuple[sa.Table, str], value: str
) -> None:
    table, column = cell
    sqlite_world.note("alpha")
    sqlite_world.attack(f"UPDATE {table.name} SET {column} = {value}")  # noqa: S608

    assert found(sqlite_world)


@pytest.mark.parametrize(
    "body",
    ['{"facts":{}}', "{}", '{"facts":7}', '{"a":' * 20_000 + "1" + "}" * 20_000],
    ids=["no entries", "no facts", "facts of another type", "too deep"],
)
def test_an_entry_that_only_claims_to_be_an_erasure_is_a_finding(
    sqlite_world: World, body: str
) -> None:
    """The command ended as a bug of ours, and showed none of its findings."""
    sqlite_world.note("alpha")
    sqlite_world.attack(
        sa.update(tables.entries).values(kind="person.erased", body=body.encode())
    )

    assert found(sqlite_world)


def test_private_text_may_be_filed_under_the_account_it_is_about(
    world: World,
) -> None:
    """Of what an administrator writes about somebody, erasing takes it for them."""
    facts = {"account": "account-zoe", "state": "suspended"}
    about = Event(
        kind="account.changed",
        actor=ANA,
        facts=facts,
        private={"reason": "moved"},
        subject=AccountId("account-zoe"),
    )
    with world.ledger.transaction() as writing:
        writing.append(about)

    assert found(world) == []


def test_every_tile_that_is_gone_is_named(filled: World) -> None:
    """One that is missing hides nothing behind it."""
    filled.attack("DELETE FROM tiles")

    with filled.ledger.reading() as reading:
        gone = check_tiles(filled.ledger, reading, size=SIZE)
        problems = {finding.problem for finding in gone}
    assert len(problems) >= 2
