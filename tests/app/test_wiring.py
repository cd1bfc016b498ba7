"""A room is opened only as what it was."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from strongroom.app import open_strongroom
from strongroom.canonical import Json
from strongroom.database import tables
from strongroom.errors import (
    IntegrityError,
    SetupError,
    StrongroomError,
    UnavailableError,
)
from strongroom.intake.additions import Addition
from strongroom.settings import load_settings
from strongroom.settings.intake import IntakeSettings
from tests import postgresql
from tests.app.one_person import create
from tests.conftest import require
from tests.journeys import rooms
from tests.journeys.fixtures import clock, model, quick
from tests.journeys.rooms import PASSPHRASE, Clock, again
from tests.ledger.world import event

__all__ = ["clock", "model", "quick"]


def test_a_room_is_opened_by_its_passphrase(quick: Path, clock: Clock) -> None:
    create(quick / "room")
    with again(quick / "room", clock) as room:
        assert room.bound
        assert not room.records.verify().findings


@pytest.mark.parametrize(
    ("intake", "days"),
    [(IntakeSettings(), 30), (IntakeSettings(original_days=90), 90)],
)
def test_an_original_is_held_as_long_as_the_room_says(
    quick: Path, clock: Clock, intake: IntakeSettings, days: int
) -> None:
    create(quick / "room")
    settings = replace(load_settings(quick / "room"), intake=intake)
    (quick / "room" / "room.toml").write_text(settings.to_toml())
    addition = Addition(path=rooms.write_foreign(quick / "foreign"), project="default")

    with again(quick / "room", clock) as room:
        assert room.actor is not None
        with room.room.outside.quarantine.receiving(room.actor, addition) as private:
            held = private.intake

    assert held.expires_at - held.added_at == timedelta(days=days)


def test_no_passphrase_for_the_home_custodian_is_refused(quick: Path) -> None:
    create(quick / "room")
    with pytest.raises(SetupError, match="passphrase is needed"):
        open_strongroom(quick / "room", passphrases={"other": PASSPHRASE})


def test_there_is_no_room_in_an_empty_folder(quick: Path) -> None:
    with pytest.raises(StrongroomError):
        open_strongroom(quick, passphrases={"*": PASSPHRASE})


def test_keys_of_another_room_are_refused(quick: Path) -> None:
    create(quick / "first")
    create(quick / "second")
    settings = (quick / "first" / "room.toml").read_text()
    second = (quick / "second" / "room.toml").read_text()
    pins = [line for line in second.splitlines() if line.startswith("answer")]
    bent = "\n".join(
        pins[0] if line.startswith("answer") else line for line in settings.splitlines()
    )
    (quick / "first" / "room.toml").write_text(bent + "\n")
    with pytest.raises(SetupError, match="pins other keys"):
        again(quick / "first")


def test_a_database_of_another_room_is_refused(quick: Path) -> None:
    create(quick / "first")
    create(quick / "second")
    shutil.copy(quick / "second" / "room.db", quick / "first" / "room.db")
    with pytest.raises(StrongroomError):
        again(quick / "first")


def test_a_room_without_its_keys_is_refused(quick: Path) -> None:
    create(quick / "room")
    engine = sa.create_engine(f"sqlite+pysqlite:///{quick / 'room' / 'room.db'}")
    with engine.begin() as connection:
        connection.execute(sa.delete(tables.room_keys))
    engine.dispose()
    with pytest.raises(SetupError, match="not in its database"):
        again(quick / "room")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("policy.loaded", b'{"facts":{"digest":"forged"}}'),
        ("witnesses.changed", b"{"),
    ],
)
def test_an_older_entry_that_decides_at_the_start_is_checked(
    quick: Path, clock: Clock, kind: str, body: bytes
) -> None:
    """Bodies before the last tile were believed: a bug of ours, or no new entry."""
    create(quick / "room")
    with again(quick / "room", clock) as room, room.room.ledger.transaction() as log:
        facts: dict[str, Json] = {
            "digest": "",
            "witnesses": 0,
            "needed": 0,
            "releases_wait": False,
        }
        log.append(event("witnesses.changed", facts))
        for number in range(300):
            log.append(event(facts={"project": f"project-{number}"}))
    engine = sa.create_engine(f"sqlite+pysqlite:///{quick / 'room' / 'room.db'}")
    with engine.begin() as connection:
        columns = tables.entries.c
        done = connection.execute(
            sa.update(tables.entries).where(columns.kind == kind).values(body=body)
        )
    engine.dispose()
    assert done.rowcount == 1

    with pytest.raises(IntegrityError, match="is not what the signed tree has there"):
        again(quick / "room", clock)


def test_rules_that_cannot_be_read_leave_no_database_open(quick: Path) -> None:
    """Whoever tried to open the room again and again ran out of descriptors."""
    create(quick / "room")
    (quick / "room" / "policy").mkdir()
    settings = quick / "room" / "room.toml"
    text = settings.read_text()
    before = sorted(os.listdir("/proc/self/fd"))
    settings.write_text('policy = "policy"\n' + text)

    for _ in range(2):
        with pytest.raises(SetupError):
            again(quick / "room")

    assert sorted(os.listdir("/proc/self/fd")) == before


def test_a_database_that_goes_away_loses_nothing(
    quick: Path, clock: Clock, model: Path
) -> None:
    """Refused with a hint while it is gone, and as before once it is back."""
    programs = postgresql.programs()
    require("postgresql", present=programs is not None)
    assert programs is not None
    with postgresql.running(programs, within=postgresql.quick_folder()) as server:
        url = server.create_database()
        with rooms.solo(quick / "room", url, clock) as room:
            room.seal(model, name="before")
            server.kill()
            for attempt in (
                lambda: room.request("before", purpose="x"),
                lambda: room.open("before", purpose="x"),
                lambda: room.seal(model, name="meanwhile"),
                room.records.tail,
            ):
                with pytest.raises(UnavailableError):
                    attempt()
            server.start()

            with room.open("before", purpose="x") as opened:
                assert opened.check() > 0
            assert room.seal(model, name="after").version.number == 1
            assert not room.records.verify().findings
