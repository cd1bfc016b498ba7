"""Asking for segments: what it costs, who may, and what a lineage covers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from strongroom.errors import DeniedError, InputError, MissingError
from strongroom.permits.requests import Wish
from strongroom.types import Role
from tests.journeys.rooms import House, write_small_model
from tests.permits.openings import Reader, held_bytes, permit_in, size

BLOCK, OTHER = "blocks.0.1", "blocks.1.1"
BYTES = 32768


@pytest.fixture
def sealed(house: House, model: Path) -> House:
    """Give a house with one published, restricted model."""
    house.publish(model)
    return house


def wish(*segments: str, target: str = "llm", **more: object) -> Wish:
    values: dict[str, object] = {"purpose": "a test", **more}
    return Wish(target=target, segments=segments, **values)  # type: ignore[arg-type]


def test_a_request_shows_its_cost_before_it_is_sent(sealed: House) -> None:
    before = size(sealed)
    cost = sealed.room.room.requests.preview(sealed.actors["ana"], wish(BLOCK, OTHER))

    assert (cost.before, cost.after) == (0, 2 * BYTES)
    assert (cost.whole, cost.sealer) == (False, False)
    assert size(sealed) == before


def test_a_permit_says_what_was_agreed(sealed: House) -> None:
    row = sealed.permit("ana", BLOCK, duration=timedelta(hours=2))
    permit = permit_in(sealed, row)

    assert permit.account == permit.counts_as == sealed.actors["ana"].account
    assert permit.segments == (BLOCK,)
    assert permit.at_most_bytes == BYTES
    assert permit.expires_at == sealed.clock.now + timedelta(hours=2)
    assert permit.purpose_stated


def test_nothing_is_issued_before_both_teams_agreed(sealed: House) -> None:
    asked = sealed.by("ana").request("llm", segments=[BLOCK], purpose="a test")
    assert asked.permit is None

    sealed.by("ines").approve(asked.request.id)
    with pytest.raises(MissingError, match="0 permits"):
        sealed.permit_of(asked.request.id)
    sealed.by("tom").approve(asked.request.id)
    assert sealed.permit_of(asked.request.id)


def test_a_bound_object_names_who_must_agree(sealed: House) -> None:
    with pytest.raises(DeniedError, match="waits for 2 approvals") as caught:
        sealed.by("ana").open("llm", segments=[BLOCK], purpose="a test")
    assert "strongroom approve request-" in caught.value.hint


def test_a_missing_purpose_is_refused(sealed: House) -> None:
    with pytest.raises(DeniedError) as caught:
        sealed.by("ana").request("llm", segments=[BLOCK], purpose="  ")
    assert caught.value.reasons == ("purpose-stated",)


@pytest.mark.parametrize(
    "duration", [timedelta(0), timedelta(seconds=-1), timedelta(days=8)]
)
def test_a_duration_outside_the_terms_is_refused(
    sealed: House, duration: timedelta
) -> None:
    with pytest.raises(InputError, match="lasts up to 7 days"):
        sealed.by("ana").request(
            "llm", segments=[BLOCK], purpose="x", duration=duration
        )


def test_less_than_a_byte_is_refused(sealed: House) -> None:
    with pytest.raises(InputError, match="less than one byte"):
        sealed.by("ana").request("llm", segments=[BLOCK], purpose="x", at_most_bytes=0)


def test_an_unknown_segment_says_which_exist_to_who_may_know(sealed: House) -> None:
    with pytest.raises(MissingError) as caught:
        sealed.by("ana").request("llm", segments=["blocks.99"], purpose="x")
    assert BLOCK in caught.value.hint


def test_an_unknown_segment_says_nothing_to_others(sealed: House) -> None:
    """Names of segments once went to people outside the project."""
    sealed.admit("eve", "delta", Role.RESEARCHER)
    requests = sealed.room.room.requests
    for ask in (requests.preview, requests.ask):
        with pytest.raises(DeniedError) as caught:
            ask(sealed.actors["eve"], wish("blocks.99"))
        assert BLOCK not in caught.value.hint


@pytest.mark.parametrize("target", ["none", "llm@9", "llm@prod"])
def test_what_does_not_exist_is_missing(sealed: House, target: str) -> None:
    with pytest.raises(MissingError):
        sealed.by("ana").request(target, segments=[BLOCK], purpose="x")


@pytest.mark.parametrize("target", ["", "@", "llm@", "llm@v", "llm@1@2", "@1"])
def test_what_names_no_version_is_refused(sealed: House, target: str) -> None:
    with pytest.raises((InputError, MissingError)):
        sealed.by("ana").request(target, segments=[BLOCK], purpose="x")


# --- caps ----------------------------------------------------------------------


def test_the_whole_of_a_restricted_model_is_refused(sealed: House) -> None:
    with pytest.raises(DeniedError) as caught:
        sealed.by("ana").request("llm", purpose="all of it")
    assert "no-whole-model-to-a-person" in caught.value.reasons


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

    cost = sealed.room.room.requests.preview(sealed.actors["ana"], wish("blocks.3.1"))

    assert cost.before == BYTES
    assert held_bytes(sealed, "ana") == BYTES


def test_overlapping_permits_do_not_end_each_other(sealed: House) -> None:
    first = sealed.permit("ana", BLOCK, OTHER)
    second = sealed.permit("ana", OTHER)
    sealed.by("ana").revoke(second.id)

    assert len(Reader.of(sealed, "ana", first).keys()) == 2
    with pytest.raises(DeniedError):
        Reader.of(sealed, "ana", second).keys()


def test_other_caps_hold_once_they_are_agreed(sealed: House) -> None:
    request = sealed.room.room.catalogue.change_caps(
        sealed.actors["root"], "llm", person=10, pair=20
    )
    sealed.permit("ana", BLOCK)
    sealed.by("ines").approve(request.id)

    with pytest.raises(DeniedError) as caught:
        sealed.permit("ana", OTHER)
    assert caught.value.reasons == ("person-cap",)


# --- sealers -------------------------------------------------------------------


def test_who_began_a_lineage_is_outside_the_caps_and_shown(
    house: House, model: Path
) -> None:
    house.publish(model, by="ana")
    house.permit("ben", BLOCK, OTHER, "blocks.2.1")

    names = [f"blocks.{i}.1" for i in range(8)]
    cost = house.room.room.requests.preview(house.actors["ana"], wish(*names))
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

    cost = sealed.room.room.requests.preview(sealed.actors["ana"], wish(BLOCK))
    assert not cost.sealer
    with pytest.raises(DeniedError) as caught:
        sealed.permit("ana", *[f"blocks.{i}.1" for i in range(4)])
    assert caught.value.reasons == ("person-cap",)
    # nor does she vanish from the pairs of others
    sealed.permit("ana", BLOCK, OTHER, "blocks.2.1", "biases")
    with pytest.raises(DeniedError) as caught:
        sealed.permit("ben", "blocks.3.1", "blocks.4.1", "blocks.5.1")
    assert caught.value.reasons == ("pair-cap",)


# --- lineages ------------------------------------------------------------------


def test_a_new_checkpoint_needs_no_new_request_and_costs_nothing(
    sealed: House, quick: Path
) -> None:
    row = sealed.permit("ana", BLOCK, lineage=True)
    Reader.of(sealed, "ana", row).keys()
    sealed.publish(write_small_model(quick / "next", seed=2))

    keys = Reader.of(sealed, "ana", row, version=2).keys()

    assert len(keys) == 1
    assert held_bytes(sealed, "ana") == BYTES


def test_a_fine_tune_under_another_name_counts_under_the_same_root(
    sealed: House, quick: Path
) -> None:
    Reader.of(sealed, "ana", sealed.permit("ana", BLOCK)).keys()
    sealed.publish(write_small_model(quick / "tuned", seed=3), "tuned", parent="llm")

    matching = wish(BLOCK, target="tuned")
    cost = sealed.room.room.requests.preview(sealed.actors["ana"], matching)
    assert (cost.before, cost.after) == (BYTES, BYTES)

    more = wish(OTHER, target="tuned")
    cost = sealed.room.room.requests.preview(sealed.actors["ana"], more)
    assert cost.after == 2 * BYTES


def test_extents_that_do_not_match_add_up(sealed: House, quick: Path) -> None:
    """The same tensors in a file of another name are other bytes."""
    Reader.of(sealed, "ana", sealed.permit("ana", BLOCK)).keys()
    folder = write_small_model(quick / "moved", seed=3)
    (folder / "model.safetensors").rename(folder / "other.safetensors")
    sealed.publish(folder, "moved", parent="llm")

    cost = sealed.room.room.requests.preview(
        sealed.actors["ana"], wish(BLOCK, target="moved")
    )
    assert (cost.before, cost.after) == (BYTES, 2 * BYTES)


def test_a_lineage_permit_ends_at_its_bytes(sealed: House, quick: Path) -> None:
    row = sealed.permit("ana", BLOCK, lineage=True)
    Reader.of(sealed, "ana", row).keys()
    folder = write_small_model(quick / "moved", seed=3)
    (folder / "model.safetensors").rename(folder / "other.safetensors")
    sealed.publish(folder)

    with pytest.raises(DeniedError, match="used up"):
        Reader.of(sealed, "ana", row, version=2).keys()


def test_a_lineage_permit_covers_no_stranger(sealed: House, quick: Path) -> None:
    row = sealed.permit("ana", BLOCK, lineage=True)
    stranger = sealed.publish(write_small_model(quick / "stranger"), "stranger")
    reader = Reader.of(sealed, "ana", row).asking(artifact=stranger.artifact.id)

    with pytest.raises(DeniedError) as caught:
        reader.release()
    assert "permit-matches" in caught.value.reasons


def test_a_class_is_never_below_its_parents(sealed: House, quick: Path) -> None:
    folder = write_small_model(quick / "tuned")
    with pytest.raises(InputError, match="its parent is restricted"):
        sealed.by("olga").seal(
            folder, name="tuned", parent="llm", classification="internal"
        )
    inherited = sealed.publish(folder, "tuned", parent="llm")
    assert inherited.artifact.classification == "restricted"
