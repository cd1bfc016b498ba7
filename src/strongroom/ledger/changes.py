"""Proof of what a ledger demands of checkpoints, for those who do not read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from strongroom.crypto.custody.port import Anchor
from strongroom.crypto.parts import Evidence
from strongroom.errors import IntegrityError
from strongroom.ledger.log import Ledger, Reading
from strongroom.ledger.second import Switch, second_key_text, switches
from strongroom.ledger.settled import covering_note
from strongroom.ledger.tree import inclusion_proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An entry about second signatures, as it is shown to a custodian elsewhere.

    Attributes:
        evidence: The entry under ``anchor``.
        anchor: The first checkpoint over it, signed as was demanded before.
        second: The key that the entry names; empty if it ends them.
    """

    evidence: Evidence
    anchor: Anchor
    second: str


def changes(ledger: Ledger, *, above: int) -> list[Change]:
    """Return the changes from the entry ``above`` on, in order.

    Of several that one checkpoint covers, the last counts.

    Raises:
        IntegrityError: The ledger names a key that is not pinned, or its checkpoints
            are not what was written.
    """
    with ledger.reading() as reading:
        found = {c.anchor.size: c for c in _changes(ledger, reading, above)}
    return list(found.values())


def _changes(ledger: Ledger, reading: Reading, above: int) -> Iterator[Change]:
    for switch in reversed(switches(reading.connection)):
        position = switch.position
        if position is None or position < above:
            continue
        note = covering_note(reading.connection, position)
        if note is None:
            continue
        covering = ledger.notes.open(note)
        nodes = ledger.nodes(reading)
        siblings = inclusion_proof(nodes, index=position, size=covering.size)
        yield Change(
            evidence=Evidence(
                entry=switch.body,
                attached=None,
                position=position,
                siblings=tuple(siblings),
                opening=b"",
            ),
            anchor=Anchor(size=covering.size, root=covering.root, note=note.encode()),
            second=_key_text(ledger, switch),
        )


def _key_text(ledger: Ledger, switch: Switch) -> str:
    if not switch.both:
        return ""
    key = ledger.notes.second_key
    if key is None or key.digest.encode() not in switch.body:
        raise IntegrityError(
            "the ledger names another second key than room.toml pins",
            hint="put room.toml back as it was",
        )
    return second_key_text(ledger.verifier.origin, key)
