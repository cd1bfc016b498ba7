"""A custodian that runs as a process of its own, under another account.

Everything is asked over a Unix socket.  It keeps its shares: it seals their parts
to readers, wraps them for recovery, and moves them to a root key that follows,
each only for an entry of the ledger that says so.

The socket's folder decides who can stand in for the custodian, so the user at the
other end must be the one that ``room.toml`` names.

Source: ``docs/specification/custody-protocol.md``.
"""

from __future__ import annotations

import os
import socket
import weakref
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

from strongroom.crypto import custody_frames, custody_line, wraps
from strongroom.crypto.custody.port import ANCHOR_TRIES, Anchor, VerifyExtension
from strongroom.crypto.custody_frames import (
    Document,
    base64_of,
    bases64_of,
    number,
    raise_error,
    raw,
    text,
)
from strongroom.crypto.custody_messages import (
    anchor_document,
    evidence_document,
    order_document,
    parse_anchor,
    share_document,
)
from strongroom.crypto.custody_pin import Pin
from strongroom.crypto.handover import Order, RecoveryOrder, WrappedShare
from strongroom.crypto.parts import Evidence
from strongroom.errors import (
    SetupError,
    StaleError,
    StrongroomError,
    UnavailableError,
)
from strongroom.types import Secret

ANSWER_SECONDS = 30.0
"""Argon2 was paid when the process began; a slow disk or token gets this long."""


class RemoteCustodian:
    """A ``KeyCustodian`` behind a Unix socket.

    Nothing is connected before the first call: a room opens without it, and what
    lies in its domain waits.

    Args:
        path: Of the socket.
        name: The custody domain that it must be of.
        uid: The user that must be at the other end.
        pin: Our room, and the key of its checkpoints.
    """

    def __init__(self, path: Path, *, name: str, uid: int, pin: Pin) -> None:
        self._path = path
        self._name = name
        self._uid = uid
        self._pin = pin
        self._lock = Lock()
        self._connection: socket.socket | None = None
        self._leave: weakref.finalize[Any, Any]
        self._root_key_id = ""
        self._adopts = ""
        self._seen: Anchor | None = None
        self._above = 0

    @property
    def name(self) -> str:
        return self._name

    @property
    def root_key_id(self) -> str:
        if not self._root_key_id:
            with self._lock:
                self._greet()
        return self._root_key_id

    @property
    def gives_shares(self) -> bool:
        return False

    @property
    def adopts(self) -> str:
        with self._lock:
            self._greet()
        return self._adopts

    def wrap(self, secret: Secret, context: bytes) -> bytes:
        wraps.check_length(secret)
        answer = self._ask(
            {
                "do": "wrap",
                "secret": base64_of(secret.reveal()),
                "context": base64_of(context),
            }
        )
        return raw(answer, "wrapped")

    def unwrap(
        self,
        wrapped: bytes,
        context: bytes,
        *,
        anchor: Anchor,
        verify_extension: VerifyExtension,
    ) -> Secret:
        wraps.split(wrapped)
        request: Document = {
            "do": "unwrap",
            "wrapped": base64_of(wrapped),
            "context": base64_of(context),
        }
        return Secret(raw(self._show(request, anchor, verify_extension), "secret"))

    def release(
        self,
        order: Order,
        evidence: Evidence,
        *,
        anchor: Anchor,
        verify_extension: VerifyExtension,
    ) -> bytes:
        asked: Document
        if isinstance(order, RecoveryOrder):  # whose public half the entry has
            asked = {"do": "recover", "share": share_document(order.held)}
        else:
            asked = {"do": "release", "order": order_document(order)}
        request = {**asked, "evidence": evidence_document(evidence)}
        return raw(self._show(request, anchor, verify_extension), "sealed")

    def adopt(
        self,
        held: WrappedShare,
        evidence: Evidence,
        *,
        anchor: Anchor,
        verify_extension: VerifyExtension,
    ) -> bytes:
        request: Document = {
            "do": "adopt",
            "share": share_document(held),
            "evidence": evidence_document(evidence),
        }
        return raw(self._show(request, anchor, verify_extension), "wrapped")

    def advance(self, anchor: Anchor, verify_extension: VerifyExtension) -> None:
        self._show({"do": "advance"}, anchor, verify_extension)

    def anchor(self) -> Anchor:
        self._seen = parse_anchor(self._ask({"do": "anchor"}).get("anchor"))
        return self._seen

    def above(self) -> int:
        """Return up to which size it was shown what checkpoints have to carry.

        Raises:
            UnavailableError: It does not answer.
        """
        with self._lock:
            self._greet()
        return self._above

    def follow(
        self,
        evidence: Evidence,
        second: str,
        *,
        anchor: Anchor,
        verify_extension: VerifyExtension,
    ) -> None:
        """Show an entry about second signatures; it demands what that says.

        Args:
            evidence: The entry, and that it stands in the ledger of ``anchor``.
            second: The key that it names by digest; empty if it ends them.
            anchor: Signed as was demanded before.
            verify_extension: See ``VerifyExtension``.

        Raises:
            IntegrityError: It does not believe it.
            ForkError: The ledger is not the one that it saw.
            UnavailableError: It does not answer.
        """
        request: Document = {
            "do": "follow",
            "evidence": evidence_document(evidence),
            "second": second,
        }
        self._above = number(self._show(request, anchor, verify_extension), "above")

    def _show(
        self, request: Document, anchor: Anchor, verify_extension: VerifyExtension
    ) -> Document:
        """Ask with a checkpoint and the proof that fits the custodian's anchor."""
        for _ in range(ANCHOR_TRIES):
            seen = self._seen or self.anchor()
            older, newer = sorted((seen, anchor), key=lambda shown: shown.size)
            proof = verify_extension(older, newer) if older.size < newer.size else ()
            answer = self._ask(
                {
                    **request,
                    "anchor": anchor_document(anchor),
                    "seen": seen.size,
                    "proof": bases64_of(proof),
                }
            )
            if "moved" not in answer:
                self._seen = newer
                return answer
            self._seen = parse_anchor(answer["moved"])
        raise StaleError(f"{self._name} moves faster than the ledger is read")

    def _ask(self, request: Document) -> Document:
        """Return the answer; a connection that was closed meanwhile is made anew."""
        with self._lock:
            for last in (self._connection is None, True):
                try:
                    self._greet()
                    answer = self._exchange(request)
                except UnavailableError:
                    if last:
                        raise
                    continue
                break
        if "error" in answer:
            raise_error(answer["error"])
        return answer

    def _greet(self) -> None:
        """Connect unless that is done, and learn whom we talk to."""
        if self._connection is not None:
            return
        self._connection = custody_line.connect(
            self._path, uid=self._uid, seconds=ANSWER_SECONDS
        )
        # Rooms do not close their custodians, and are collected in any order.
        self._leave = weakref.finalize(self, self._connection.close)
        answer = self._exchange(
            {"do": "hello", "room": self._pin.room, "verifier": self._pin.verifier}
        )
        try:
            if "error" in answer:
                raise_error(answer["error"])
            found = text(answer, "name"), text(answer, "root_key_id")
            if found != (self._name, self._root_key_id or found[1]):
                raise SetupError(
                    f"another custodian answers at {self._path}: {found[0]}",
                    hint=f"serve the one of the domain {self._name} there",
                )
        except StrongroomError:
            self._drop()
            raise
        self._root_key_id = found[1]
        self._above = number(answer, "above")
        self._adopts = str(answer.get("adopts", ""))

    def _exchange(self, request: Document) -> Document:
        """Send and receive; a connection on which that failed is never used again."""
        if self._connection is None:
            raise UnavailableError("the connection to a custodian is closed")
        try:
            custody_frames.send(self._connection, request)
            answer = custody_frames.receive(
                self._connection,
                idle_seconds=ANSWER_SECONDS,
                body_seconds=ANSWER_SECONDS,
            )
            if answer is None:
                raise UnavailableError(
                    f"the custodian at {self._path} closed the connection",
                    hint=f"does it allow user {os.geteuid()}? --allow {os.geteuid()}",
                )
        except BaseException:  # also an interrupt: the answer would be the next one's
            self._drop()
            raise
        return answer

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(OSError):
                self._leave()
            self._connection = None
