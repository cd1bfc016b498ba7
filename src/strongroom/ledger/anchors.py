"""The checkpoint that custodians keep outside the database.

A key leaves only after the entry that says so is under a checkpoint that the
unwrapping custodian has stored.  Whoever puts an old database back is then
older than the custodian, and whoever rewrites it has another root.

Source: ``docs/decisions/0009-an-anchor-is-a-file-with-two-slots.md``;
``crypto.custody.port``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar

from strongroom.crypto.custody.port import ANCHOR_TRIES, Anchor, KeyCustodian
from strongroom.crypto.handover import Order, WrappedShare
from strongroom.crypto.parts import Evidence
from strongroom.errors import (
    ForkError,
    IntegrityError,
    StaleError,
    UnavailableError,
)
from strongroom.ledger.checkpoint import Checkpoint
from strongroom.ledger.frontier import frontier_at
from strongroom.ledger.log import Entry, Ledger, Reading
from strongroom.ledger.sequencer import newest_note
from strongroom.ledger.tree import (
    consistency_proof,
    inclusion_proof,
    verify_consistency,
    verify_inclusion,
)
from strongroom.types import Secret

Got = TypeVar("Got")


class Anchors:
    """Moves custodians along with one ledger."""

    def __init__(
        self, ledger: Ledger, *, before_release: Callable[[int], None] | None = None
    ) -> None:
        """Remember the ledger; nothing is read yet.

        Args:
            ledger: Whose checkpoints are anchored.
            before_release: Is given the size of the checkpoint under which a key
                leaves, and raises if it may not leave yet.
        """
        self._ledger = ledger
        self._before_release = before_release

    def newest(self) -> Anchor:
        """Return the newest checkpoint of the database as an anchor.

        Raises:
            IntegrityError: Its signature does not verify.
        """
        with self._ledger.reading() as reading:
            note = newest_note(reading.connection)
        return Anchor.empty() if note is None else self.of_note(note.encode())

    def of_note(self, note: bytes) -> Anchor:
        """Return the anchor that a signed checkpoint of this ledger states.

        Raises:
            IntegrityError: It is not signed with the pinned key.
        """
        checkpoint = self._open(note)
        return Anchor(size=checkpoint.size, root=checkpoint.root, note=note)

    def covering(self, reading: Reading, entry: Entry) -> Anchor:
        """Return a checkpoint that proves to cover ``entry``.

        Raises:
            UnavailableError: No checkpoint covers it yet.
            IntegrityError: The entry is not in the signed tree.
        """
        note = newest_note(reading.connection)
        anchor = Anchor.empty() if note is None else self.of_note(note.encode())
        position = entry.position
        if position is None or position >= anchor.size:
            raise UnavailableError("the entry is not under a checkpoint yet")
        proof = inclusion_proof(
            self._ledger.nodes(reading), index=position, size=anchor.size
        )
        verify_inclusion(
            entry.leaf, index=position, size=anchor.size, proof=proof, root=anchor.root
        )
        return anchor

    def unwrap(
        self,
        custodian: KeyCustodian,
        wrapped: bytes,
        context: bytes,
        *,
        covering: Anchor | None = None,
        known: Anchor | None = None,
    ) -> Secret:
        """Return the secret once the custodian stored a checkpoint.

        Args:
            custodian: Whose root key wraps it.
            wrapped: The wrap.
            context: What it is bound to.
            covering: The checkpoint that covers the entry which says that the
                secret leaves; the custodian stores this one or an extension.
            known: A recent checkpoint, where nothing leaves and many secrets are
                unwrapped: reading the newest costs more than unwrapping.

        Raises:
            ForkError: The database does not extend what the custodian saw, or
                lost what ``covering`` covers.
            IntegrityError: The wrap was altered or moved.
            UnavailableError: The custodian or the database does not answer, or
                witnesses that have to sign first did not.
        """
        if covering is not None:
            self._ask_first(covering)
        return self._retried(
            custodian,
            covering or known or self.newest(),
            lambda anchor: custodian.unwrap(
                wrapped,
                context,
                anchor=anchor,
                verify_extension=self.verify_extension,
            ),
        )

    def release(
        self,
        custodian: KeyCustodian,
        order: Order,
        evidence: Callable[[Anchor], Evidence],
        *,
        covering: Anchor,
    ) -> bytes:
        """Return what the custodian sealed to a reader, or to the recovery key.

        Args:
            custodian: Whose root key wraps the share.
            order: Which share, for whom.
            evidence: Gives what shows the entry under a checkpoint.
            covering: The checkpoint that covers the entry.

        Raises:
            DeniedError: The custodian does not find the reader in the entry, or does
                not trust the recovery key.
            ForkError: The database does not extend what the custodian saw, or
                lost what ``covering`` covers.
            IntegrityError: The wrap was altered or moved.
            UnavailableError: As ``unwrap``.
        """
        self._ask_first(covering)
        return self._retried(
            custodian,
            covering,
            lambda anchor: custodian.release(
                order,
                evidence(anchor),
                anchor=anchor,
                verify_extension=self.verify_extension,
            ),
        )

    def adopt(
        self,
        custodian: KeyCustodian,
        held: WrappedShare,
        evidence: Callable[[Anchor], Evidence],
        *,
        covering: Anchor,
    ) -> bytes:
        """Return a share of a former root key as its custodian wrapped it again.

        Args:
            custodian: Holds both root keys.
            held: The share, wrapped under the former one.
            evidence: Gives what shows under a checkpoint that the one follows.
            covering: The checkpoint that covers that entry.

        Raises:
            SetupError: The custodian takes over from no root key.
            StrongroomError: As ``release``.
        """
        return self._retried(
            custodian,
            covering,
            lambda anchor: custodian.adopt(
                held,
                evidence(anchor),
                anchor=anchor,
                verify_extension=self.verify_extension,
            ),
        )

    def advance(self, custodian: KeyCustodian) -> None:
        """Show the custodian the newest checkpoint.

        Raises:
            ForkError: The database does not extend what the custodian saw.
        """
        self._retried(
            custodian,
            self.newest(),
            lambda anchor: custodian.advance(anchor, self.verify_extension),
        )

    def advance_all(self, custodians: Iterable[KeyCustodian]) -> None:
        """Show every unlocked custodian the newest checkpoint.

        Keys leave only after that anyway.  What takes a right away is anchored
        too: else the file from before a revocation could be put back unseen.

        Raises:
            ForkError: The database does not extend what one of them saw.
        """
        for custodian in custodians:
            with suppress(UnavailableError):  # locked: it is shown at unlock
                self.advance(custodian)

    def verify_extension(self, older: Anchor, newer: Anchor) -> list[bytes]:
        """Return the proof that this ledger has both heads, one grown from the other.

        Raises:
            ForkError: One of them is not, or the database lost entries.
        """
        if newer.size < older.size:
            raise ForkError(
                f"the ledger had {older.size} entries and has {newer.size}",
                hint="restore the newest backup; strongroom ledger verify",
            )
        with self._ledger.reading() as reading:
            note = newest_note(reading.connection)
            size = self._open(note.encode()).size if note else 0
            if size < newer.size:
                raise ForkError(
                    f"the database has {size} entries where a custodian"
                    f" saw {newer.size}: an older database was put back",
                    hint="restore the newest backup; strongroom ledger verify",
                )
            nodes = self._ledger.nodes(reading)
            root = frontier_at(nodes, newer.size).root()
            proof = consistency_proof(nodes, older=older.size, newer=newer.size)
        if newer.size:
            seen = self._open(newer.note)
            if (seen.size, seen.root) != (newer.size, newer.root):
                raise ForkError("a checkpoint says something else than its anchor")
        try:
            if newer.root != root:
                raise ForkError(f"the first {newer.size} entries are others")
            verify_consistency(
                older=older.size,
                older_root=older.root,
                newer=newer.size,
                newer_root=root,
                proof=proof,
            )
        except IntegrityError as error:
            raise ForkError(
                f"this is not the ledger that a custodian saw: {error}; somebody"
                " rewrote it",
                hint="strongroom ledger verify names the entry",
            ) from None
        return proof

    def _ask_first(self, covering: Anchor) -> None:
        """Have witnesses sign before a key leaves, where the room demands it."""
        if self._before_release is not None:
            self._before_release(covering.size)

    def _retried(
        self, custodian: KeyCustodian, anchor: Anchor, ask: Callable[[Anchor], Got]
    ) -> Got:
        """Ask with a checkpoint, and with the newest while that is called stale."""
        for _ in range(ANCHOR_TRIES):
            try:
                return ask(anchor)
            except StaleError:
                newest = self.newest()
                self.verify_extension(anchor, newest)
                anchor = newest
        raise StaleError(f"{custodian.name} moves faster than the ledger is read")

    def _open(self, note: bytes) -> Checkpoint:
        try:
            text = note.decode()
        except UnicodeDecodeError:
            raise IntegrityError("a checkpoint is not text") from None
        return self._ledger.notes.open(text)
