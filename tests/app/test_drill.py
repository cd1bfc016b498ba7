"""A drill proves what papers and a copy are worth, and leaves only an entry."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from strongroom.app.adapters import database_url
from strongroom.app.drill import drill
from strongroom.client.client import Strongroom
from strongroom.crypto.paper import Paper
from strongroom.crypto.recovery import RecoveryKey
from strongroom.database import tables
from strongroom.errors import (
    DeniedError,
    InputError,
    IntegrityError,
    SetupError,
)
from strongroom.types import Role
from tests.journeys.rooms import Clock, House, write_small_model
from tests.vault.recovering import hand_out, propose
from tests.vault.test_recovery import facts


@pytest.fixture
def papers(solo_room: Strongroom, model: Path, quick: Path) -> tuple[Paper, ...]:
    """Give the papers of one person's room with two models."""
    key = RecoveryKey.generate(os.urandom)
    made = hand_out(solo_room, key)
    propose(solo_room, key)
    solo_room.seal(model, name="llm")
    solo_room.seal(write_small_model(quick / "more", blocks=2, seed=2), name="other")
    solo_room.room.upkeep.recovery_wrapping.run(solo_room.actor)
    return made


def left_behind() -> set[str]:
    """Return the folders of drills that are still there."""
    return {
        path.name for path in Path(tempfile.gettempdir()).glob("strongroom-drill-*")
    }


def test_a_drill_opens_a_segment_of_each_model_and_records_it(
    solo_room: Strongroom, papers: tuple[Paper, ...], clock: Clock
) -> None:
    before = left_behind()
    found = drill(solo_room.room, solo_room.actor, papers[1:], now=clock)

    assert len(found.segments) == 2
    assert found.lost == 0
    (entry,) = facts(solo_room, "recovery.drilled")
    assert entry["passed"] is True
    assert entry["segments"] == list(found.segments)
    assert (entry["sets"], entry["papers"], entry["models"]) == ([77], [2], 2)
    assert entry["bytes"] == found.length > 0
    assert left_behind() <= before
    last = solo_room.room.upkeep.recovery.last_drill(solo_room.actor)
    assert last is not None
    assert (last.passed, last.at) == (True, clock.now)


def test_nothing_of_a_drill_is_in_the_room(
    solo_room: Strongroom, papers: tuple[Paper, ...], clock: Clock
) -> None:
    drill(solo_room.room, solo_room.actor, papers[1:], now=clock)

    with solo_room.room.ledger.reading() as reading:
        entries = list(solo_room.room.ledger.entries(reading, 0))
    found = {json.loads(entry.body)["kind"] for entry in entries}
    assert "recovery.drilled" in found
    assert not {"recovery.begun", "recovery.moved", "recovery.restored"} & found
    assert solo_room.open("llm", purpose="a test").tensors()


def test_a_drill_that_fails_is_recorded_too(
    solo_room: Strongroom,
    papers: tuple[Paper, ...],
    quick: Path,
    clock: Clock,
) -> None:
    for path in (quick / "room" / "stores").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-1] + b"!")

    with pytest.raises(IntegrityError):
        drill(solo_room.room, solo_room.actor, papers[:2], now=clock)

    (entry,) = facts(solo_room, "recovery.drilled")
    assert entry["passed"] is False
    last = solo_room.room.upkeep.recovery.last_drill(solo_room.actor)
    assert last is not None
    assert not last.passed


def test_a_drill_that_cannot_be_recorded_did_not_pass(
    solo_room: Strongroom, papers: tuple[Paper, ...], clock: Clock
) -> None:
    """It was reported as passed, and no entry said so."""
    started = clock.now

    def set_back(_: int) -> None:
        clock.now = started - timedelta(hours=1)

    with pytest.raises(SetupError, match="behind the newest entry"):
        drill(
            solo_room.room,
            solo_room.actor,
            papers[:2],
            progress=set_back,
            now=lambda: started,
        )

    clock.now = started
    assert facts(solo_room, "recovery.drilled") == []


def test_a_drill_on_a_backup_says_how_old_it_is(
    solo_room: Strongroom,
    papers: tuple[Paper, ...],
    model: Path,
    quick: Path,
    clock: Clock,
) -> None:
    shutil.copytree(quick / "room", quick / "backup")
    before = solo_room.room.anchors.newest().size
    solo_room.seal(model, name="later")

    found = drill(
        solo_room.room, solo_room.actor, papers, copy=quick / "backup", now=clock
    )
    assert found.size == before
    assert len(found.segments) == 2


def test_what_the_copy_does_not_have_wrapped_is_counted(
    solo_room: Strongroom, model: Path, clock: Clock
) -> None:
    solo_room.seal(model, name="llm")
    key = RecoveryKey.generate(os.urandom)
    papers = hand_out(solo_room, key)
    propose(solo_room, key)
    with pytest.raises(InputError, match="room's own keys"):
        drill(solo_room.room, solo_room.actor, papers, now=clock)


def test_a_segment_that_would_be_lost_is_counted_and_others_are_opened(
    solo_room: Strongroom, papers: tuple[Paper, ...], clock: Clock
) -> None:
    columns = tables.wraps.c
    with solo_room.room.ledger.database.engine.begin() as connection:
        (some,) = connection.execute(
            sa.select(columns.artifact).distinct().limit(1)
        ).scalars()
        connection.execute(
            sa.delete(tables.wraps).where(
                columns.artifact == some, columns.root_key_id.startswith("recovery-")
            )
        )

    found = drill(solo_room.room, solo_room.actor, papers, now=clock)
    assert len(found.segments) == 1
    assert found.lost > 1


def test_too_few_papers_start_nothing(
    solo_room: Strongroom, papers: tuple[Paper, ...], clock: Clock
) -> None:
    with pytest.raises(InputError, match="1 of 2"):
        drill(solo_room.room, solo_room.actor, papers[:1], now=clock)
    assert facts(solo_room, "recovery.drilled") == []


def test_only_key_holders_drill(house: House) -> None:
    papers = hand_out(house.by("root"), RecoveryKey.generate(os.urandom))

    with pytest.raises(DeniedError):
        drill(house.room.room, house.actors["ana"], papers, now=house.clock)


def test_a_drill_never_works_on_the_rooms_own_database(
    house: House, model: Path, kind: str
) -> None:
    """By another spelling of its URL too: its own root keys would lose their wraps."""
    house.publish(model)
    house.admit("kim", "keys", Role.KEY_HOLDER)
    kim = house.by("kim")
    key = RecoveryKey.generate(os.urandom)
    papers = hand_out(kim, key)
    house.by("ines").approve(propose(kim, key).id)
    kim.room.upkeep.recovery_wrapping.run(kim.actor)
    own = database_url(kim.room.settings)
    other = own + ("&" if kind == "postgresql" else "?")
    other += "application_name=drill" if kind == "postgresql" else "timeout=5"

    for url in (own, other):
        with pytest.raises(InputError, match="room's own database"):
            drill(kim.room, kim.actor, papers, database=url, now=house.clock)
    house.permit("ana", "blocks.0.1")
    assert house.by("ana").open("llm", segments=("blocks.0.1",)).tensors()


def test_that_papers_were_put_together_is_an_entry_before_anything_else(
    solo_room: Strongroom, papers: tuple[Paper, ...], clock: Clock
) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drill(
            solo_room.room, solo_room.actor, papers[:2], progress=interrupt, now=clock
        )

    (tried,) = facts(solo_room, "recovery.tried")
    (drilled,) = facts(solo_room, "recovery.drilled")
    assert (tried["sets"], tried["papers"], drilled["passed"]) == ([77], [2], False)
