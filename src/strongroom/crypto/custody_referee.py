"""Who judges what a desk claims: a custodian process has no ledger of its own.

``permits.evidence`` does it; it knows what entries and questions look like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from strongroom.crypto.custody.port import Anchor
from strongroom.crypto.custody_pin import Pin
from strongroom.crypto.parts import Evidence, PartOrder


class Referee(Protocol):
    """Judge what a desk claims, by the pinned key alone."""

    def verify_note(self, anchor: Anchor) -> None:
        """Check that the anchor's checkpoint is signed, and says what it says.

        Raises:
            IntegrityError: It is not.
        """

    def verify_extension(
        self, older: Anchor, newer: Anchor, proof: Sequence[bytes]
    ) -> None:
        """Check that the one ledger grew from the other.

        Raises:
            ForkError: The proof does not show it.
        """

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

    def verify_release(
        self, order: PartOrder, evidence: Evidence, anchor: Anchor
    ) -> None:
        """Check that an entry under ``anchor`` names this reader and segment.

        Raises:
            DeniedError: It names others.
            IntegrityError: It is no entry of that ledger.
        """

    def verify_entry(
        self, evidence: Evidence, anchor: Anchor
    ) -> tuple[str, Mapping[str, object]]:
        """Return kind and facts of an entry under ``anchor``.

        Raises:
            IntegrityError: It is no entry of that ledger.
        """
