"""What custodians have in common whose anchor is a file beside their own."""

from __future__ import annotations

from abc import abstractmethod

from strongroom.crypto.anchor_file import AnchorFile
from strongroom.crypto.custody.port import Anchor, VerifyExtension
from strongroom.crypto.near_custodian import NearCustodian
from strongroom.types import Secret


class AnchoredCustodian(NearCustodian):
    """A ``KeyCustodian`` that moves its anchor, under a lock, before it unwraps."""

    def __init__(self, anchors: AnchorFile) -> None:
        self._anchors = anchors

    @abstractmethod
    def _unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        """Return the secret; the anchor has moved.

        Raises:
            IntegrityError: It was altered, or stands in another place.
            UnavailableError: What holds the key does not answer.
        """

    def unwrap(
        self,
        wrapped: bytes,
        context: bytes,
        *,
        anchor: Anchor,
        verify_extension: VerifyExtension,
    ) -> Secret:
        """See ``KeyCustodian``."""
        with self._anchors.lock() as held:
            self._anchors.advance(held, anchor, verify_extension)
            return self._unwrap(wrapped, context)

    def advance(self, anchor: Anchor, verify_extension: VerifyExtension) -> None:
        """See ``KeyCustodian``."""
        with self._anchors.lock() as held:
            self._anchors.advance(held, anchor, verify_extension)

    def anchor(self) -> Anchor:
        """See ``KeyCustodian``."""
        with self._anchors.lock() as held:
            return self._anchors.read(held)
