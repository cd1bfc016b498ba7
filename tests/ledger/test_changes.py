"""Proof of what a ledger demands, for those who do not read it."""

from __future__ import annotations

import pytest

from strongroom.crypto.mldsa import MlDsaKey
from strongroom.errors import IntegrityError
from strongroom.ledger.changes import changes
from strongroom.ledger.checkpoint import VerifierKey
from strongroom.ledger.events import Event
from strongroom.ledger.second import BOTH, ONE, parse_second_key
from strongroom.ledger.trust import Trust
from tests.ledger.test_second import TWICE, arm, record, switch
from tests.ledger.world import KEYS, ORIGIN, World, event

KEY = TWICE.checkpoint.require_second().public


def own(algorithms: str) -> Event:
    """Return a switch that names the key which the world really has."""
    facts = {**switch(algorithms).facts, "checkpoint": KEY.digest}
    return Event(kind=switch(algorithms).kind, actor=None, facts=facts)


def follow(world: World, trust: Trust) -> Trust:
    """Return what somebody believes after everything that they have not seen."""
    for change in changes(world.ledger, above=trust.above):
        second: MlDsaKey | None = None
        if change.second:
            second = parse_second_key(change.second, ORIGIN)
        trust = trust.follow(
            change.evidence.entry,
            position=change.evidence.position,
            siblings=change.evidence.siblings,
            under=trust.open(change.anchor.note.decode()),
            second=second,
        )
    return trust


def test_each_change_is_believed_by_whoever_believes_those_before(
    world: World,
) -> None:
    arm(world)
    record(world, event())
    trust = Trust(
        verifier=VerifierKey(origin=ORIGIN, public=KEYS.checkpoint.public.raw)
    )
    assert follow(world, trust) == trust
    record(world, own(BOTH))
    told = follow(world, trust)
    assert (told.second, told.above) == (KEY, 2)
    record(world, event())
    record(world, own(ONE))
    record(world, own(BOTH), own(ONE))
    late = follow(world, told)

    assert (late.second, late.above) == (None, 6)
    assert follow(world, trust) == late
    assert changes(world.ledger, above=late.above) == []


def test_a_key_that_is_not_pinned_is_not_passed_on(world: World) -> None:
    arm(world)
    record(world, switch(BOTH))
    with pytest.raises(IntegrityError, match="another second key"):
        changes(world.ledger, above=0)
