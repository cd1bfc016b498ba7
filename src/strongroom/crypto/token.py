"""An AES key that lives inside a PKCS#11 token, and what the token says of it.

Everything here speaks to the vendor's library through ``python-pkcs11`` and
translates its errors at the call.  The key is made in the token, is sensitive and
cannot be extracted.

What real tokens do, tried on SoftHSM 2.6.1: a wrong tag and a broken device are
both ``GeneralError``, so a known wrap is opened to tell them apart; a token whose
files are taken away answers ``ObjectHandleInvalid`` and goes on answering that
after it is put back; a process logs in once for all of its sessions.

Source: PKCS #11 v3.1 section 6.13; ``docs/specification/custody-token.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from strongroom.crypto.token_login import log_in, translated
from strongroom.crypto.token_uri import TokenUri
from strongroom.errors import (
    ConflictError,
    MissingError,
    SetupError,
    UnavailableError,
)
from strongroom.types import Secret

if TYPE_CHECKING:
    from pkcs11 import SecretKey, Session

TAG_BYTES: Final = 16


class TokenKey:
    """One AES-256 key inside a token, through one session of this process."""

    def __init__(self, label: str, session: Session, key: SecretKey) -> None:
        """Keep the session open for as long as the object lives."""
        self._label = label
        self._session = session
        self._key = key

    @classmethod
    def generate(cls, uri: TokenUri, pin: Secret, *, key_id: bytes) -> TokenKey:
        """Make a key inside the token and return it.

        Args:
            uri: Which token, and the key's label.
            pin: Of the token's user.
            key_id: What the key is found by again.

        Raises:
            ConflictError: The token has a key with this label.
            DeniedError: The PIN is wrong, or locked.
            MissingError: There is no such token.
            SetupError: The token, or its library, cannot be used.
            UnavailableError: It does not answer.
        """
        from pkcs11 import Attribute, KeyType

        session = log_in(uri, pin, writing=True)
        with translated(uri.token):
            if list(_keys(session, {Attribute.LABEL: uri.object})):
                raise ConflictError(
                    f"token {uri.token} has a key {uri.object!r}",
                    hint="name another: object=LABEL in its URI",
                )
            key = session.generate_key(
                KeyType.AES,
                256,
                label=uri.object,
                id=key_id,
                store=True,
                template={
                    Attribute.SENSITIVE: True,
                    Attribute.EXTRACTABLE: False,
                    Attribute.MODIFIABLE: False,
                },
            )
        return cls(uri.token, session, key)

    @classmethod
    def find(cls, uri: TokenUri, pin: Secret, *, key_id: bytes) -> TokenKey:
        """Return the key of this id and label.

        Raises:
            DeniedError: The PIN is wrong, or locked.
            MissingError: There is no such token, or no such key in it.
            SetupError: The token, or its library, cannot be used; or the key
                could leave it.
            UnavailableError: It does not answer.
        """
        from pkcs11 import Attribute

        session = log_in(uri, pin, writing=False)
        with translated(uri.token):
            found = list(
                _keys(session, {Attribute.ID: key_id, Attribute.LABEL: uri.object})
            )
            if len(found) != 1:
                raise MissingError(
                    f"token {uri.token} has {len(found)} keys {uri.object!r} of this"
                    " custodian",
                    hint="name the token that was there when it was made: serial=…",
                )
            if found[0][Attribute.EXTRACTABLE] or not found[0][Attribute.SENSITIVE]:
                raise SetupError(f"the key {uri.object!r} can leave its token")
        return cls(uri.token, session, found[0])

    def encrypt(self, nonce: bytes, plain: Secret, place: bytes) -> bytes:
        """Return ciphertext and tag, made inside the token.

        Raises:
            UnavailableError: The token does not answer.
        """
        from pkcs11 import GCMParams, Mechanism

        with translated(self._label):
            sealed = self._key.encrypt(
                plain.reveal(),
                mechanism=Mechanism.AES_GCM,
                mechanism_param=GCMParams(nonce, place, 8 * TAG_BYTES),
            )
        if not isinstance(sealed, bytes) or len(sealed) != len(plain) + TAG_BYTES:
            raise UnavailableError(f"token {self._label} returned another length")
        return sealed

    def decrypt(self, nonce: bytes, sealed: bytes, place: bytes) -> Secret | None:
        """Return what was sealed, or ``None`` if the token refused.

        A refusal is a wrong tag or a broken device; the caller has to find out.

        Raises:
            UnavailableError: The token does not answer.
        """
        from pkcs11 import GCMParams, Mechanism, exceptions

        refusals = (
            exceptions.GeneralError,
            exceptions.EncryptedDataInvalid,
            exceptions.EncryptedDataLenRange,
            exceptions.FunctionFailed,
        )
        with translated(self._label):
            try:
                plain = self._key.decrypt(
                    sealed,
                    mechanism=Mechanism.AES_GCM,
                    mechanism_param=GCMParams(nonce, place, 8 * TAG_BYTES),
                )
            except refusals:
                return None
        return Secret(bytes(plain))

    def destroy(self) -> None:
        """Remove the key from its token, for good.

        Raises:
            UnavailableError: The token does not answer.
        """
        with translated(self._label):
            self._key.destroy()


def _keys(session: Session, attributes: dict[object, object]) -> Iterator[SecretKey]:
    from pkcs11 import Attribute, ObjectClass

    wanted = {Attribute.CLASS: ObjectClass.SECRET_KEY, **attributes}
    yield from session.get_objects(wanted)
