"""A custodian in memory, for tests, examples, and the demo."""

from __future__ import annotations

from threading import Lock

from strongroom.crypto import wraps
from strongroom.crypto.custody.port import Anchor, VerifyExtension, settle
from strongroom.crypto.near_custodian import NearCustodian
from strongroom.types import Random, Secret, new_id


class MemoryCustodian(NearCustodian):
    """A ``KeyCustodian`` that forgets key and anchor when the process ends."""

    def __init__(self, name: str, *, random: Random) -> None:
        self._name = name
        self._root_key_id = new_id("root", random)
        self._root = Secret(random(32))
        self._random = random
        self._anchor = Anchor.empty()
        self._lock = Lock()

    @property
    def name(self) -> str:
        return self._name

    @property
    def root_key_id(self) -> str:
        return self._root_key_id

    def wrap(self, secret: Secret, context: bytes) -> bytes:
        return wraps.wrap(self._root, secret, context, self._random)

    def unwrap(
        self,
        wrapped: bytes,
        context: bytes,
        *,
        anchor: Anchor,
        verify_extension: VerifyExtension,
    ) -> Secret:
        with self._lock:
            self._advance(anchor, verify_extension)
            return wraps.unwrap(self._root, wrapped, context)

    def advance(self, anchor: Anchor, verify_extension: VerifyExtension) -> None:
        with self._lock:
            self._advance(anchor, verify_extension)

    def anchor(self) -> Anchor:
        with self._lock:
            return self._anchor

    def _advance(self, anchor: Anchor, verify_extension: VerifyExtension) -> None:
        if settle(self._anchor, anchor, verify_extension):
            self._anchor = anchor
