"""Proof of what a ledger demands, for those who do not read it."""

from __future__ import annotations

import pytest

from strongroom.errors import IntegrityError
from strongroom.ledger.changes import Change, changes
from strongroom.ledger.checkpoint import VerifierKey
from strongroom.ledger.second import BOTH, ONE
from strongroom.ledger.trust import Trust
from tests.ledger.test_second import NEXT, OWN, arm, notes, record, rotated, switch
from tests.ledger.world import KEYS, ORIGIN, World, event


def unseen(world: World, above: int) -> list[Change]:
    with world.ledger.reading() as reading:
        return changes(world.ledger, reading, above=above)


def follow(world: World, trust: Trust) -> Trust:
    """Return what somebody believes after everything that they have not seen."""
    for change in unseen(world, trust.above):
        trust = trust.follow(
            change.evidence.entry,
            position=change.evidence.position,
            siblings=change.evidence.siblings,
            note=change.anchor.note.decode(),
            second=change.second,
        )
    return trust


@pytest.fixture
def trust() -> Trust:
    key = VerifierKey(origin=ORIGIN, public=KEYS.checkpoint.public.raw)
    return Trust(verifier=key)


def test_each_change_is_believed_by_whoever_believes_those_before(
    world: World, trust: Trust
) -> None:
    arm(world)
    record(world, event())
    assert follow(world, trust) == trust
    record(world, switch(BOTH))
    told = follow(world, trust)
    assert (told.second, told.above) == (OWN, 2)
    record(world, event())
    record(world, switch(ONE))
    record(world, switch(BOTH), switch(ONE))
    late = follow(world, told)

    assert (late.second, late.above) == (None, 6)
    assert follow(world, trust) == late
    assert unseen(world, late.above) == []


def test_a_rotation_is_believed_too(world: World, trust: Trust) -> None:
    rotated(world)
    told = follow(world, trust)

    assert (told.second, told.above) == (NEXT, 3)


def test_a_key_that_is_not_pinned_is_not_passed_on(world: World) -> None:
    arm(world)
    record(world, switch(BOTH))
    world.ledger.notes = notes(keys=KEYS)
    with pytest.raises(IntegrityError, match="does not pin"):
        unseen(world, 0)


def test_a_change_whose_checkpoint_is_gone_is_named(world: World) -> None:
    arm(world)
    record(world, switch(BOTH))
    world.attack("DELETE FROM checkpoints")
    with pytest.raises(IntegrityError, match="no checkpoint covers entry"):
        unseen(world, 0)
