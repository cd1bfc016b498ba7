"""What a custodian elsewhere asks of a desk that it does not believe.

Whoever controls a desk can ask for anything, and can write entries.  They cannot
sign for another key than the one that was pinned, un-write an entry that a
custodian saw, or have a part of a key sealed to a reader that no entry names.

Source: ``docs/specification/custody-protocol.md``; RFC 9162 section 2.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from strongroom import canonical
from strongroom.crypto.custody.port import Anchor
from strongroom.crypto.custody_pin import Pin
from strongroom.crypto.mldsa import MlDsaKey
from strongroom.crypto.parts import Evidence, PartOrder
from strongroom.errors import DeniedError, ForkError, IntegrityError
from strongroom.ledger.checkpoint import Checkpoint, VerifierKey
from strongroom.ledger.events import (
    MAX_ATTACHED_BYTES,
    MAX_ENTRY_BYTES,
    attached_digest,
)
from strongroom.ledger.second import parse_second_key
from strongroom.ledger.tree import leaf_hash, verify_consistency, verify_inclusion
from strongroom.ledger.trust import Trust
from strongroom.permits.opening import Opening


class LedgerReferee:
    """Judges by the checkpoint keys that a custodian's pin names.

    Args:
        pin: Room and keys.

    Raises:
        InputError: A key is none.
    """

    def __init__(self, pin: Pin) -> None:
        self._pin = pin
        verifier = VerifierKey.from_text(pin.verifier)
        self._trust = Trust(
            verifier=verifier,
            second=_second(pin.second, verifier.origin),
            above=pin.above,
        )

    def verify_note(self, anchor: Anchor) -> None:
        """Check that the anchor's checkpoint is signed, and says what it says.

        Raises:
            IntegrityError: It is not.
        """
        if anchor != Anchor.empty():
            self._open(anchor)

    def pin_after(self, evidence: Evidence, anchor: Anchor, second: str) -> Pin:
        """Return what to pin after an entry about second signatures.

        Args:
            evidence: The entry, and that it stands in the ledger of ``anchor``.
            anchor: Verified by ``verify_note``.
            second: The key that it names by digest; empty if it ends them.

        Raises:
            InputError: The key is none.
            IntegrityError: It is no such entry of that ledger, or names another key.
        """
        self._open(anchor)
        after = self._trust.follow(
            evidence.entry,
            position=evidence.position,
            siblings=evidence.siblings,
            note=anchor.note.decode(),
            second=_second(second, self._trust.verifier.origin),
        )
        return replace(self._pin, second=second, above=after.above)

    def verify_extension(
        self, older: Anchor, newer: Anchor, proof: Sequence[bytes]
    ) -> None:
        """Check that the one ledger grew from the other.

        Raises:
            ForkError: The proof does not show it.
        """
        try:
            verify_consistency(
                older=older.size,
                older_root=older.root,
                newer=newer.size,
                newer_root=newer.root,
                proof=proof,
            )
        except IntegrityError as error:
            raise ForkError(f"a custodian saw another ledger: {error}") from None

    def verify_release(
        self, order: PartOrder, evidence: Evidence, anchor: Anchor
    ) -> None:
        """Check that an entry under ``anchor`` names this reader and segment.

        Raises:
            DeniedError: It names others.
            IntegrityError: It is no entry of that ledger.
        """
        if leaf_hash(evidence.entry) != order.entry:
            raise IntegrityError("an order names another entry than its evidence")
        kind, facts = self.verify_entry(evidence, anchor)
        opening = Opening.from_bytes(evidence.opening)
        if kind != "key.released" or not _names(facts, order, opening, self._pin.room):
            raise DeniedError(
                "the ledger does not say that this reader gets this segment",
                hint="release through the desk, which writes the entry first",
            )

    def verify_entry(
        self, evidence: Evidence, anchor: Anchor
    ) -> tuple[str, Mapping[str, object]]:
        """Return kind and facts of an entry under ``anchor``.

        Raises:
            IntegrityError: It is no entry of that ledger.
        """
        verify_inclusion(
            leaf_hash(evidence.entry),
            index=evidence.position,
            size=anchor.size,
            proof=evidence.siblings,
            root=anchor.root,
        )
        return _entry(evidence)

    def _open(self, anchor: Anchor) -> Checkpoint:
        try:
            note = anchor.note.decode()
        except UnicodeDecodeError:
            raise IntegrityError("a checkpoint is not text") from None
        seen = self._trust.open(note)
        if (seen.size, seen.root) != (anchor.size, anchor.root):
            raise IntegrityError("a checkpoint says something else than its anchor")
        return seen


def _second(text: str, origin: str) -> MlDsaKey | None:
    return parse_second_key(text, origin) if text else None


def _names(
    facts: Mapping[str, object], order: PartOrder, opening: Opening, room: str
) -> bool:
    """Return whether a release of this room is to the reader of this order."""
    context = order.context
    named = tuple(facts.get(n) for n in ("reader", "permit", "artifact", "version"))
    segments, generation = facts.get("segments"), facts.get("generation")
    return (
        order.room == room
        and named == (opening.digest, opening.permit, context.artifact, context.version)
        and order.reader == opening.reader
        and isinstance(segments, list)
        and context.segment in segments
        # Segments that were not re-keyed are of an earlier one than the version.
        and isinstance(generation, int)
        and 1 <= context.generation <= generation
    )


def _entry(evidence: Evidence) -> tuple[str, Mapping[str, object]]:
    """Return kind and facts of an entry, with the lists that were too long for it."""
    body = _object(canonical.from_json(evidence.entry, at_most_bytes=MAX_ENTRY_BYTES))
    facts = _object(body.get("facts"))
    if evidence.attached is None:
        return str(body.get("kind")), facts
    if body.get("attached") != attached_digest(evidence.attached).hex():
        raise IntegrityError("what is attached is not what the entry names")
    attached = _object(
        canonical.from_json(evidence.attached, at_most_bytes=MAX_ATTACHED_BYTES)
    )
    return str(body.get("kind")), {**_object(attached.get("facts")), **facts}


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise IntegrityError("an entry has no facts")
    return cast("Mapping[str, object]", value)
