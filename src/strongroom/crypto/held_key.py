"""A custodian whose root key is held by something else: a token, or a service.

What holds the key wraps and unwraps; the rest is here.  Beside it lies a small
file without secrets, and the anchor; see ``crypto.token_file``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Protocol

from strongroom.crypto.anchor_file import AnchorFile, anchor_path
from strongroom.crypto.custody.port import Anchor, VerifyExtension
from strongroom.crypto.durable import write_durably
from strongroom.crypto.near_custodian import NearCustodian
from strongroom.crypto.token_file import TokenFile
from strongroom.crypto.wraps import altered
from strongroom.errors import SetupError, UnavailableError
from strongroom.types import Random, Secret

_ANCHOR_KEY_BYTES = 32


class HeldKey(Protocol):
    """Wrap and unwrap under one key that never leaves where it is held."""

    def wrap(self, secret: Secret, place: bytes) -> bytes:
        """Return the secret encrypted, bound to its place.

        Raises:
            InputError: The secret is too long.
            UnavailableError: What holds the key does not answer.
        """

    def unwrap(self, wrapped: bytes, place: bytes) -> Secret | None:
        """Return the secret, or ``None`` if it was refused, for whatever reason.

        Raises:
            IntegrityError: It has the form of no wrap.
            UnavailableError: What holds the key does not answer.
        """


class HeldKeyCustodian(NearCustodian):
    """A ``KeyCustodian`` over a held key."""

    def __init__(self, path: Path, file: TokenFile, key: HeldKey) -> None:
        self._file = file
        self._key = key
        self._anchors = AnchorFile(anchor_path(path), self._anchor_key())

    @property
    def name(self) -> str:
        """The custody domain's name."""
        return self._file.name

    @property
    def root_key_id(self) -> str:
        """Names the root key."""
        return self._file.root_key_id

    def wrap(self, secret: Secret, context: bytes) -> bytes:
        """See ``KeyCustodian``."""
        return self._key.wrap(secret, context)

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
            secret = self._key.unwrap(wrapped, context)
            if secret is None:
                self._anchor_key()  # what opens this is well: it is the wrap
                raise altered()
            return secret

    def advance(self, anchor: Anchor, verify_extension: VerifyExtension) -> None:
        """See ``KeyCustodian``."""
        with self._anchors.lock() as held:
            self._anchors.advance(held, anchor, verify_extension)

    def anchor(self) -> Anchor:
        """See ``KeyCustodian``."""
        with self._anchors.lock() as held:
            return self._anchors.read(held)

    def _anchor_key(self) -> Secret:
        secret = self._key.unwrap(self._file.anchor_key, self._file.context())
        if secret is None or len(secret) != _ANCHOR_KEY_BYTES:
            raise UnavailableError(
                f"what holds the key of {self.name} does not open its anchor key",
                hint="it failed, or the file beside it was altered",
            )
        return secret

    def store(self, path: Path, random: Random) -> None:
        """Write both files of a new custodian durably.

        Raises:
            ConflictError: There is a custodian at ``path``.
            UnavailableError: The disk does not answer.
        """
        # The anchor first: a custodian without one is never usable.
        write_durably(
            anchor_path(path), self._anchors.first_bytes(), random, what="a custodian"
        )
        write_durably(path, self._file.to_bytes(), random, what="a custodian")


def with_anchor_key(stated: TokenFile, key: HeldKey, random: Random) -> TokenFile:
    """Return the file with a new anchor key, after the key's holder proved itself.

    Raises:
        SetupError: It ignores the place that a wrap is bound to.
        UnavailableError: It does not answer.
    """
    place = stated.context()
    wrapped = key.wrap(Secret(random(_ANCHOR_KEY_BYTES)), place)
    if key.unwrap(wrapped, place) is None or key.unwrap(wrapped, place + b"?"):
        raise SetupError(
            f"what holds the key of {stated.name} does not bind a wrap to its place",
            hint="use AES-GCM with associated data, and a nonce that is ours to choose",
        )
    return replace(stated, anchor_key=wrapped)
