"""A room whose rows are not what its ledger recorded does not open."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from strongroom.canonical import Json
from strongroom.client.client import Strongroom
from strongroom.database import tables
from strongroom.errors import IntegrityError
from strongroom.ledger.confirmed import RENEWED_AFTER
from strongroom.ledger.events import Event
from tests.attacks.both_databases.administrator import Administrator
from tests.journeys import rooms
from tests.journeys.rooms import Clock, House


def written_down(room: Strongroom) -> int:
    with room.room.ledger.database.reading() as connection:
        return int(connection.execute(sa.select(tables.confirmed.c.size)).scalar_one())


def kinds(room: Strongroom) -> list[str]:
    with room.room.ledger.reading() as reading:
        every = room.room.ledger.entries(reading, 0)
        return [json.loads(entry.body)["kind"] for entry in every]


@pytest.fixture
def again(house: House) -> Iterator[Strongroom]:
    """Give the same room, opened a second time."""
    with rooms.again(house.folder, house.clock) as room:
        yield room


def test_a_new_room_is_confirmed_and_opens(house: House, again: Strongroom) -> None:
    assert 0 < written_down(again) <= written_down(house.room)


def test_it_is_confirmed_anew_after_many_entries(house: House) -> None:
    before = written_down(house.room)
    with house.room.room.ledger.transaction() as writing:
        for number in range(RENEWED_AFTER):
            facts = {"project": f"project-{number}"}
            writing.append(Event(kind="project.created", actor=None, facts=facts))

    with rooms.again(house.folder, house.clock) as room:
        assert written_down(room) >= before + RENEWED_AFTER


def test_a_row_put_back_with_its_naming_keeps_the_room_shut(
    house: House, model: Path
) -> None:
    """ATT&CK T1565.001: no use of it would be refused."""
    house.publish(model)
    house.refresh()
    admin = Administrator.of(house)
    permit = house.permit("ana", "biases")
    active = admin.copy(tables.permits)
    house.by("ines").revoke(permit.id)
    admin.put(active)

    for _ in range(2):
        with pytest.raises(IntegrityError, match=f"permits {permit.id} was restored"):
            rooms.again(house.folder, house.clock)

    assert kinds(house.room).count("reconcile.failed") == 1


def test_many_rows_are_counted_and_some_are_named(house: House) -> None:
    Administrator.of(house).execute(sa.delete(tables.sessions))

    with pytest.raises(IntegrityError, match=r"and 4 more$") as caught:
        rooms.again(house.folder, house.clock)

    assert str(caught.value).count("was deleted") == 5


def test_what_cannot_be_undone_is_recorded_and_the_room_opens(
    house: House, model: Path
) -> None:
    """ATT&CK T1565.001: a holding was hidden while more was asked for."""
    house.publish(model)
    house.refresh()
    admin = Administrator.of(house)
    house.by("ana").open(house.permit("ana", "biases").id).close()
    hidden = admin.hide(tables.holdings)
    house.by("ben").request("llm", segments=["biases"], purpose="a test")
    admin.put(hidden)

    with rooms.again(house.folder, house.clock) as room:
        assert kinds(room).count("reconcile.failed") == 1
    with rooms.again(house.folder, house.clock) as room:
        assert kinds(room).count("reconcile.failed") == 1


def test_any_older_copy_of_a_lost_anchor_will_do(
    solo_room: Strongroom, quick: Path, clock: Clock
) -> None:
    """The hint once named a reset that there is not: a copy or papers it is."""
    anchor = quick / "room" / "custodians" / "home.anchor"
    older = anchor.read_bytes()
    facts: dict[str, Json] = {"digest": "0" * 64, "profile": "solo"}
    with solo_room.room.ledger.transaction() as writing:
        writing.append(Event(kind="policy.loaded", actor=None, facts=facts))
    solo_room.room.anchors.advance_all([solo_room.room.domains["home"].custodian])
    assert anchor.read_bytes() != older
    solo_room.close()
    anchor.unlink()
    with pytest.raises(IntegrityError, match="is gone") as refused:
        rooms.again(quick / "room", clock)
    assert "an older one will do" in refused.value.hint
    assert "strongroom recovery restore" in refused.value.hint

    anchor.write_bytes(older)
    anchor.chmod(0o600)
    with rooms.again(quick / "room", clock) as room:
        assert room.records.verify().findings == ()
