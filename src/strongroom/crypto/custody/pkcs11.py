"""Custodians whose root key lives in a PKCS#11 token: an HSM, a card, SoftHSM.

The wraps are the same bytes that any custodian makes, only that AES-GCM runs in
the token and its key cannot leave it.

Whoever has the token *and* its PIN can unwrap everything wrapped to it.  The root
key cannot be copied, so a lost token loses what only it wrapped.

Source: ``docs/specification/custody-token.md``.
"""

from __future__ import annotations

from typing import Final

from strongroom.crypto import wraps
from strongroom.crypto.held_key import Holder
from strongroom.crypto.token import TokenKey
from strongroom.crypto.token_uri import TokenUri
from strongroom.types import Random, Secret


class _Held:
    """A ``HeldKey`` in a token, which is logged in to while the object lives."""

    def __init__(self, key: TokenKey, random: Random) -> None:
        self._key = key
        self._random = random

    def wrap(self, secret: Secret, place: bytes) -> bytes:
        wraps.check_length(secret)
        nonce = self._random(wraps.NONCE_BYTES)
        return nonce + self._key.encrypt(nonce, secret, place)

    def unwrap(self, wrapped: bytes, place: bytes) -> Secret | None:
        nonce, sealed = wraps.split(wrapped)
        return self._key.decrypt(nonce, sealed, place)

    def discard(self) -> None:
        self._key.destroy()


def _make(uri: TokenUri, pin: Secret, root_key_id: str, random: Random) -> _Held:
    return _Held(TokenKey.generate(uri, pin, key_id=root_key_id.encode()), random)


def _find(uri: TokenUri, pin: Secret, root_key_id: str, random: Random) -> _Held:
    return _Held(TokenKey.find(uri, pin, key_id=root_key_id.encode()), random)


PKCS11: Final = Holder(uri=TokenUri, make=_make, find=_find)
"""Makes and opens them; the secret is the PIN of the token's user."""
