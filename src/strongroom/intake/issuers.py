"""Whose bundles of advisories a room takes.

The key that the first bundle is by is trusted from then on, whatever ``room.toml``
says later: another one takes its place only once others agree (``replacing``).  The
numbers of bundles count for each key alone, so whoever stole a key, and signed the
highest number there is, ends nothing for the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from strongroom.crypto.signing import VerifyKey
from strongroom.database import advisory_tables
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.errors import IntegrityError, SetupError
from strongroom.ledger.log import Writing


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Somebody whose bundles the room takes or took; ``id`` is the key, hexadecimal.

    Attributes:
        place: Counts issuers from 1; the last one is trusted.
        number: Of the last bundle by this key that was taken; 0 before the first.
        since: From when on it was trusted.
    """

    id: str
    revision: int = 1
    place: int
    number: int
    since: datetime

    @property
    def key(self) -> VerifyKey:
        """The key."""
        return VerifyKey(bytes.fromhex(self.id))


ISSUERS: GuardedTable[Issuer] = GuardedTable(advisory_tables.advisory_issuers, Issuer)


def every_issuer(transaction: Transaction, *, locked: bool = False) -> list[Issuer]:
    """Return all issuers, the trusted one last; none before the first bundle.

    Args:
        transaction: Where to look.
        locked: Whether the row of the newest bundle is, or there is none.  Then the
            next entry says who they were, so that the replay sees if one was hidden.

    Raises:
        IntegrityError: One was forged, altered, restored or deleted; or two have the
            same place, as one of them was hidden when the other came.
    """
    if locked:
        found = ISSUERS.find_all(transaction, prefix="")
    else:
        ISSUERS.require_all(transaction, prefix="")
        found = ISSUERS.find(transaction)
    found.sort(key=lambda issuer: issuer.place)
    if [issuer.place for issuer in found] != list(range(1, len(found) + 1)):
        raise IntegrityError(
            "an issuer of advisories was hidden when another one was trusted",
            hint="strongroom ledger verify names every row and decision",
        )
    return found


def verify_pinned(issuers: Sequence[Issuer], pinned: VerifyKey) -> None:
    """Check that ``room.toml`` pins the key that the room trusts.

    Args:
        issuers: Every one.
        pinned: The key in ``room.toml``.

    Raises:
        SetupError: It pins another one.
    """
    if issuers and issuers[-1].id != pinned.raw.hex():
        raise SetupError(
            "room.toml pins another key for advisories than the one in force",
            hint=f'write it under [advisories]: key = "{issuers[-1].id}"; or'
            " ask for another: strongroom intake issuers replace KEY",
        )


def last_signer(issuers: Sequence[Issuer], pinned: VerifyKey) -> VerifyKey:
    """Return by whose key the bundle is that was taken last.

    Args:
        issuers: Every one.
        pinned: The key in ``room.toml``, which counts where the room knows none.
    """
    took = [issuer for issuer in issuers if issuer.number]
    return took[-1].key if took else pinned


def is_awaited(issuers: Sequence[Issuer]) -> bool:
    """Return whether the trusted issuer has not said anything yet."""
    return bool(issuers) and not issuers[-1].number


def note_taken(
    writing: Writing, issuers: Sequence[Issuer], pinned: VerifyKey, number: int
) -> None:
    """Write down the number of the bundle that was just taken; the first is trusted.

    Args:
        writing: Where an entry follows.
        issuers: Every one; the last is ``pinned``, if there is any.
        pinned: By whose key the bundle is.
        number: Of the bundle.
    """
    if not issuers:
        first = Issuer(id=pinned.raw.hex(), place=1, number=number, since=writing.now)
        ISSUERS.insert(writing, first)
    elif issuers[-1].number != number:
        ISSUERS.replace(writing, issuers[-1], number=number)
