"""What intake hands to the vault: these files came through quarantine."""

from __future__ import annotations

from dataclasses import dataclass

from strongroom import canonical
from strongroom.types import IntakeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof that a folder holds only what was re-written from something examined.

    Attributes:
        intake: Under which it is known.
        digest: Of the original, as ``Intake.digest``.
        report: Digest of what was found.
    """

    intake: IntakeId
    digest: str
    report: str


def report_digest(report: bytes) -> str:
    """Return the hexadecimal digest by which a row and an entry name a report."""
    return canonical.digest("strongroom/v1/intake-report", report).hex()
