"""A custodian whose root key lives in a PKCS#11 token: an HSM, a card, SoftHSM.

The wraps are the same bytes that any custodian makes, only that AES-GCM runs in
the token and its key cannot leave it.

Whoever has the token *and* its PIN can unwrap everything wrapped to it.  The root
key cannot be copied, so a lost token loses what only it wrapped.

Source: ``docs/specification/custody-token.md``.
"""

from __future__ import annotations

import os
from pathlib import Path

from strongroom.crypto import wraps
from strongroom.crypto.held_key import HeldKeyCustodian, with_anchor_key
from strongroom.crypto.token import TokenKey
from strongroom.crypto.token_file import TokenFile, read_token_file
from strongroom.crypto.token_uri import TokenUri
from strongroom.errors import ConflictError, IntegrityError
from strongroom.types import Random, Secret, new_id


class Pkcs11Custodian(HeldKeyCustodian):
    """A ``KeyCustodian`` that is logged in to its token while the object lives."""

    @classmethod
    def create(
        cls, path: Path, *, name: str, uri: TokenUri, pin: Secret, random: Random
    ) -> Pkcs11Custodian:
        """Make a root key inside the token, write both files, and return it.

        Args:
            path: Where the file beside the token goes; its folder exists.
            name: The custody domain.
            uri: Which token; the key's label must be new there.
            pin: Of the token's user.
            random: Gives the id, the anchor's key and nonces.

        Raises:
            ConflictError: There is a custodian at ``path``, or such a key.
            DeniedError: The PIN is wrong or locked.
            InputError: The name is not usable.
            MissingError: There is no such token.
            SetupError: The token cannot bind a wrap to its place, or two tokens
                have this label.
            UnavailableError: The token or the disk does not answer.
        """
        if path.exists():  # before a key is made that nobody would use
            raise ConflictError(f"there is a custodian at {path}")
        stated = TokenFile(name=name, root_key_id=new_id("root", random), uri=uri)
        key = TokenKey.generate(uri, pin, key_id=stated.root_key_id.encode())
        try:
            held = _Held(key, random)
            custodian = cls(path, with_anchor_key(stated, held, random), held)
            custodian.store(path, random)
        except BaseException:  # also an interrupt: a key without a file is lost
            key.destroy()
            raise
        return custodian

    @classmethod
    def open(
        cls,
        path: Path,
        pin: Secret,
        *,
        uri: TokenUri | None = None,
        random: Random = os.urandom,
    ) -> Pkcs11Custodian:
        """Return the custodian, logged in.

        Args:
            path: Of the file beside the token.
            pin: Of the token's user.
            uri: Where the token is now; as it was when it was made if ``None``.
            random: Gives nonces.

        Raises:
            DeniedError: The PIN is wrong or locked.
            IntegrityError: One of the two files was altered.
            MissingError: There is no such file, token or key.
            SetupError: Two tokens have this label, or the library is missing.
            UnavailableError: The token or the disk does not answer.
        """
        file = read_token_file(path)
        where = uri or file.uri
        if not isinstance(where, TokenUri):
            raise IntegrityError(f"{path} is of another kind of custodian")
        key = TokenKey.find(where, pin, key_id=file.root_key_id.encode())
        custodian = cls(path, file, _Held(key, random))
        custodian.anchor()
        return custodian


class _Held:
    """A ``HeldKey`` in a token."""

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
