"""What everybody holds: caps, reservations, and who held it all before."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from strongroom.access.scales import Scale
from strongroom.database import tables
from strongroom.errors import DeniedError, IntegrityError
from strongroom.permits.holdings import (
    Exposure,
    _worst,
    exposure_after,
    permits_in_force,
)
from tests.journeys.rooms import House, write_small_model
from tests.permits.openings import BLOCK, BYTES, OTHER, Reader, draft, held_bytes


def test_piece_by_piece_ends_at_the_personal_cap(sealed: House) -> None:
    """A quarter of 445 KB is three blocks of 32 KB, released or only reserved."""
    sealed.permit("ana", BLOCK)
    Reader.of(sealed, "ana", sealed.permit("ana", OTHER)).keys()
    sealed.permit("ana", "blocks.2.1")
    with pytest.raises(DeniedError) as caught:
        sealed.permit("ana", "blocks.3.1")
    assert caught.value.reasons == ("person-cap",)


def test_two_together_end_at_the_pair_cap(sealed: House) -> None:
    sealed.permit("ana", BLOCK, OTHER, "blocks.2.1", "biases")
    sealed.permit("ben", "blocks.3.1", "blocks.4.1")
    with pytest.raises(DeniedError) as caught:
        sealed.permit("ben", "blocks.5.1")
    assert caught.value.reasons == ("pair-cap",)


def test_what_a_colleague_holds_already_costs_the_pair_nothing(sealed: House) -> None:
    sealed.permit("ana", BLOCK, OTHER, "blocks.2.1")
    row = sealed.permit("ben", BLOCK, OTHER, "blocks.2.1")
    assert Reader.of(sealed, "ben", row).keys()


def test_reserved_bytes_return_when_a_permit_ends_and_released_ones_never(
    sealed: House,
) -> None:
    released = sealed.permit("ana", BLOCK, duration=timedelta(minutes=5))
    Reader.of(sealed, "ana", released).keys()
    sealed.permit("ana", OTHER, duration=timedelta(minutes=5))
    revoked = sealed.permit("ana", "blocks.2.1")
    sealed.by("ana").revoke(revoked.id)
    sealed.clock.advance(minutes=6)

    cost = sealed.room.room.requests.preview(sealed.actors["ana"], draft("blocks.3.1"))

    assert cost.before == BYTES
    assert held_bytes(sealed, "ana") == BYTES


def test_other_caps_hold_once_they_are_agreed(sealed: House) -> None:
    request = sealed.room.room.catalogue.change_caps(
        sealed.actors["root"], "llm", person=10, pair=20
    )
    sealed.permit("ana", BLOCK)
    sealed.by("ines").approve(request.id)

    with pytest.raises(DeniedError) as caught:
        sealed.permit("ana", OTHER)
    assert caught.value.reasons == ("person-cap",)


def test_who_began_a_lineage_is_outside_the_caps_and_shown(
    house: House, model: Path
) -> None:
    house.publish(model, by="ana")
    house.permit("ben", BLOCK, OTHER, "blocks.2.1")

    names = [f"blocks.{i}.1" for i in range(8)]
    cost = house.room.room.requests.preview(house.actors["ana"], draft(*names))
    assert cost.sealer
    assert Reader.of(house, "ana", house.permit("ana", *names)).keys()
    # and her holding does not use up anybody else's pair
    assert house.permit("cy", BLOCK, OTHER)


def test_sealing_anything_as_a_fine_tune_lifts_no_cap(
    sealed: House, quick: Path
) -> None:
    """A sealer of any descendant once counted as an origin holder of the root."""
    trifle = write_small_model(quick / "trifle", blocks=9)
    (trifle / "model.safetensors").rename(trifle / "anything.safetensors")
    sealed.publish(trifle, "trifle", by="ana", parent="llm")

    cost = sealed.room.room.requests.preview(sealed.actors["ana"], draft(BLOCK))
    assert not cost.sealer
    with pytest.raises(DeniedError) as caught:
        sealed.permit("ana", *[f"blocks.{i}.1" for i in range(4)])
    assert caught.value.reasons == ("person-cap",)
    # nor does she vanish from the pairs of others
    sealed.permit("ana", BLOCK, OTHER, "blocks.2.1", "biases")
    with pytest.raises(DeniedError) as caught:
        sealed.permit("ben", "blocks.3.1", "blocks.4.1", "blocks.5.1")
    assert caught.value.reasons == ("pair-cap",)


def test_a_fine_tune_under_another_name_counts_under_the_same_root(
    sealed: House, quick: Path
) -> None:
    Reader.of(sealed, "ana", sealed.permit("ana", BLOCK)).keys()
    sealed.publish(write_small_model(quick / "tuned", seed=3), "tuned", parent="llm")

    matching = draft(BLOCK, target="tuned")
    cost = sealed.room.room.requests.preview(sealed.actors["ana"], matching)
    assert (cost.before, cost.after) == (BYTES, BYTES)

    more = draft(OTHER, target="tuned")
    cost = sealed.room.room.requests.preview(sealed.actors["ana"], more)
    assert cost.after == 2 * BYTES


def test_extents_that_do_not_match_add_up(sealed: House, quick: Path) -> None:
    """The same tensors in a file of another folder are other bytes."""
    Reader.of(sealed, "ana", sealed.permit("ana", BLOCK)).keys()
    folder = write_small_model(quick / "moved", seed=3)
    (folder / "inner").mkdir()
    (folder / "model.safetensors").rename(folder / "inner" / "model.safetensors")
    sealed.publish(folder, "moved", parent="llm")

    cost = sealed.room.room.requests.preview(
        sealed.actors["ana"], draft(BLOCK, target="moved")
    )
    assert (cost.before, cost.after) == (BYTES, 2 * BYTES)


def test_a_shard_of_another_name_in_the_same_folder_costs_nothing(
    sealed: House, quick: Path
) -> None:
    """Every version of a model may be cut into other shards."""
    Reader.of(sealed, "ana", sealed.permit("ana", BLOCK)).keys()
    folder = write_small_model(quick / "moved", seed=3)
    (folder / "model.safetensors").rename(folder / "model-1-of-1.safetensors")
    sealed.publish(folder, "moved", parent="llm")

    cost = sealed.room.room.requests.preview(
        sealed.actors["ana"], draft(BLOCK, target="moved")
    )
    assert (cost.before, cost.after) == (BYTES, BYTES)


def test_what_somebody_holds_of_their_own_lineage_is_not_counted_under_another(
    sealed: House, quick: Path
) -> None:
    own = sealed.publish(write_small_model(quick / "own", seed=2), "own", by="ana")
    sealed.permit("ana", BLOCK, OTHER, target="own")
    other = sealed.permit("ana", OTHER).roots
    room, account = sealed.room.room, sealed.actors["ana"].account

    with room.ledger.reading() as reading:
        found = exposure_after(
            reading,
            account,
            (*own.artifact.roots, *other),
            taken={},
            scale=Scale(),
            sealed_by=sealed.actors["olga"].account,
            now=reading.now,
            key=room.public_keys.permit,
        )
    assert (found.sealer, found.before, found.after) == (False, BYTES, BYTES)


def test_what_belongs_to_no_lineage_is_refused(sealed: House) -> None:
    room, account = sealed.room.room, sealed.actors["ana"].account
    with room.ledger.reading() as reading, pytest.raises(IntegrityError):
        exposure_after(
            reading,
            account,
            (),
            taken={},
            scale=Scale(),
            sealed_by=account,
            now=reading.now,
            key=room.public_keys.permit,
        )


def test_who_deletes_what_somebody_holds_frees_no_cap(sealed: House) -> None:
    """ATT&CK T1070: the bytes of a holding, gone behind the room's back."""
    Reader.of(sealed, "ana", sealed.permit("ana", BLOCK, OTHER)).keys()
    with sealed.room.room.ledger.database.engine.begin() as connection:
        connection.execute(sa.delete(tables.footprints))

    with pytest.raises(IntegrityError, match="extents of a segment are missing"):
        sealed.room.room.requests.preview(sealed.actors["ana"], draft("blocks.2.1"))


def exposed(*, after: int, pair: int, sealer: bool, whole: bool = False) -> Exposure:
    return Exposure(
        before=0, after=after, pair_after=pair, partner=None, whole=whole, sealer=sealer
    )


def test_the_root_that_the_account_did_not_seal_decides_by_its_worst_pair() -> None:
    mine = exposed(after=90, pair=99, sealer=True, whole=True)
    small = exposed(after=10, pair=30, sealer=False)
    large = exposed(after=20, pair=25, sealer=False)

    assert _worst([mine, small, large]) == replace(small, after=20, whole=True)
    assert _worst([large, small]) == replace(small, after=20)
    assert _worst([mine]) == mine
    assert _worst([small, replace(small, after=11)]).after == 11
    with pytest.raises(IntegrityError, match="a version has no lineage"):
        _worst([])


def test_a_permit_reserves_until_the_moment_it_ends(sealed: House) -> None:
    row, room = sealed.permit("ana", BLOCK), sealed.room.room
    (root,) = row.roots
    with room.ledger.reading() as reading:
        for early, found in ((timedelta(microseconds=1), [row.id]), (timedelta(0), [])):
            now = row.expires_at - early
            rows = permits_in_force(reading, root, now=now)
            assert [one.id for one in rows] == found
