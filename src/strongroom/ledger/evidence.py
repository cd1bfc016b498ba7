"""What shows an entry to one who believes nobody: its bytes and its place."""

from __future__ import annotations

from strongroom.crypto.custody.port import Anchor
from strongroom.crypto.parts import Evidence
from strongroom.errors import UnavailableError
from strongroom.ledger.log import Entry, Ledger
from strongroom.ledger.tree import inclusion_proof


def evidence_of(
    ledger: Ledger, entry: Entry, anchor: Anchor, *, opening: bytes = b""
) -> Evidence:
    """Return the evidence of an entry under a checkpoint.

    Args:
        ledger: That has both.
        entry: The entry.
        anchor: A checkpoint that covers it.
        opening: What a reader asked for, canonical JSON, if it is a release.

    Raises:
        UnavailableError: No checkpoint covers it yet.
    """
    position = entry.position
    if position is None or position >= anchor.size:
        raise UnavailableError("the entry is not under a checkpoint yet")
    with ledger.reading() as reading:
        siblings = inclusion_proof(
            ledger.nodes(reading), index=position, size=anchor.size
        )
    return Evidence(
        entry=entry.body,
        attached=entry.attached,
        position=position,
        siblings=tuple(siblings),
        opening=opening,
    )
