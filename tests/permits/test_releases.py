"""What left stays written down, once."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from strongroom.access.scales import Scale
from strongroom.database import tables
from strongroom.errors import (
    ConflictError,
    DeniedError,
    IntegrityError,
)
from strongroom.permits.releases import (
    RELEASES,
    ReleaseRow,
    earlier,
    entry_naming,
    released_on,
)
from tests.journeys.rooms import House
from tests.permits.openings import (
    BLOCK,
    BYTES,
    OTHER,
    Reader,
    held_bytes,
    newest,
    permit_in,
    size,
)


def test_a_repeated_opening_returns_the_same_keys_and_charges_nothing(
    sealed: House,
) -> None:
    reader = Reader.of(sealed, "ana", sealed.permit("ana", BLOCK))
    first, before = reader.keys(), size(sealed)

    assert reader.keys() == first
    assert size(sealed) == before
    assert held_bytes(sealed, "ana") == 32768


def test_opening_again_with_a_new_nonce_charges_nothing_more(sealed: House) -> None:
    row = sealed.permit("ana", BLOCK)
    first = Reader.of(sealed, "ana", row).keys()

    assert Reader.of(sealed, "ana", row).keys() == first
    assert newest(sealed)["charged"] == 0
    assert held_bytes(sealed, "ana") == 32768


def test_a_nonce_of_another_opening_is_refused(sealed: House) -> None:
    reader = Reader.of(sealed, "ana", sealed.permit("ana", BLOCK, OTHER))
    reader.release()

    with pytest.raises(ConflictError, match="nonce"):
        reader.asking(segments=(BLOCK,)).release()


def test_bytes_are_counted_against_the_permit(sealed: House) -> None:
    row = sealed.permit("ana", BLOCK, OTHER, at_most_bytes=32768)
    assert Reader.of(sealed, "ana", row, segments=(BLOCK,)).keys()

    with pytest.raises(DeniedError, match="used up"):
        Reader.of(sealed, "ana", row, segments=(OTHER,)).release()
    assert Reader.of(sealed, "ana", row, segments=(BLOCK,)).keys()


def change(house: House, statement: sa.Executable, *rows: dict[str, object]) -> None:
    """Change the database behind the room's back."""
    with house.room.room.ledger.database.engine.begin() as connection:
        if rows:
            connection.execute(statement, list(rows))
        else:
            connection.execute(statement)


def test_a_wrap_that_is_gone_releases_nothing(sealed: House) -> None:
    row = sealed.permit("ana", BLOCK)
    change(sealed, sa.delete(tables.wraps))

    with pytest.raises(IntegrityError, match="missing"):
        Reader.of(sealed, "ana", row).release()
    assert held_bytes(sealed, "ana") == 0


def test_a_release_that_is_noted_for_another_entry_is_not_answered(
    sealed: House,
) -> None:
    """The answer named whichever entry the database's administrator noted for it."""
    reader = Reader.of(sealed, "ana", sealed.permit("ana", BLOCK))
    reader.release()
    notes = tables.entry_rows
    first = sa.select(sa.func.min(tables.entries.c.id)).scalar_subquery()
    mine = notes.c.table_name == tables.releases.name
    change(sealed, sa.update(notes).where(mine).values(entry_id=first))

    with pytest.raises(IntegrityError, match="does not record it"):
        reader.release()


def test_a_deleted_release_does_not_win_bytes_back(sealed: House) -> None:
    """Holdings stay; the missing row itself is named by ``ledger verify``."""
    row = sealed.permit("ana", BLOCK)
    Reader.of(sealed, "ana", row).release()
    change(sealed, sa.delete(RELEASES.table))

    assert held_bytes(sealed, "ana") == 32768
    findings = sealed.by("ines").records.verify().findings
    assert any("releases" in text and "deleted" in text for text in findings)


def test_a_permit_whose_release_was_deleted_releases_nothing_more(
    sealed: House,
) -> None:
    """The meter of the permit would begin anew, and only the replay noticed."""
    row = sealed.permit("ana", BLOCK, OTHER, at_most_bytes=BYTES)
    Reader.of(sealed, "ana", row, segments=(BLOCK,)).release()
    change(sealed, sa.delete(RELEASES.table))

    with pytest.raises(IntegrityError, match="was deleted"):
        Reader.of(sealed, "ana", row, segments=(OTHER,)).release()


def test_a_wrap_of_another_generation_is_passed_over(sealed: House) -> None:
    """While a version is re-keyed, and after a kill, both are there."""
    row, wraps = sealed.permit("ana", BLOCK, OTHER), tables.wraps
    with sealed.room.room.ledger.reading() as reading:
        found = [
            dict(w) for w in reading.connection.execute(sa.select(wraps)).mappings()
        ]
    strays = [{**w, "generation": g, "wrapped": b"x"} for w in found for g in (0, 2)]
    change(sealed, sa.insert(wraps), *strays)

    assert len(Reader.of(sealed, "ana", row).keys()) == 2


def test_the_entry_and_the_row_of_a_release_say_all_of_this(sealed: House) -> None:
    permit = sealed.permit("ana", BLOCK, OTHER)
    reader = Reader.of(sealed, "ana", permit)
    opened = reader.check(reader.release())
    with sealed.room.room.ledger.reading() as reading:
        (row,) = RELEASES.find(reading)
        signed = permit_in(sealed, permit)
        entry = entry_naming(reading, row)
        assert released_on(reading, signed).bytes_in(Scale()) == 2 * BYTES
        with pytest.raises(IntegrityError, match="no entry records this release"):
            entry_naming(reading, replace(row, id="permit-x/00"))
    assert entry.leaf.hex() == opened.release.entry
    assert newest(sealed) == {
        "kind": "key.released",
        "permit": permit.id,
        "artifact": row.artifact,
        "version": 1,
        "generation": 1,
        "segments": [*row.segments],
        "bytes": 2 * BYTES,
        "roots": [*permit.roots],
        "reader": reader.opening.digest,
        "charged": 2 * BYTES,
        "exposure": 2 * BYTES,
        "worst_pair": 2 * BYTES,
    }
    assert row == ReleaseRow(
        id=f"{permit.id}/{reader.opening.nonce.hex()}",
        revision=1,
        permit=permit.id,
        account=permit.account,
        reader_digest=reader.opening.digest,
        artifact=opened.manifest.artifact,
        version=1,
        generation=1,
        segments=opened.release.segments,
        footprints=tuple(sorted(signed.footprints)),
        plain_bytes=2 * BYTES,
        at=row.at,
    )


def test_a_repeated_opening_is_of_the_generation_that_it_was_of(sealed: House) -> None:
    reader = Reader.of(sealed, "ana", sealed.permit("ana", BLOCK))
    with sealed.room.room.ledger.reading() as reading:
        assert earlier(reading, reader.opening, 1) is None
    reader.release()
    with sealed.room.room.ledger.reading() as reading:
        found = earlier(reading, reader.opening, 1)
        assert found is not None
        assert found.reader_digest == reader.opening.digest
        with pytest.raises(ConflictError, match="was re-keyed since this opening"):
            earlier(reading, reader.opening, 2)
        with pytest.raises(ConflictError, match="this nonce was used for another"):
            earlier(reading, reader.asking(segments=(OTHER,)).opening, 1)
