"""A symmetric key in AWS KMS.

The service encrypts and decrypts by AES-256-GCM and keeps the key; a wrap is the
ciphertext that it returns.  The place of a wrap is its *encryption context*, which
KMS authenticates and writes into CloudTrail.

Run against moto's KMS, never against AWS; see ``docs/reference/adapters.md``.

Source: AWS KMS API reference (CreateKey, CreateAlias, DescribeKey, Encrypt, Decrypt).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Final, cast

from strongroom.crypto.aws_kms_calls import ask_kms, strange
from strongroom.crypto.aws_kms_uri import AwsKmsUri, Login
from strongroom.crypto.conversation import SECONDS
from strongroom.errors import (
    InputError,
    IntegrityError,
    MissingError,
    SetupError,
)
from strongroom.types import Secret

CONTEXT: Final = "strongroom-place"
"""The one name in our encryption contexts; the place is its value, in base64."""

MAX_SECRET_BYTES: Final = 4096
"""Longest plaintext of Encrypt under a symmetric key."""

MAX_WRAP_BYTES: Final = 6144
"""Longest ciphertext that Decrypt takes."""

_MAX_PLACE_BYTES = 4096  # a context of 8192 characters is the longest, names included
_KEY_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_STAYS = ("AWS_KMS", "AWS_CLOUDHSM")
"""Origins whose key was made inside; an imported one exists elsewhere too."""


class AwsKmsKey:
    """A key held by the service, asked for anew at each use.

    Args:
        uri: Where it is.
        login: What the service knows us by.
        key_id: Which key, fixed: an alias could be moved to another one.
        seconds: What a whole answer may take, however slowly it drips.
    """

    def __init__(
        self, uri: AwsKmsUri, login: Login, *, key_id: str, seconds: float = SECONDS
    ) -> None:
        self._uri = uri
        self._login = login
        self._key_id = key_id
        self._seconds = seconds

    @classmethod
    def make(
        cls, uri: AwsKmsUri, login: Login, *, seconds: float = SECONDS
    ) -> AwsKmsKey:
        """Have the service make a key under the alias and return it.

        Raises:
            DeniedError: The access key may not.
            SetupError: The alias is taken, or botocore is missing.
            UnavailableError: The service does not answer.
        """
        key = cls(uri, login, key_id=f"alias/{uri.key}", seconds=seconds)
        taken = f"the service has a key {uri.key} in {uri.region}"
        try:
            key._ask("DescribeKey", {"KeyId": key._key_id})
        except MissingError:
            pass
        else:
            raise SetupError(taken, hint="name another in the URI")
        asked = {"KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT"}
        made = _key_id(key._ask("CreateKey", asked), uri)
        try:
            key._ask("CreateAlias", {"AliasName": key._key_id, "TargetKeyId": made})
        except InputError:
            raise SetupError(taken, hint="name another in the URI") from None
        return cls.find(uri, login, seconds=seconds)

    @classmethod
    def find(
        cls, uri: AwsKmsUri, login: Login, *, seconds: float = SECONDS
    ) -> AwsKmsKey:
        """Return the key that the alias names now, if it is one that stays there.

        Raises:
            DeniedError: The access key may not.
            MissingError: There is no such key.
            SetupError: It is of another kind, disabled, or was imported; or botocore
                is missing.
            UnavailableError: The service does not answer.
        """
        key = cls(uri, login, key_id=f"alias/{uri.key}", seconds=seconds)
        answer = key._ask("DescribeKey", {"KeyId": key._key_id})
        found = _metadata(answer, uri)
        kind = (found.get("KeySpec"), found.get("KeyUsage"))
        if kind != ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"):
            raise SetupError(f"the key {uri.key} is not a symmetric one that encrypts")
        if found.get("Origin") not in _STAYS:
            raise SetupError(f"the key {uri.key} was not made by its service")
        if found.get("KeyState") != "Enabled":
            raise SetupError(f"the key {uri.key} is disabled, or will be deleted")
        return cls(uri, login, key_id=_key_id(answer, uri), seconds=seconds)

    def discard(self) -> None:
        """Leave the key: KMS deletes one after a week at the earliest."""

    def wrap(self, secret: Secret, place: bytes) -> bytes:
        """Return the secret encrypted by the service, bound to its place.

        Raises:
            InputError: The secret is empty or too long, or the place is too long.
            DeniedError: The access key may not.
            MissingError: The key is gone.
            UnavailableError: The service does not answer, or not with a wrap.
        """
        if not 0 < len(secret) <= MAX_SECRET_BYTES:
            raise InputError(f"AWS KMS wraps 1 to {MAX_SECRET_BYTES} bytes")
        answer = self._ask(
            "Encrypt",
            {
                "KeyId": self._key_id,
                "Plaintext": _base64(secret.reveal()),
                "EncryptionContext": _context(place),
            },
        )
        wrapped = self._bytes(answer, "CiphertextBlob")
        if not _is_wrap(wrapped):
            raise strange(self._uri)
        return wrapped

    def unwrap(self, wrapped: bytes, place: bytes) -> Secret | None:
        """Return the secret, or ``None`` if the service refused it.

        Raises:
            IntegrityError: It has the form of no wrap.
            InputError: The place is too long.
            DeniedError: The service does not know the access key.
            MissingError: The key is gone.
            UnavailableError: The service does not answer, or not with a secret.
        """
        if not _is_wrap(wrapped):
            raise IntegrityError("a wrap is not one of AWS KMS")
        asked = {
            "KeyId": self._key_id,  # or KMS takes whichever key the ciphertext names
            "CiphertextBlob": _base64(wrapped),
            "EncryptionContext": _context(place),
        }
        try:
            answer = self._ask("Decrypt", asked)
        except InputError:
            return None
        return Secret(self._bytes(answer, "Plaintext"))

    def _bytes(self, answer: Mapping[str, object], field: str) -> bytes:
        try:
            return base64.b64decode(str(answer[field]), validate=True)
        except (KeyError, ValueError):
            raise strange(self._uri) from None

    def _ask(self, what: str, document: Mapping[str, object]) -> Mapping[str, object]:
        """Return the answer; ``InputError`` is what the service refused."""
        return ask_kms(self._uri, self._login, what, document, seconds=self._seconds)


def _metadata(answer: Mapping[str, object], uri: AwsKmsUri) -> Mapping[str, object]:
    found = answer.get("KeyMetadata")
    if not isinstance(found, dict):
        raise strange(uri)
    return cast("Mapping[str, object]", found)


def _key_id(answer: Mapping[str, object], uri: AwsKmsUri) -> str:
    found = _metadata(answer, uri).get("KeyId")
    if not isinstance(found, str) or not _KEY_ID.fullmatch(found):
        raise strange(uri)
    return found


def _context(place: bytes) -> Mapping[str, str]:
    if len(place) > _MAX_PLACE_BYTES:
        raise InputError(f"AWS KMS binds a wrap to at most {_MAX_PLACE_BYTES} bytes")
    return {CONTEXT: _base64(place)}


def _is_wrap(wrapped: bytes) -> bool:
    """Return whether it can be one: AWS does not publish what is in it."""
    return 0 < len(wrapped) <= MAX_WRAP_BYTES


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
