"""From which checkpoint on the room demands two signatures, as its ledger says.

``room.toml`` pins it outside the database, so that whoever can forge one of the two
cannot rewrite the ledger without the other.  The ledger keeps who agreed to it.  Its
switches are followed one by one, each under a checkpoint that carries what the one
before demanded; what ``room.toml`` pins has to be one of them.
"""

from __future__ import annotations

from strongroom.errors import IntegrityError
from strongroom.ledger.changes import changes
from strongroom.ledger.log import Ledger
from strongroom.ledger.trust import Trust


def settle(ledger: Ledger) -> None:
    """Let the ledger demand what its newest switch says.

    Raises:
        IntegrityError: A switch is not in the tree of the checkpoint over it, that
            one lacks a signature, or ``room.toml`` knows a switch that is not there.
    """
    notes = ledger.notes
    pinned = (notes.since, notes.second)
    trust, since = Trust(verifier=notes.verifier), None
    known = notes.since is None
    with ledger.reading() as reading:
        found = changes(ledger, reading)
    for change in found:
        position, before = change.evidence.position, trust.second
        trust = trust.follow(
            change.evidence.entry,
            position=position,
            siblings=change.evidence.siblings,
            note=change.anchor.note.decode(),
            second=change.second,
        )
        # The checkpoint over a first key carries it, that over a successor does not.
        since = (trust.above if before else position) + 1 if trust.second else None
        known = known or (since, trust.second) == pinned
    if not known:
        raise IntegrityError(
            "the ledger does not say what room.toml does about second signatures",
            hint="strongroom ledger verify; restore a backup",
        )
    notes.demand(since, trust.second)
