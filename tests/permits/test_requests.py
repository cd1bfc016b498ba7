"""Asking for segments: what it costs, who may, and what a lineage covers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from strongroom.errors import DeniedError, InputError, MissingError
from tests.authenticator import SoftAuthenticator
from tests.journeys.rooms import House, write_small_model
from tests.permits.openings import (
    BLOCK,
    BYTES,
    OTHER,
    Reader,
    draft,
    held_bytes,
    newest,
    size,
)


def test_a_request_shows_its_cost_before_it_is_sent(sealed: House) -> None:
    before = size(sealed)
    cost = sealed.room.room.requests.preview(sealed.actors["ana"], draft(BLOCK, OTHER))

    assert (cost.before, cost.after) == (0, 2 * BYTES)
    assert (cost.whole, cost.sealer) == (False, False)
    assert size(sealed) == before


def test_a_bound_object_names_who_must_agree(sealed: House) -> None:
    with pytest.raises(DeniedError, match="waits for 2 approvals") as caught:
        sealed.by("ana").open("llm", segments=[BLOCK], purpose="a test")
    assert "strongroom approve request-" in caught.value.hint


def test_a_request_says_what_it_is_for(sealed: House) -> None:
    """People see the action, and their house's own rules may name it."""
    asked = sealed.by("ana").request("llm", segments=[BLOCK], purpose="a test")

    assert asked.request.action == "segment:release"


def test_past_the_approvals_nothing_is_issued_before_it_is_signed(
    sealed: House,
) -> None:
    ana, key = sealed.by("ana"), SoftAuthenticator(origin="http://localhost")
    ana.passkeys.add(key, label="blue")
    requests = sealed.room.room.requests
    wanted = draft(BLOCK, duration=timedelta(hours=1), break_glass="it burns")
    asked, question = requests.begin_signed(ana.actor, wanted)
    with pytest.raises(MissingError):
        sealed.permit_of(asked.request.id)

    signed = requests.sign(ana.actor, asked, key.get(question.options))

    assert signed.permit == sealed.permit_of(asked.request.id)
    assert (signed.request.id, signed.exposure) == (asked.request.id, asked.exposure)
    assert signed.told is not None


def test_overlapping_permits_do_not_end_each_other(sealed: House) -> None:
    first = sealed.permit("ana", BLOCK, OTHER)
    second = sealed.permit("ana", OTHER)
    sealed.by("ana").revoke(second.id)

    assert len(Reader.of(sealed, "ana", first).keys()) == 2
    with pytest.raises(DeniedError):
        Reader.of(sealed, "ana", second).keys()


def test_a_new_checkpoint_needs_no_new_request_and_costs_nothing(
    sealed: House, quick: Path
) -> None:
    row = sealed.permit("ana", BLOCK, lineage=True)
    Reader.of(sealed, "ana", row).keys()
    sealed.publish(write_small_model(quick / "next", seed=2))

    keys = Reader.of(sealed, "ana", row, version=2).keys()

    assert len(keys) == 1
    assert held_bytes(sealed, "ana") == BYTES


def test_a_lineage_permit_ends_at_its_bytes(sealed: House, quick: Path) -> None:
    row = sealed.permit("ana", BLOCK, lineage=True)
    Reader.of(sealed, "ana", row).keys()
    folder = write_small_model(quick / "moved", seed=3)
    (folder / "inner").mkdir()
    (folder / "model.safetensors").rename(folder / "inner" / "model.safetensors")
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


def test_a_passkey_signs_nothing_where_approvals_are_waited_for(sealed: House) -> None:
    room = sealed.room.room
    with pytest.raises(InputError, match="signs why it cannot wait for approvals"):
        room.requests.begin_signed(sealed.actors["ana"], draft(BLOCK))


def test_a_refused_question_is_recorded_as_what_was_asked(sealed: House) -> None:
    requests, ana = sealed.room.room.requests, sealed.actors["ana"]
    with pytest.raises(DeniedError):
        requests.ask(ana, draft(BLOCK, purpose=" "))
    refused = newest(sealed)
    assert (refused["kind"], refused["action"]) == ("action.refused", "request:create")
    assert refused["rules"] == ["purpose-stated"]
