"""A sealed version is published as it was agreed to, once, or given up."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from strongroom.database import tables
from strongroom.errors import ConflictError, DeniedError, IntegrityError
from strongroom.vault.vault import Sealed
from strongroom.vault.versions import VERSIONS, VersionState, find_version
from tests.journeys.rooms import House


def test_what_is_declined_is_given_up_and_its_name_is_free(
    house: House, model: Path
) -> None:
    sealed = house.by("olga").seal(model, name="llm")
    assert sealed.request is not None

    house.by("ines").decline(sealed.request.id)

    with house.room.room.ledger.reading() as reading:
        (version,) = VERSIONS.find(reading)
    assert version.state is VersionState.ABANDONED
    assert house.publish(model, name="llm").version.number == 2


def test_publishing_twice_is_refused(house: House, model: Path) -> None:
    sealed = house.by("olga").seal(model, name="llm")
    assert sealed.request is not None
    house.by("ines").approve(sealed.request.id)
    with pytest.raises((ConflictError, DeniedError)):
        house.by("tom").approve(sealed.request.id)


def test_of_two_first_versions_sealed_at_once_one_is_published(
    house: House, model: Path
) -> None:
    """Both began while nothing was published; a lineage has one beginning."""
    beside: list[Sealed] = []
    once = threading.Lock()

    def meanwhile(_: int) -> None:
        if once.acquire(blocking=False):  # several threads tell of progress
            beside.append(house.by("olga").seal(model, name="llm"))

    sealed = house.by("olga").seal(model, name="llm", progress=meanwhile)
    first, second = (x.request for x in (*beside, sealed))
    assert first is not None
    assert second is not None
    house.by("ines").approve(first.id)

    with pytest.raises(ConflictError, match="has a first version already"):
        house.by("ines").approve(second.id)
    assert house.by("ines").decline(second.id).state == "declined"
    with house.room.room.ledger.reading() as reading:
        assert find_version(reading, "llm")[1].number == beside[0].version.number


# --- an attacker -----------------------------------------------------------------


def test_a_manifest_swapped_before_the_approval_is_not_published(
    house: House, model: Path
) -> None:
    sealed = house.by("olga").seal(model, name="llm")
    assert sealed.request is not None
    _execute(house, sa.update(tables.versions).values(manifest_digest="00" * 32))
    with pytest.raises(IntegrityError):
        house.by("ines").approve(sealed.request.id)


def _execute(house: House, statement: sa.Executable) -> None:
    with house.room.room.ledger.database.engine.begin() as connection:
        connection.execute(statement)
