"""A custodian whose passphrase was not given: it refuses, and says so."""

from __future__ import annotations

from strongroom.crypto.custody.port import Anchor, VerifyExtension
from strongroom.crypto.handover import Order, WrappedShare
from strongroom.crypto.parts import Evidence
from strongroom.errors import UnavailableError
from strongroom.types import Secret


class LockedCustodian:
    """A ``KeyCustodian`` that wraps and unwraps nothing."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    @property
    def root_key_id(self) -> str:
        raise self._locked()

    @property
    def gives_shares(self) -> bool:
        return True

    @property
    def adopts(self) -> str:
        return ""

    def wrap(self, secret: Secret, context: bytes) -> bytes:
        raise self._locked()

    def unwrap(
        self,
        wrapped: bytes,
        context: bytes,
        *,
        anchor: Anchor,
        verify_extension: VerifyExtension,
    ) -> Secret:
        raise self._locked()

    def release(
        self,
        order: Order,
        evidence: Evidence,
        *,
        anchor: Anchor,
        verify_extension: VerifyExtension,
    ) -> bytes:
        raise self._locked()

    def adopt(
        self,
        held: WrappedShare,
        evidence: Evidence,
        *,
        anchor: Anchor,
        verify_extension: VerifyExtension,
    ) -> bytes:
        raise self._locked()

    def advance(self, anchor: Anchor, verify_extension: VerifyExtension) -> None:
        raise self._locked()

    def anchor(self) -> Anchor:
        raise self._locked()

    def _locked(self) -> UnavailableError:
        return UnavailableError(
            f"the custodian {self._name} is locked",
            hint=f"give its passphrase: --passphrase-file {self._name}=FILE",
        )
