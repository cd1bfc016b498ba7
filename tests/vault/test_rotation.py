"""Who may ask for another root key of a domain, and who has to agree."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from strongroom.app.rotating import RotationOptions, rotate
from strongroom.errors import ConflictError, DeniedError, InputError
from strongroom.types import Role
from strongroom.vault.roots import RootState, roots_of
from strongroom.vault.rotation import ACTION, Place
from tests.journeys.rooms import CHEAP, PASSPHRASE, House


def options(domain: str) -> RotationOptions:
    """Return the options for another root key in a file."""
    return RotationOptions(domain=domain, new=PASSPHRASE, cost=CHEAP)


@pytest.fixture
def holders(house: House) -> House:
    """Give a house with a key-holder."""
    house.admit("kim", "keys", Role.KEY_HOLDER)
    return house


def test_another_team_agrees_before_anything_is_wrapped(holders: House) -> None:
    kim = holders.by("kim")
    asked = rotate(kim, options("weights"))

    assert asked.request is not None
    assert asked.request.action == ACTION
    assert kim.room.upkeep.rotation.under_way("weights") is None
    again = rotate(kim, options("weights"))
    assert again.request is not None
    assert again.request.id == asked.request.id  # it is not asked for twice
    holders.by("ines").approve(asked.request.id)
    move = kim.room.upkeep.rotation.under_way("weights")
    assert move is not None
    assert move.leaving.id == kim.room.domains["weights"].custodian.root_key_id
    with kim.room.ledger.reading() as reading:
        states = {root.state for root in roots_of(reading, "weights", *RootState)}
    assert states == {RootState.LEAVING, RootState.JOINING}


@pytest.mark.parametrize("name", ["root", "olga", "ana", "ines"])
def test_only_key_holders_ask(house: House, name: str) -> None:
    before = sorted((house.folder / "custodians").iterdir())
    with pytest.raises(DeniedError):
        rotate(house.by(name), options("weights"))

    assert sorted((house.folder / "custodians").iterdir()) == before


def test_a_domain_that_is_not_there_is_refused(holders: House) -> None:
    with pytest.raises(InputError, match="no custody domain 'elsewhere'"):
        rotate(holders.by("kim"), options("elsewhere"))


def test_two_rotations_of_a_domain_are_not_under_way_at_once(holders: House) -> None:
    kim = holders.by("kim")
    asked = rotate(kim, options("weights"))
    assert asked.request is not None
    old = kim.room.domains["weights"].custodian.root_key_id

    def another() -> None:
        kim.room.upkeep.rotation.propose(
            kim.actor,
            "weights",
            leaving=Place(root_key_id=old, custodian="file:custodians/weights"),
            joining=Place(root_key_id="root-other", custodian="file:custodians/other"),
        )

    with pytest.raises(ConflictError, match="already"):
        another()
    holders.by("ines").approve(asked.request.id)
    with pytest.raises(ConflictError, match="under way"):
        another()


def test_of_those_who_ask_at_once_one_asks(holders: House) -> None:
    """Two requests once waited; the second could be approved, and then failed."""
    kim, start = holders.by("kim"), threading.Barrier(3)

    def ask(_: int) -> str:
        start.wait()
        try:
            done = rotate(kim, options("weights"))
        except ConflictError:
            return ""
        return done.request.id if done.request else ""

    with ThreadPoolExecutor(3) as pool:
        asked = set(pool.map(ask, range(3))) - {""}

    waiting = kim.room.upkeep.rotation.waiting("weights")
    assert waiting is not None
    assert asked == {waiting.id}
    files = (holders.folder / "custodians").glob("weights*")
    assert len([path for path in files if path.suffix != ".anchor"]) == 2


def test_a_root_key_does_not_follow_itself(holders: House) -> None:
    kim = holders.by("kim")
    same = Place(root_key_id="root-1", custodian="file:custodians/weights")
    with pytest.raises(InputError, match="has this root key already"):
        kim.room.upkeep.rotation.propose(
            kim.actor, "weights", leaving=same, joining=same
        )
