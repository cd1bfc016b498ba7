"""Keys out of what custodians hold: bound to their place, entry first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from strongroom.crypto.signing import Signed
from strongroom.crypto.wraps import segment_context
from strongroom.database import tables
from strongroom.errors import (
    IntegrityError,
    UnavailableError,
)
from strongroom.ledger.anchors import Anchors
from strongroom.permits.answer import MAX_ANSWER_BYTES, parse_answer
from strongroom.permits.shares import Recorded
from strongroom.types import Secret
from tests.journeys.rooms import House, again
from tests.ledger.world import World, world_at
from tests.permits.documents import OPENING
from tests.permits.openings import (
    BLOCK,
    OTHER,
    Reader,
    held_bytes,
    newest,
    permit_in,
    size,
)


@pytest.fixture
def world(migrated_url: str) -> Iterator[World]:
    with world_at(migrated_url) as world:
        yield world


def test_the_entry_comes_first_when_a_custodian_is_locked(sealed: House) -> None:
    """Nothing leaves, the release is charged, and the same opening gets it later."""
    reader = Reader.of(sealed, "ana", sealed.permit("ana", BLOCK))
    sealed.room.close()
    unlocked = sealed.room
    sealed.room = again(sealed.folder, sealed.clock, domains=("architecture",))
    with sealed.room:
        with pytest.raises(UnavailableError, match="weights is locked"):
            reader.release()
        assert newest(sealed)["kind"] == "key.released"
        assert held_bytes(sealed, "ana") == 32768

    sealed.room = unlocked
    before = size(sealed)
    assert len(reader.keys()) == 1
    assert size(sealed) == before


def test_wraps_swapped_between_segments_are_refused(sealed: House) -> None:
    row = sealed.permit("ana", BLOCK, OTHER)
    first, second = permit_in(sealed, row).segment_ids
    wraps = tables.wraps
    with sealed.room.room.ledger.database.engine.begin() as connection:
        rows = connection.execute(sa.select(wraps.c.segment, wraps.c.wrapped)).all()
        found = {row.segment: row.wrapped for row in rows}
        for segment, other in ((first, second), (second, first)):
            connection.execute(
                sa.update(wraps)
                .where(wraps.c.segment == segment)
                .values(wrapped=found[other])
            )

    with pytest.raises(IntegrityError):
        Reader.of(sealed, "ana", row).release()


def test_another_share_wrapped_for_the_right_place_is_refused_by_the_desk(
    sealed: House,
) -> None:
    """By whoever has the custodian's passphrase; readers would notice only later."""
    row = sealed.permit("ana", BLOCK)
    (segment,) = permit_in(sealed, row).segment_ids
    room, wraps = sealed.room.room, tables.wraps
    custodian = room.domains["weights"].custodian
    with room.ledger.database.engine.begin() as connection:
        found = connection.execute(
            sa.select(wraps).where(wraps.c.segment == segment)
        ).one()
        context = segment_context(
            room=room.settings.room,
            artifact=found.artifact,
            version=found.version,
            generation=found.generation,
            segment=found.segment,
            share=found.share,
            root_key_id=found.root_key_id,
        )
        other = custodian.wrap(Secret(bytes(range(32))), context)
        connection.execute(
            sa.update(wraps).where(wraps.c.segment == segment).values(wrapped=other)
        )

    with pytest.raises(IntegrityError, match="not the one that sealed"):
        Reader.of(sealed, "ana", row).release()


def test_of_two_custodians_each_gives_its_part(house: House, model: Path) -> None:
    house.publish(model, custodians=2)
    reader = Reader.of(house, "ana", house.permit("ana", BLOCK))

    answer = parse_answer(
        Signed.from_bytes(reader.release(), 2 * MAX_ANSWER_BYTES).verify(
            "answer", house.room.room.public_keys.answer
        )
    )

    assert [part.share for part in answer.parts] == [0, 1]
    assert answer.sealed_keys == b""
    assert len(reader.keys()) == 1


def test_what_shows_an_entry_is_made_once_for_each_checkpoint(world: World) -> None:
    world.notes(3)
    with world.ledger.reading() as reading:
        entry = list(world.ledger.entries(reading, 0))[1]
    first = Anchors(world.ledger).newest()
    release = Recorded(entry=entry, covering=first, opening=OPENING, info=bytes(32))
    shown = release.evidence(world.ledger, first)
    world.notes(2)
    later = release.evidence(world.ledger, Anchors(world.ledger).newest())

    assert (shown.position, shown.entry) == (1, entry.body)
    assert shown.opening == OPENING.to_bytes()
    assert release.evidence(world.ledger, first) is shown
    assert later.siblings != shown.siblings
