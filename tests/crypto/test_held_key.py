"""Custodians over a key that something else holds: what it must prove first."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from strongroom.crypto.custody.transit import TRANSIT
from strongroom.crypto.held_key import HeldKeyCustodian
from strongroom.errors import (
    ConflictError,
    IntegrityError,
    SetupError,
    UnavailableError,
)
from strongroom.types import Secret
from tests.contracts.histories import anchor, verify_extension
from tests.transit import TOKEN, Engine, running


@pytest.fixture
def engine() -> Iterator[Engine]:
    with running() as engine:
        yield engine


def create(path: Path, engine: Engine) -> HeldKeyCustodian:
    return TRANSIT.create(
        path, name="weights", uri=str(engine.uri("w")), secret=TOKEN, random=os.urandom
    )


def test_a_holder_that_binds_no_place_is_refused(
    engine: Engine, tmp_path: Path
) -> None:
    """An old engine takes ``associated_data`` and ignores it."""
    engine.binds = False

    with pytest.raises(SetupError, match="does not bind"):
        create(tmp_path / "weights", engine)
    assert not any(tmp_path.iterdir())


def test_a_key_that_can_leave_its_holder_is_refused_when_made_and_when_opened(
    engine: Engine, tmp_path: Path
) -> None:
    engine.facts = {"exportable": True}
    with pytest.raises(SetupError, match="can leave"):
        create(tmp_path / "weights", engine)
    assert not any(tmp_path.iterdir())
    engine.facts = {}
    engine.keys.clear()
    create(tmp_path / "weights", engine)
    engine.facts = {"exportable": True}
    with pytest.raises(SetupError, match="can leave"):
        TRANSIT.open(tmp_path / "weights", TOKEN, random=os.urandom)


def test_it_is_opened_again(engine: Engine, tmp_path: Path) -> None:
    made = create(tmp_path / "weights", engine)
    wrapped = made.wrap(Secret(b"secret"), b"place")
    made.advance(anchor("ab"), verify_extension)
    again = TRANSIT.open(tmp_path / "weights", TOKEN, random=os.urandom)

    assert (again.name, again.root_key_id) == ("weights", made.root_key_id)
    assert again.anchor() == anchor("ab")
    assert again.unwrap(
        wrapped, b"place", anchor=anchor("abc"), verify_extension=verify_extension
    ) == Secret(b"secret")
    assert again.anchor() == anchor("abc")
    with pytest.raises(ConflictError):
        create(tmp_path / "weights", engine)


def test_an_altered_wrap_and_a_holder_that_lost_its_key_are_told_apart(
    engine: Engine, tmp_path: Path
) -> None:
    custodian = create(tmp_path / "weights", engine)
    wrapped = custodian.wrap(Secret(b"secret"), b"place")

    def unwrap(place: bytes) -> Secret:
        return custodian.unwrap(
            wrapped, place, anchor=anchor("a"), verify_extension=verify_extension
        )

    with pytest.raises(IntegrityError, match="altered"):
        unwrap(b"elsewhere")
    engine.keys["w"] = os.urandom(32)
    with pytest.raises(UnavailableError, match="anchor key"):
        unwrap(b"place")
