"""How much plaintext an account holds, alone and together with others.

Exact arithmetic on integers of bytes over footprints; charging and reserving
happen in the caller's transaction.  Sealers are origin holders and outside the
caps: the caller leaves them out of ``held_by_account``.

Source: ``docs/explanation/exposure.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from strongroom.access.footprints import Footprint
from strongroom.access.parcels import parcels
from strongroom.access.scales import Scale
from strongroom.errors import InputError
from strongroom.types import AccountId

_WHOLE = 100  # percent
_AT_ONCE = 256
"""Rows of pairs at once; 2 MB of memory for a thousand accounts."""
_EXACT_IN_DOUBLES = 2**52
"""Bytes that two accounts may each hold so that their sum is exact; 4 PiB."""


@dataclass(frozen=True, slots=True)
class Held:
    """What one account holds of one lineage, or would hold.

    It only grows: nothing takes a footprint away, since people do not un-learn.

    Attributes:
        footprints: Distinct footprints; they may overlap.
    """

    footprints: frozenset[Footprint] = frozenset()

    @classmethod
    def of(cls, footprints: Iterable[Footprint]) -> Held:
        """Return the union of ``footprints``."""
        return cls(frozenset(footprints))

    def bytes_in(self, scale: Scale) -> int:
        """Return how many distinct bytes of plaintext are held.

        Args:
            scale: Of the version that is opened; ``Scale()`` if none is.
        """
        return sum(parcel.bytes for parcel in parcels(tuple(self.footprints), scale))

    def union(self, other: Held) -> Held:
        """Return what both hold together."""
        return Held(self.footprints | other.footprints)


class Pair(NamedTuple):
    """Two accounts and what they hold together.

    Attributes:
        first: One account.
        second: The other.
        bytes: Distinct bytes of plaintext that the two hold together.
    """

    first: AccountId
    second: AccountId
    bytes: int


def worst_partner(
    account: AccountId, held_by_account: Mapping[AccountId, Held], scale: Scale
) -> Pair | None:
    """Return the pair of ``account`` and the one who adds most to what it holds.

    Args:
        account: Whose partner to find; it holds nothing when it has no row.
        held_by_account: What every account holds of one lineage.
        scale: Of the version that is opened.

    Returns:
        The pair, of equals the one with the first account id; None when nobody
        else is there.
    """
    grid = _Grid.over({account: Held(), **held_by_account}, scale)
    me = grid.accounts.index(account)
    unions = grid.unions_with(grid.holds[me])
    unions[me] = -1
    if len(unions) == 1:
        return None
    other = int(np.argmax(unions))
    return Pair(account, grid.accounts[other], int(unions[other]))


def worst_pair(held_by_account: Mapping[AccountId, Held], scale: Scale) -> Pair | None:
    """Return the two accounts that hold most together; None below two accounts.

    Of equals, the one with the first account ids.
    """
    grid = _Grid.over(held_by_account, scale)
    best: Pair | None = None
    last = len(grid.accounts) - 1  # it is nobody's first
    for start in range(0, last, _AT_ONCE):
        end = min(start + _AT_ONCE, last)
        for at, row in enumerate(grid.unions_of(start, end), start):
            other = at + 1 + int(np.argmax(row[at + 1 :]))
            if best is None or int(row[other]) > best.bytes:
                best = Pair(grid.accounts[at], grid.accounts[other], int(row[other]))
    return best


def smallest_coalition(
    total_bytes: int, held_by_account: Mapping[AccountId, Held], scale: Scale
) -> tuple[AccountId, ...] | None:
    """Return a small group that holds ``total_bytes`` together, if one exists.

    Greedy: each member is the one who adds most.  The smallest group may have
    fewer, finding it is set cover; but no group is smaller than the size that
    ``coalition_bound`` proves from the caps.

    Returns:
        The accounts in the order in which they add; None when all accounts
        together hold less than ``total_bytes``.
    """
    grid = _Grid.over(held_by_account, scale)
    together = np.zeros(len(grid.sizes), dtype=bool)
    members: list[AccountId] = []
    reached = 0
    while reached < total_bytes:
        unions = grid.unions_with(together)
        best = int(np.argmax(unions)) if len(unions) else -1
        if best < 0 or int(unions[best]) == reached:
            return None
        reached = int(unions[best])
        together |= grid.holds[best]
        members.append(grid.accounts[best])
    return tuple(members)


def coalition_bound(person_cap: int, pair_cap: int) -> int:
    """Return how many accounts at least it takes to hold a whole model.

    Give each byte to one of its holders: what any two were given then sums to at
    most the pair cap, so ``n`` accounts hold at most ``n * min(person, pair /
    2)``.  With 25 % and 45 %, four reach 90 % and five are needed.

    Args:
        person_cap: Percent that one account may hold, 1 to 100.
        pair_cap: Percent that any two may hold, at least ``person_cap``.

    Raises:
        InputError: The caps are not in order.
    """
    if not 0 < person_cap <= pair_cap <= _WHOLE:
        raise InputError(f"caps of {person_cap} % and {pair_cap} % are not in order")
    if person_cap == _WHOLE:
        return 1
    return -(-2 * _WHOLE // min(2 * person_cap, pair_cap))


def cap_bytes(total_bytes: int, percent: int) -> int:
    """Return ``percent`` of ``total_bytes``, rounded down.

    Raises:
        InputError: ``total_bytes`` is negative or ``percent`` outside 0 to 100.
    """
    if total_bytes < 0 or not 0 <= percent <= _WHOLE:
        raise InputError(f"{percent} % of {total_bytes} bytes is no cap")
    return total_bytes * percent // _WHOLE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grid:
    """Who holds which parcel.

    Attributes:
        accounts: Account ids, sorted.
        sizes: int64, shape (parcels,): bytes of each parcel.
        holds: bool, shape (accounts, parcels).
    """

    accounts: tuple[AccountId, ...]
    sizes: npt.NDArray[np.int64]
    holds: npt.NDArray[np.bool_]

    @classmethod
    def over(cls, held_by_account: Mapping[AccountId, Held], scale: Scale) -> _Grid:
        """Return the grid of everything that these accounts hold."""
        accounts = tuple(sorted(held_by_account))
        distinct = {f for held in held_by_account.values() for f in held.footprints}
        number = {footprint: i for i, footprint in enumerate(distinct)}
        cut = parcels(tuple(number), scale)
        owned = np.zeros((len(accounts), len(number)), dtype=bool)
        for row, account in zip(owned, accounts, strict=True):
            row[[number[f] for f in held_by_account[account].footprints]] = True
        # The first parcels are the footprints themselves; the rest are shared.
        shared = [parcel.owners for parcel in cut[len(number) :]]
        holds = np.hstack([owned, _holds_any(owned, shared)])
        sizes = np.array([parcel.bytes for parcel in cut], dtype=np.int64)
        return cls(accounts=accounts, sizes=sizes, holds=holds)

    def unions_with(self, held: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Return what each account holds together with ``held``, in bytes."""
        unions: npt.NDArray[np.int64] = (self.holds | held) @ self.sizes
        return unions

    def unions_of(self, start: int, end: int) -> npt.NDArray[np.int64]:
        """Return what accounts from ``start`` on hold together with each, in bytes.

        A product of matrices: a pair at a time takes forty times as long.

        Returns:
            int64, shape (end - start, accounts).
        """
        # The quick product has doubles.
        exact = int(self.sizes.sum()) < _EXACT_IN_DOUBLES
        holds = self.holds.astype(np.float64 if exact else np.int64)
        own = holds @ self.sizes.astype(holds.dtype)
        both = (holds[start:end] * self.sizes) @ holds.T
        unions: npt.NDArray[np.int64] = (own[start:end, None] + own - both).astype(
            np.int64
        )
        return unions


def _holds_any(
    owned: npt.NDArray[np.bool_], groups: Sequence[tuple[int, ...]]
) -> npt.NDArray[np.bool_]:
    """Return which accounts hold one of each group of footprints.

    Args:
        owned: bool, shape (accounts, footprints).
        groups: Numbers of footprints; none of them empty.
    """
    flat = [number for group in groups for number in group]
    starts = list(accumulate((len(group) for group in groups[:-1]), initial=0))
    if not groups:
        return owned[:, :0]
    held: npt.NDArray[np.bool_] = np.logical_or.reduceat(owned[:, flat], starts, axis=1)
    return held
