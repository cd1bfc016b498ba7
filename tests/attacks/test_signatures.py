"""Whoever has database and ``room.toml``, and could forge one of two signatures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from strongroom.client.client import Strongroom
from strongroom.database import tables
from strongroom.errors import IntegrityError
from strongroom.settings import FILE_NAME, load_settings
from tests.app.test_signatures import newest, switched
from tests.journeys.rooms import Clock, again


@pytest.mark.parametrize("since", [None, 1, 10**6])
def test_a_second_signature_cut_off_is_missed_whatever_room_toml_says(
    solo_room: Strongroom, quick: Path, clock: Clock, since: int | None
) -> None:
    """The switch in the ledger counts, and not only the file beside it."""
    folder = quick / "room"
    with switched(solo_room, folder, clock) as room:
        whole = newest(room)
        first, *second = whole.rpartition("\n— ")
        with room.room.ledger.database.writing() as connection:
            connection.execute(
                sa.update(tables.checkpoints)
                .where(tables.checkpoints.c.note == whole)
                .values(note=first + "\n")
            )
    assert len(second[-1]) > 4000
    settings = replace(load_settings(folder), second_since=since)
    (folder / FILE_NAME).write_text(settings.to_toml(), encoding="utf-8")

    with pytest.raises(IntegrityError, match="second signature"):
        again(folder, clock)
