"""What custodians have in common whose caller could unwrap just as well."""

from __future__ import annotations

from abc import ABC, abstractmethod

from strongroom.crypto.custody.port import Anchor, VerifyExtension
from strongroom.crypto.handover import Order, WrappedShare
from strongroom.crypto.parts import Evidence
from strongroom.errors import SetupError
from strongroom.types import Secret


class NearCustodian(ABC):
    """The half of a ``KeyCustodian`` that follows from ``unwrap``.

    It looks at no evidence: whoever holds the object has no need to show any.
    """

    @property
    @abstractmethod
    def root_key_id(self) -> str:
        """See ``KeyCustodian``."""

    @abstractmethod
    def unwrap(
        self,
        wrapped: bytes,
        context: bytes,
        *,
        anchor: Anchor,
        verify_extension: VerifyExtension,
    ) -> Secret:
        """See ``KeyCustodian``."""

    @property
    def gives_shares(self) -> bool:
        """Whoever has this object has its shares."""
        return True

    @property
    def adopts(self) -> str:
        """No former root key: what it should take over is unwrapped and wrapped."""
        return ""

    def release(
        self,
        order: Order,
        evidence: Evidence,
        *,
        anchor: Anchor,
        verify_extension: VerifyExtension,
    ) -> bytes:
        """See ``KeyCustodian``."""
        del evidence
        share = self.unwrap(
            order.wrapped,
            order.place(self.root_key_id),
            anchor=anchor,
            verify_extension=verify_extension,
        )
        return order.seal(share)

    def adopt(
        self,
        held: WrappedShare,
        evidence: Evidence,
        *,
        anchor: Anchor,
        verify_extension: VerifyExtension,
    ) -> bytes:
        """Refuse; see ``adopts``.

        Raises:
            SetupError: Always.
        """
        del held, evidence, anchor, verify_extension
        raise SetupError(f"{self.root_key_id} takes over from no other root key")
