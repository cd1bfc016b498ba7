"""Whoever wants published what was recalled."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from strongroom.cli.demo.copies import administering
from strongroom.errors import (
    ConflictError,
    IntegrityError,
)
from strongroom.intake.intakes import IntakeState
from strongroom.vault.lineages import LINEAGES
from strongroom.vault.versions import REFERENCES, VERSIONS, VersionState
from tests.attacks.intakes import (
    accept,
    kind,
    published,
    recall,
    shown,
    version_of,
)
from tests.intake.advising import bundle, reaudit
from tests.intake.rooms import add
from tests.journeys.fixtures import clock, foreign, house, quick
from tests.journeys.rooms import House, write_foreign

__all__ = ["clock", "foreign", "house", "kind", "quick"]


def test_a_request_from_before_a_recall_publishes_nothing(
    house: House, foreign: Path
) -> None:
    """Once, a recall passed by what waited: the word from before it was enough."""
    added = add(house, foreign)
    old = accept(house, added)

    assert [v.id for v in recall(house, added)] == [version_of(house, added).id]

    with pytest.raises(ConflictError, match="recalled since"):
        house.by("ines").approve(old.id)
    new = accept(house, added)
    with pytest.raises(ConflictError, match="recalled since"):
        house.by("ines").approve(old.id)
    assert version_of(house, added).state is VersionState.PENDING
    house.by("ines").approve(new.id)
    assert version_of(house, added).state is VersionState.PUBLISHED
    with house.room.room.ledger.reading() as reading:  # as for any first version
        artifact = version_of(house, added).artifact
        assert LINEAGES.get(reading, artifact).first_version == 1
        assert REFERENCES.find(reading, REFERENCES.columns.artifact == artifact)


def test_a_request_from_between_two_recalls_for_the_same_publishes_nothing(
    house: House, foreign: Path
) -> None:
    """All that it froze is as it was; only the revision of the row is another."""
    added = published(house, foreign)
    recall(house, added)
    old = accept(house, added)
    recall(house, added, "A-2")
    house.by("ines").approve(accept(house, added).id)
    recall(house, added)
    accept(house, added)
    assert shown(house, added).review == ("recalled: A-1",)

    with pytest.raises(ConflictError, match="recalled since"):
        house.by("ines").approve(old.id)


@pytest.mark.parametrize("again", [False, True])
def test_declining_an_old_request_gives_nothing_up_that_was_asked_for_since(
    house: House, foreign: Path, again: bool
) -> None:
    added = add(house, foreign)
    old = accept(house, added)
    recall(house, added)
    new = accept(house, added) if again else None

    house.by("ines").decline(old.id)

    assert shown(house, added).state is IntakeState.WAITING
    new = new or accept(house, added)
    house.by("ines").approve(new.id)
    assert version_of(house, added).state is VersionState.PUBLISHED


def test_ones_own_files_recalled_while_they_wait_are_given_up_with_the_request(
    house: House, foreign: Path
) -> None:
    """They have no intake by which somebody could accept them: the name is free."""
    sealed = house.by("olga").seal(foreign, name="llm")
    assert sealed.request is not None
    room = house.room.room
    with room.ledger.transaction() as writing:
        room.outside.admission.recall(
            writing, [sealed.artifact.id], advisory="A-1", reason=""
        )
    with pytest.raises(ConflictError, match="recalled since"):
        house.by("ines").approve(sealed.request.id)

    house.by("ines").decline(sealed.request.id)

    assert house.by("olga").seal(foreign, name="llm").version.number == 2


def test_what_is_being_sealed_when_its_parent_is_recalled_is_given_up(
    house: House, foreign: Path, quick: Path
) -> None:
    """It once was published afterwards, and no later judging took it back."""
    added = published(house, foreign)
    data = iter([bundle(house, intakes=[added.intake.digest])])

    def meanwhile(_: int) -> None:
        for once in data:
            reaudit(house, once)

    tuned, room = write_foreign(quick / "tuned", seed=2), house.by("olga")
    with pytest.raises(ConflictError, match="was given up"):
        room.seal(tuned, name="tuned", parent="llm@1", progress=meanwhile)

    with house.room.room.ledger.reading() as reading:
        states = {version.id: version.state for version in VERSIONS.find(reading)}
    assert VersionState.PUBLISHED not in states.values()


def test_what_waits_when_an_advisory_comes_says_so_to_who_looks_at_it(
    house: House, foreign: Path
) -> None:
    added = add(house, foreign)

    assert recall(house, added) == []

    assert shown(house, added).review == ("source/unknown", "advisory: A-1")
    assert accept(house, added).approvals > 0


def test_a_recalled_first_version_that_is_refused_leaves_its_lineage(
    house: House, foreign: Path, quick: Path
) -> None:
    """What everybody holds of it counts on; the name does not begin anew."""
    added = published(house, foreign)
    recall(house, added)
    house.by("olga").intakes.refuse(added.intake.id)

    next_ = add(house, write_foreign(quick / "next", seed=3))

    assert version_of(house, added).state is VersionState.ABANDONED
    assert version_of(house, next_).parent == version_of(house, added).id
    with house.room.room.ledger.reading() as reading:
        lineage = LINEAGES.get(reading, version_of(house, added).artifact)
    assert lineage.first_version == 1


def test_the_row_from_before_a_recall_cannot_be_put_back(
    house: House, foreign: Path
) -> None:
    """ATT&CK T1565.001: neither the version's row nor the intake's."""
    added = published(house, foreign)
    permit = house.permit("ana", "architecture")
    tables = ("versions", "intakes")
    with administering(house.folder) as database:
        before = {t: database.execute(f"SELECT * FROM {t}").fetchall() for t in tables}  # noqa: S608
    recall(house, added)
    with administering(house.folder) as database:
        for table, rows in before.items():
            put_back(database, table, rows)

    with pytest.raises(IntegrityError):
        house.by("ana").open(permit.id)
    with pytest.raises(IntegrityError):
        shown(house, added)


def put_back(database: sqlite3.Connection, table: str, rows: list[sqlite3.Row]) -> None:
    marks = ", ".join("?" * len(rows[0]))
    database.execute("PRAGMA foreign_keys = OFF")
    for row in rows:
        database.execute(f"REPLACE INTO {table} VALUES ({marks})", tuple(row))  # noqa: S608
