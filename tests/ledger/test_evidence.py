"""Evidence of an entry: enough for one who has the root and nothing else."""

from __future__ import annotations

import pytest

from strongroom.errors import InputError, UnavailableError
from strongroom.ledger.anchors import Anchors
from strongroom.ledger.evidence import evidence_of
from strongroom.ledger.tree import leaf_hash, verify_inclusion
from tests.ledger.world import World


@pytest.mark.parametrize("position", [0, 3, 6])
def test_it_leads_from_the_entry_to_the_root(world: World, position: int) -> None:
    world.notes(7)
    anchor = Anchors(world.ledger).newest()
    with world.ledger.reading() as reading:
        entry = world.ledger.entry(reading, position)

    found = evidence_of(world.ledger, entry, anchor, opening=b"asked")

    assert (found.entry, found.opening, found.attached) == (entry.body, b"asked", None)
    assert evidence_of(world.ledger, entry, anchor).opening == b""
    verify_inclusion(
        leaf_hash(found.entry),
        index=found.position,
        size=anchor.size,
        proof=found.siblings,
        root=anchor.root,
    )


def test_an_entry_that_no_checkpoint_covers_has_none(world: World) -> None:
    world.notes(2)
    older = Anchors(world.ledger).newest()
    world.note()
    with world.ledger.reading() as reading:
        entry = world.ledger.entry(reading, 2)

    with pytest.raises((UnavailableError, InputError), match="not under a checkpoint"):
        evidence_of(world.ledger, entry, older, opening=b"")
