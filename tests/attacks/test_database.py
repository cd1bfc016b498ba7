"""The administrator of the database: plain SQL, every table, no key of the room."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from strongroom.cli.demo import database
from strongroom.cli.demo.copies import administering, copy_database
from strongroom.cli.demo.house import House
from strongroom.cli.demo.steps import Refusal
from strongroom.cli.demo.story import Story
from strongroom.cli.demo.tampering import (
    Tampering,
    Target,
    attack,
    open_held,
    open_revoked,
    replay,
)
from strongroom.errors import IntegrityError

ATTACKS = {tampering.step: tampering for tampering in database.ATTACKS}


@pytest.mark.parametrize("step", ATTACKS)
def test_what_was_changed_in_the_database_is_refused(story: Story, step: str) -> None:
    """ATT&CK T1565.001 (stored data), T1070 (entries), T1556.006 (second factor)."""
    found = attack(story.house, story.target, ATTACKS[step])

    assert found.ok, found.why


@pytest.mark.parametrize("step", ATTACKS)
def test_without_the_attack_nothing_counts_as_refused(story: Story, step: str) -> None:
    """The control: each of the tests above can fail."""
    found = attack(story.house, story.target, ATTACKS[step], attacked=False)

    assert not found.ok


def _run(statement: str) -> Tampering:
    """Return an attack with one statement, found by the replay at the latest."""

    def tamper(folder: Path, _: Target) -> None:
        with administering(folder) as database:
            assert database.execute(statement).rowcount > 0

    return Tampering(
        step="statement",
        tamper=tamper,
        use=replay,
        expected=Refusal(error=IntegrityError),
    )


GUARDED = (
    "accounts",
    "approvals",
    "artifacts",
    "holdings",
    "lineages",
    "members",
    "permits",
    "model_references",
    "projects",
    "releases",
    "requests",
    "second_factors",
    "sessions",
    "teams",
    "versions",
)


@pytest.mark.parametrize("table", GUARDED)
def test_a_deleted_row_of_any_guarded_table_is_found(story: Story, table: str) -> None:
    """ATT&CK T1485, T1565.001: the newest row of each table disappears."""
    statement = f"DELETE FROM {table} WHERE rowid = (SELECT max(rowid) FROM {table})"  # noqa: S608

    found = attack(story.house, story.target, _run(statement))

    assert found.ok, found.why


@pytest.mark.parametrize("table", ["entry_rows", "tiles", "checkpoints", "entries"])
def test_a_deleted_part_of_the_ledger_is_found(story: Story, table: str) -> None:
    """ATT&CK T1070: removing what shows the removal shows as well."""
    statement = f"DELETE FROM {table} WHERE rowid = (SELECT max(rowid) FROM {table})"  # noqa: S608

    found = attack(story.house, story.target, _run(statement))

    assert found.ok, found.why


def _without_factor(house: House, _: Target) -> None:
    """Log in as sam with nothing but his password."""
    sam = house.people["sam"]
    house.room.login(sam.name, sam.password, None)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM second_factors WHERE account = ({})",
        "UPDATE second_factors SET account = 'nobody' WHERE account = ({})",
        "UPDATE second_factors SET state = 'replaced' WHERE account = ({})",
    ],
)
def test_a_second_factor_that_is_gone_does_not_make_a_login_easier(
    story: Story, statement: str
) -> None:
    """ATT&CK T1556.006: once, the password alone then opened a session."""
    ours = statement.format("SELECT id FROM accounts WHERE name = 'sam'")

    def tamper(folder: Path, _: Target) -> None:
        with administering(folder) as database:
            assert database.execute(ours).rowcount == 1

    tampering = Tampering(
        step="second-factor",
        tamper=tamper,
        use=_without_factor,
        expected=Refusal(error=IntegrityError, says="second_factors"),
    )

    found = attack(story.house, story.target, tampering)

    assert found.ok, found.why


@pytest.mark.parametrize("column", ["root", "account", "footprint"])
def test_a_holding_that_is_moved_away_is_still_counted(
    story: Story, column: str
) -> None:
    """ATT&CK T1565.001: once, a row outside the filter was a row forgotten."""

    def tamper(folder: Path, _: Target) -> None:
        with administering(folder) as connection:
            connection.execute(f"UPDATE holdings SET {column} = 'elsewhere'")  # noqa: S608

    tampering = Tampering(
        step="holding",
        tamper=tamper,
        use=open_held,
        expected=Refusal(error=IntegrityError, says="holdings"),
    )

    found = attack(story.house, story.target, tampering)

    assert found.ok, found.why


def test_a_revocation_and_its_trace_removed_open_in_a_room_that_is_running(
    story: Story, house: House
) -> None:
    """ATT&CK T1070: the window that SECURITY.md states, no wider and no narrower."""
    database.delete_revocation_and_its_index(house.folder, story.target)

    with (
        pytest.raises(IntegrityError, match=r"permits .* was restored"),
        house.opened_at(house.folder),
    ):
        pass
    open_revoked(house, story.target)  # by whoever had the room open before

    with pytest.raises(IntegrityError, match=r"permits .* was restored"):
        replay(house, story.target)


def test_what_a_check_found_is_an_entry(story: Story, house: House) -> None:
    """ATT&CK T1070: once for each result, whoever asks and how often."""
    database.delete_revocation_and_its_index(house.folder, story.target)

    for _ in range(2):
        assert house.acting_as("lena").records.verify().findings

    entries = [json.loads(e.body) for e in house.acting_as("lena").records.tail(9)]
    (found,) = [e["facts"] for e in entries if e["kind"] == "reconcile.failed"]
    assert found["count"] == len(found["rows"]) > 0
    assert any("permits" in row for row in found["rows"])


def test_the_file_from_before_a_revocation_cannot_be_put_back(
    story: Story, house: House, tmp_path: Path
) -> None:
    """ATT&CK T1565.001: once, nothing was anchored until keys left again."""
    before = tmp_path / "before.db"
    copy_database(house.folder / "room.db", before)
    house.acting_as("ada").revoke(story.target.held)
    target = Target(
        pending=story.target.pending,
        held=story.target.held,
        revoked=story.target.revoked,
        yesterday=before,
        segments=story.target.segments,
        old_segments=story.target.old_segments,
    )

    found = attack(house, target, ATTACKS["yesterdays-file"])

    assert found.ok, found.why
