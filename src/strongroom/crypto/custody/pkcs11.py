"""A custodian whose root key lives in a PKCS#11 token: an HSM, a card, SoftHSM.

The wraps are the same bytes that any custodian makes, only that AES-GCM runs in
the token and its key cannot leave it.  Beside the token lies a small file without
secrets, and the anchor; see ``crypto.token_file``.

Whoever has the token *and* its PIN can unwrap everything wrapped to it.  The root
key cannot be copied, so a lost token loses what only it wrapped.

Source: ``docs/specification/custody-token.md``.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from strongroom.crypto import wraps
from strongroom.crypto.anchor_file import AnchorFile, anchor_path
from strongroom.crypto.custody.port import Anchor, VerifyExtension
from strongroom.crypto.custody_file import write_durably
from strongroom.crypto.parts import Evidence, PartOrder
from strongroom.crypto.token import TokenKey
from strongroom.crypto.token_file import TokenFile, read_token_file
from strongroom.crypto.token_uri import TokenUri
from strongroom.errors import ConflictError, SetupError, UnavailableError
from strongroom.types import Random, Secret, new_id

_ANCHOR_KEY_BYTES = 32


class Pkcs11Custodian:
    """A ``KeyCustodian`` that is logged in to its token while the object lives."""

    def __init__(
        self, path: Path, file: TokenFile, key: TokenKey, *, random: Random
    ) -> None:
        self._file = file
        self._key = key
        self._random = random
        self._anchors = AnchorFile(anchor_path(path), self._anchor_key())

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
            wrapped = _new_anchor_key(key, stated.context(), random)
            file = replace(stated, anchor_key=wrapped)
            custodian = cls(path, file, key, random=random)
            # The anchor first: a custodian without one is never usable.
            first = custodian._anchors.first_bytes()
            write_durably(anchor_path(path), first, random)
            write_durably(path, file.to_bytes(), random)
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
        key = TokenKey.find(uri or file.uri, pin, key_id=file.root_key_id.encode())
        custodian = cls(path, file, key, random=random)
        custodian.anchor()
        return custodian

    @property
    def name(self) -> str:
        return self._file.name

    @property
    def root_key_id(self) -> str:
        return self._file.root_key_id

    @property
    def gives_shares(self) -> bool:
        return True

    def wrap(self, secret: Secret, context: bytes) -> bytes:
        return _wrap(self._key, secret, context, self._random)

    def unwrap(
        self,
        wrapped: bytes,
        context: bytes,
        *,
        anchor: Anchor,
        verify_extension: VerifyExtension,
    ) -> Secret:
        with self._anchors.lock() as held:
            self._anchors.advance(held, anchor, verify_extension)
            return self._unwrap(wrapped, context)

    def release(
        self,
        order: PartOrder,
        evidence: Evidence,
        *,
        anchor: Anchor,
        verify_extension: VerifyExtension,
    ) -> bytes:
        del evidence  # whoever holds this object could unwrap just as well
        share = self.unwrap(
            order.wrapped,
            order.place(self.root_key_id),
            anchor=anchor,
            verify_extension=verify_extension,
        )
        return order.seal(share)

    def advance(self, anchor: Anchor, verify_extension: VerifyExtension) -> None:
        with self._anchors.lock() as held:
            self._anchors.advance(held, anchor, verify_extension)

    def anchor(self) -> Anchor:
        with self._anchors.lock() as held:
            return self._anchors.read(held)

    def _unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        nonce, sealed = wraps.split(wrapped)
        secret = self._key.decrypt(nonce, sealed, context)
        if secret is None:
            self._anchor_key()  # a token that opens this is well: it is the wrap
            raise wraps.altered()
        return secret

    def _anchor_key(self) -> Secret:
        nonce, sealed = wraps.split(self._file.anchor_key)
        secret = self._key.decrypt(nonce, sealed, self._file.context())
        if secret is None or len(secret) != _ANCHOR_KEY_BYTES:
            raise UnavailableError(
                f"the token of {self.name} does not open its own anchor key",
                hint="the token failed, or the file beside it was altered",
            )
        return secret


def _wrap(key: TokenKey, secret: Secret, context: bytes, random: Random) -> bytes:
    wraps.check_length(secret)
    nonce = random(wraps.NONCE_BYTES)
    return nonce + key.encrypt(nonce, secret, context)


def _new_anchor_key(key: TokenKey, context: bytes, random: Random) -> bytes:
    """Return a wrapped anchor key, after the token proved to bind it.

    Raises:
        SetupError: It ignores the associated data, or chooses its own nonce.
    """
    wrapped = _wrap(key, Secret(random(_ANCHOR_KEY_BYTES)), context, random)
    nonce, sealed = wraps.split(wrapped)
    right = key.decrypt(nonce, sealed, context)
    wrong = key.decrypt(nonce, sealed, context + b"?")
    if right is None or wrong is not None:
        raise SetupError(
            "the token's AES-GCM does not bind a wrap to its place",
            hint="use a token whose CKM_AES_GCM takes associated data and a nonce",
        )
    return wrapped
