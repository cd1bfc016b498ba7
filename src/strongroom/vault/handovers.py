"""Moves shares to the recovery key, or to the root key that follows.

Where the custodian gives its shares, they pass through here.  One that runs
elsewhere does it by itself, for the entry that says so.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeAlias

from strongroom.crypto.custody.port import Anchor, KeyCustodian
from strongroom.crypto.handover import RecoveryOrder, WrappedShare
from strongroom.crypto.parts import Evidence
from strongroom.errors import IntegrityError, SetupError
from strongroom.ledger.anchors import Anchors
from strongroom.ledger.evidence import evidence_of
from strongroom.ledger.log import Ledger
from strongroom.ledger.recorded import Facts, newest_recorded
from strongroom.vault.recovery_sets import RecoverySet
from strongroom.vault.recovery_wraps import Held

Show: TypeAlias = Callable[[Anchor], Evidence]
"""Gives what shows an entry under a checkpoint."""


class Handovers:
    """What moves the shares of one room."""

    def __init__(self, ledger: Ledger, anchors: Anchors) -> None:
        self._ledger = ledger
        self._anchors = anchors

    def to_recovery(
        self, custodian: KeyCustodian, one: RecoverySet
    ) -> Callable[[Held], bytes]:
        """Return what wraps a share of this custodian to a recovery set.

        It raises ``DeniedError`` where the custodian was not told to trust the set.

        Raises:
            IntegrityError: No entry puts the set in force.
        """
        root = custodian.root_key_id
        known = self._anchors.newest()
        if custodian.gives_shares:

            def here(held: Held) -> bytes:
                _verify_wrapped(held, root)
                place, wrapped = held.context(root), held.wrapped[root]
                share = self._anchors.unwrap(custodian, wrapped, place, known=known)
                return one.wrap(share, held.context(one.id))

            return here
        show = self._entry("recovery.created", lambda facts: facts["key"] == one.id)

        def there(held: Held) -> bytes:
            _verify_wrapped(held, root)
            order = RecoveryOrder(held=held.under(root), public=one.public)
            return self._anchors.release(custodian, order, show, covering=known)

        return there

    def to_successor(
        self, old: KeyCustodian, new: KeyCustodian
    ) -> Callable[[WrappedShare], bytes]:
        """Return what wraps a share of one custodian under the root key of another.

        Raises:
            IntegrityError: No entry begins this rotation.
            SetupError: The old one gives out no shares, and the new one is not of
                its keeper.
        """
        before, after = old.root_key_id, new.root_key_id
        known = self._anchors.newest()
        if old.gives_shares:
            return lambda held: self.again(
                old,
                new,
                held.wrapped,
                held.place(before),
                held.place(after),
                known=known,
            )
        verify_keeper(old, new)
        show = self._entry(
            "rotation.begun",
            lambda facts: (facts["root"], facts["successor"]) == (before, after),
        )
        return lambda held: self._anchors.adopt(new, held, show, covering=known)

    def again(
        self,
        old: KeyCustodian,
        new: KeyCustodian,
        wrapped: bytes,
        before: bytes,
        after: bytes,
        *,
        known: Anchor | None = None,
    ) -> bytes:
        """Return a secret wrapped by the successor, which opened it once.

        Args:
            old: Gives the secret.
            new: Wraps it again.
            wrapped: The secret under the old root key.
            before: Its place under that one.
            after: Its place under the new one.
            known: A recent checkpoint, where many are moved.

        Raises:
            IntegrityError: The wrap was altered, or the successor does not give
                back what it wrapped.
            UnavailableError: A custodian is locked or does not answer.
        """
        secret = self._anchors.unwrap(old, wrapped, before, known=known)
        again = new.wrap(secret, after)
        if (
            new.gives_shares
            and self._anchors.unwrap(new, again, after, known=known) != secret
        ):
            raise IntegrityError(f"{new.name} does not give back what it wrapped")
        return again

    def _entry(self, kind: str, where: Callable[[Facts], bool]) -> Show:
        with self._ledger.reading() as reading:
            found = newest_recorded(self._ledger, reading, kind, where=where)
        if found is None:
            raise IntegrityError(
                f"no {kind} in the ledger says what the database says",
                hint="strongroom ledger verify",
            )
        entry = found.entry
        return cache(lambda anchor: evidence_of(self._ledger, entry, anchor))


def verify_keeper(old: KeyCustodian, new: KeyCustodian) -> None:
    """Check that shares can go from one custodian to another.

    Raises:
        SetupError: The old one gives out no shares, and the new one does not hold
            its root key.
    """
    if not old.gives_shares and new.adopts != old.root_key_id:
        raise stays_apart(old)


def stays_apart(old: KeyCustodian) -> SetupError:
    """Return the error for shares of a custodian elsewhere that cannot go there."""
    return SetupError(
        f"the custodian {old.name} gives out no shares, so they move only to a"
        " custodian of its own keeper",
        hint="strongroom custodian serve NEW --former OLD, then rotate --to unix:PATH",
    )


def _verify_wrapped(held: Held, root: str) -> None:
    if root not in held.wrapped:
        raise IntegrityError(
            f"the key of {held.segment.name} is not wrapped by {held.domain}",
            hint="strongroom ledger verify; restore a backup",
        )
