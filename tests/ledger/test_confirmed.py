"""A check since the last time finds what a check of everything finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
import sqlalchemy as sa

from strongroom.access.projects import MEMBERS, Member, Membership
from strongroom.access.teams import TEAMS, Team
from strongroom.database import tables
from strongroom.errors import IntegrityError, UnavailableError
from strongroom.ledger import confirmed
from strongroom.ledger.confirmed import RENEWED_AFTER, Checked, check_rows
from strongroom.ledger.frontier import Frontier
from strongroom.ledger.present import digest_of_rows, present_rows
from strongroom.ledger.sequencer import newest_frontier
from strongroom.types import AccountId, ProjectId, TeamId
from tests.database.rows import sample
from tests.ledger.world import World, event, world_at


def add(world: World, name: str) -> None:
    with world.ledger.transaction() as writing:
        TEAMS.insert(writing, Team(id=TeamId(name), name=name))
        writing.append(event())


def rename(world: World, name: str) -> None:
    with world.ledger.transaction() as writing:
        team = TEAMS.get(writing, name, lock=True)
        TEAMS.replace(writing, team, name=f"{team.name}.")
        writing.append(event())


def check(world: World) -> Checked:
    with world.ledger.reading() as reading:
        return check_rows(world.ledger, reading)


def confirm(world: World) -> Checked:
    """Check everything and write down that it was right."""
    world.attack(sa.delete(tables.confirmed))
    checked = check(world)
    assert checked.confirmed is not None
    confirmed.save(world.ledger, checked.confirmed)
    return checked


def written_down(world: World) -> int:
    with world.database.reading() as connection:
        return int(connection.execute(sa.select(tables.confirmed.c.size)).scalar_one())


@pytest.fixture
def known(world: World) -> World:
    """Give a ledger whose first rows are confirmed, and changed since."""
    for name in "abc":
        add(world, name)
    rename(world, "b")
    confirm(world)
    rename(world, "b")
    rename(world, "c")
    add(world, "d")
    return world


def test_what_is_right_is_right(known: World) -> None:
    assert check(known).findings == ()
    assert written_down(known) == 4


def test_it_is_written_down_after_many_entries(known: World) -> None:
    assert check(known).confirmed is None
    known.notes(RENEWED_AFTER)

    renewed = check(known).confirmed

    assert renewed is not None
    assert renewed.frontier.size == 7 + RENEWED_AFTER
    confirmed.save(known.ledger, renewed)
    assert written_down(known) == 7 + RENEWED_AFTER
    assert check(known).confirmed is None
    assert check(known).findings == ()


def test_a_program_that_ran_long_leaves_no_more_than_is_read_at_once(
    known: World,
) -> None:
    """All entries since were once held in memory: 0.6 GB after a million."""
    known.notes(2500)
    rename(known, "a")

    renewed = check(known).confirmed

    assert renewed is not None
    assert renewed.frontier.size == 7 + 2500 + 1
    known.attack(
        "UPDATE entries SET body = (SELECT body FROM entries WHERE position = 3)"
        " WHERE position = 2000"
    )
    with pytest.raises(IntegrityError, match="not those of the newest checkpoint"):
        check(known)


def test_an_empty_ledger_has_no_rows(world: World) -> None:
    checked = check(world)

    assert checked.findings == ()
    assert checked.confirmed is not None
    assert checked.confirmed.frontier == Frontier()
    confirmed.save(world.ledger, checked.confirmed)
    assert check(world) == checked


Attack: TypeAlias = "Callable[[World], None]"


def _restored(name: str) -> Attack:
    """Put the first row of a team back, and its naming."""

    def act(world: World) -> None:
        team = Team(id=TeamId(name), name=name)
        mac = world.ledger.guards.mac(
            "teams", {"id": team.id, "revision": 1, "name": team.name}
        )
        world.attack(
            sa.update(tables.teams)
            .where(tables.teams.c.id == name)
            .values(revision=1, name=name, mac=mac),
            sa.delete(tables.entry_rows).where(
                tables.entry_rows.c.row_id == name, tables.entry_rows.c.revision > 1
            ),
        )

    return act


def _deleted(name: str) -> Attack:
    def act(world: World) -> None:
        world.attack(
            sa.delete(tables.teams).where(tables.teams.c.id == name),
            sa.delete(tables.entry_rows).where(tables.entry_rows.c.row_id == name),
        )

    return act


def _forged(world: World) -> None:
    row = sample(tables.teams, "e")
    world.attack(
        sa.insert(tables.teams).values(**row, mac=world.ledger.guards.mac("teams", row))
    )


@pytest.mark.parametrize(
    ("attack", "problem"),
    [
        (_restored("b"), "restored"),
        (_restored("c"), "restored"),
        (_deleted("a"), "deleted"),
        (_deleted("b"), "deleted"),
        (_deleted("d"), "deleted"),
        (_forged, "forged"),
    ],
    ids=[
        "put back past the last check",
        "put back since",
        "deleted, unchanged since",
        "deleted, changed since",
        "deleted, made since",
        "made with the room's own key",
    ],
)
def test_a_row_that_differs_is_named_with_its_naming_edited_too(
    known: World, attack: Attack, problem: str
) -> None:
    """The attacker edits the index beside the row, so no use of it is refused."""
    attack(known)

    checked = check(known)

    assert {finding.problem for finding in checked.differing} >= {problem}
    assert checked.confirmed is None


def test_two_rows_exchanged_are_named(known: World) -> None:
    """Each is authentic under its own id only, and the digest has both."""
    known.attack(
        "UPDATE teams SET id = 'x' WHERE id = 'a'",
        "UPDATE teams SET id = 'a' WHERE id = 'd'",
        "UPDATE teams SET id = 'd' WHERE id = 'x'",
    )

    assert check(known).differing


def test_a_name_that_holds_other_rows_is_not_taken_for_them(known: World) -> None:
    """One row whose id spells two rows would have the same digest."""
    with known.database.reading() as connection:
        first, second = connection.execute(
            sa.select(tables.teams).where(tables.teams.c.id.in_(["a", "d"]))
        )
    spelled = f"a\0{first.revision}\0{first.mac.hex()}\nteams\0d"
    if not known.database.is_sqlite:  # which takes no NUL in text
        spelled = spelled.replace("\0", "\n")
    known.attack(
        "DELETE FROM teams WHERE id = 'a'",
        sa.update(tables.teams).where(tables.teams.c.id == "d").values(id=spelled),
    )

    assert second.id == "d"
    assert check(known).differing


def test_a_decision_that_saw_other_rows_is_named_and_no_row_differs(
    known: World,
) -> None:
    """It is past: whoever hid the member brought everything back."""
    with known.ledger.transaction() as writing:
        MEMBERS.insert(
            writing,
            Member(
                id="project-a/ana",
                project=ProjectId("project-a"),
                account=AccountId("ana"),
                state=Membership.MEMBER,
            ),
        )
        writing.append(event())
    members, named = (rows(known, t) for t in (tables.members, tables.entry_rows))
    known.attack(sa.delete(tables.members), sa.delete(tables.entry_rows))
    with known.ledger.transaction() as writing:
        assert MEMBERS.find_all(writing, prefix="project-a/") == []
        writing.append(event())
    known.attack(
        sa.insert(tables.members).values(members),
        sa.insert(tables.entry_rows).values(named),
    )

    checked = check(known)

    assert [finding.problem for finding in checked.past] == ["unseen"]
    assert checked.differing == ()


def rows(world: World, table: sa.Table) -> list[dict[str, Any]]:
    with world.database.reading() as connection:
        return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM confirmed",
        "UPDATE confirmed SET mac = (SELECT leaf FROM entries WHERE id = 1)",
        "UPDATE confirmed SET rows = (SELECT leaf FROM entries WHERE id = 1)",
        "UPDATE confirmed SET size = 99",
    ],
)
def test_what_is_written_down_and_bent_only_makes_the_check_longer(
    known: World, statement: str
) -> None:
    known.attack(statement)
    assert check(known).findings == ()
    _restored("b")(known)

    assert check(known).differing


def test_one_that_the_room_did_not_write_hides_nothing(known: World) -> None:
    """Of the rows as they are after the attack, but without the room's key."""
    _restored("b")(known)
    with known.ledger.reading() as reading:
        rows = digest_of_rows(present_rows(reading))
        frontier = newest_frontier(reading.connection)
    known.attack(
        sa.update(tables.confirmed).values(
            size=frontier.size, frontier=frontier.to_bytes(), rows=rows
        )
    )

    assert check(known).differing


def test_an_older_one_put_back_hides_nothing(known: World) -> None:
    with known.database.reading() as connection:
        older = connection.execute(sa.select(tables.confirmed)).one()._asdict()
    confirm(known)
    known.attack(sa.delete(tables.confirmed), sa.insert(tables.confirmed).values(older))
    assert check(known).findings == ()

    _restored("b")(known)

    assert check(known).differing


def test_an_entry_that_was_bent_since_is_refused(known: World) -> None:
    """What the row was put back to would be what the entries say."""
    known.attack(
        "UPDATE entries SET body = (SELECT body FROM entries WHERE position = 6),"
        " attached = NULL WHERE position = 5"
    )

    with pytest.raises(IntegrityError, match="not those of the newest checkpoint"):
        check(known)


def test_an_entry_that_waits_for_its_index_counts(world: World) -> None:
    """Beside a busy server some rows changed with entries that have no index yet."""
    add(world, "a")
    confirm(world)
    rename(world, "a")
    world.attack(
        "UPDATE entries SET position = NULL WHERE position = 1",
        "DELETE FROM checkpoints WHERE size = 2",
    )

    checked = check(world)

    assert checked.findings == ()
    assert checked.confirmed is None


@pytest.mark.parametrize("cell", ["1.5", "'x'", "x'00'"])
@pytest.mark.parametrize("column", ["revision", "mac", "id"])
def test_a_cell_of_another_type_is_a_difference(
    sqlite_world: World, column: str, cell: str
) -> None:
    add(sqlite_world, "a")
    confirm(sqlite_world)
    sqlite_world.attack(f"UPDATE teams SET {column} = {cell}")  # noqa: S608

    assert check(sqlite_world).differing


def test_a_locked_room_confirms_nothing(migrated_url: str) -> None:
    with world_at(migrated_url) as world:
        add(world, "a")
        confirm(world)
    with (
        world_at(migrated_url, keys=None) as locked,
        pytest.raises(UnavailableError, match="locked"),
    ):
        check(locked)
