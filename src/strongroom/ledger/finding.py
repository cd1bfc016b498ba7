"""What a check of the ledger found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something in the ledger that is not what was written.

    Attributes:
        position: Index of the entry, or ``None`` for the ledger as a whole.
        problem: One sentence.
    """

    position: int | None
    problem: str
