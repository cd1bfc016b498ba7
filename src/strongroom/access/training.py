"""Courses that people took, and texts that they said they know.

``terms.toml`` says what a class or a role asks for; what is absent or has expired
is a fact that policy refuses by.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from strongroom.access.accounts import Account
from strongroom.access.person_terms import is_text
from strongroom.database import people_tables
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.types import AccountId

_SHOWN = 12
"""Hexadecimal digits of a text's digest that a sentence shows."""


class TrainingKind(StrEnum):
    """What it is that somebody knows."""

    COURSE = "course"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """One thing that one person knows.

    Attributes:
        id: Of the account and the name, with a ``/``.
        name: Of the course; of a text, the hexadecimal SHA-256.
        until: When it expires; ``None`` for a text, which changes its digest.
    """

    id: str
    revision: int = 1
    account: AccountId
    kind: TrainingKind
    name: str
    until: datetime | None
    added_by: AccountId
    added_at: datetime


# Read with ``find``: a row that was deleted only takes something away.
TRAINING: GuardedTable[Training] = GuardedTable(people_tables.training, Training)


def training_of(transaction: Transaction, account: Account) -> list[Training]:
    """Return what an account, or the person behind it, knows or knew.

    Raises:
        IntegrityError: A row was forged, altered or restored.
    """
    return TRAINING.find(transaction, TRAINING.columns.account == account.counts_as)


def lacking(
    transaction: Transaction, account: Account, asked: Iterable[str], *, now: datetime
) -> list[str]:
    """Return what somebody lacks of what is asked, each with since when.

    Raises:
        IntegrityError: A row was forged, altered or restored.
    """
    wanted = sorted(asked)
    if not wanted:
        return []
    known = {row.name: row.until for row in training_of(transaction, account)}
    return [
        shortfall(name, known.get(name), known=name in known)
        for name in wanted
        if name not in known or expired(known[name], now)
    ]


def expired(until: datetime | None, now: datetime) -> bool:
    """Return whether what counted until then is over at ``now``."""
    return until is not None and now >= until


def shortfall(name: str, until: datetime | None, *, known: bool) -> str:
    """Return one thing that is lacking, as a refusal says it."""
    if is_text(name):
        return f"text {name[:_SHOWN]} (not acknowledged)"
    if not known or until is None:
        return f"{name} (not taken)"
    return f"{name} (expired on {until:%Y-%m-%d})"
