"""Small secrets encrypted for rest, each bound to the place it belongs to.

A wrap opens only under the root key and the context it was made with.  A wrap
moved to another row, another segment or another room is therefore refused, which
a key wrap without associated data (AES-KW) cannot do.

Format: 12 random bytes of nonce, then AES-256-GCM ciphertext and 16-byte tag.
Random nonces bound one root key to 2**32 wraps (NIST SP 800-38D section 8.3).

Source: ``docs/specification/wraps.md``.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from strongroom import canonical
from strongroom.errors import InputError, IntegrityError
from strongroom.types import ArtifactId, Random, RoomId, Secret, SegmentId, id_bytes

NONCE_BYTES = 12
TAG_BYTES = 16
MAX_SECRET_BYTES = 64 * 1024
"""Longest secret, in bytes: keys, seeds and fields of a row, never documents."""

_KEY_BYTES = 32


def segment_context(
    *,
    room: RoomId,
    artifact: ArtifactId,
    version: int,
    generation: int,
    segment: SegmentId,
    share: int,
    root_key_id: str,
) -> bytes:
    """Return the place of one share of one segment.

    Args:
        room: The installation whose custodian wraps it.
        artifact: Which model or dataset.
        version: Which version of it.
        generation: Which sealing of that version.
        segment: Which segment.
        share: Which share of it, from 0.
        root_key_id: Which root key wraps it.

    Raises:
        InputError: An id is no id, or a number does not fit 64 bits.
    """
    return canonical.encode(
        "strongroom/v1/wrap/segment",
        room,
        id_bytes(artifact),
        version,
        generation,
        id_bytes(segment),
        share,
        root_key_id,
    )


def room_key_context(*, room: RoomId, name: str, root_key_id: str) -> bytes:
    """Return the place of one of the room's own keys, such as ``guard``."""
    return canonical.encode("strongroom/v1/wrap/room-key", room, name, root_key_id)


def wrap(root: Secret, secret: Secret, context: bytes, random: Random) -> bytes:
    """Return ``secret`` encrypted under ``root`` for exactly this context.

    Args:
        root: The 32-byte root key.
        secret: At most ``MAX_SECRET_BYTES``.
        context: What ``segment_context`` or one of its siblings returned.
        random: Gives the nonce.

    Raises:
        InputError: The root key or the secret has a wrong length.
    """
    check_length(secret)
    nonce = random(NONCE_BYTES)
    return nonce + _cipher(root).encrypt(nonce, secret.reveal(), context)


def unwrap(root: Secret, wrapped: bytes, context: bytes) -> Secret:
    """Return the secret.

    Raises:
        InputError: The root key does not have 32 bytes.
        IntegrityError: It was altered, moved from another context, or wrapped
            under another root key.
    """
    nonce, sealed = split(wrapped)
    try:
        return Secret(_cipher(root).decrypt(nonce, sealed, context))
    except InvalidTag:
        raise altered() from None


def check_length(secret: Secret) -> None:
    """Refuse to wrap what is no small secret.

    Raises:
        InputError: It has over ``MAX_SECRET_BYTES``.
    """
    if len(secret) > MAX_SECRET_BYTES:
        raise InputError(f"a secret of {len(secret)} bytes is not wrapped")


def split(wrapped: bytes) -> tuple[bytes, bytes]:
    """Return the nonce of a wrap, and its ciphertext with the tag.

    Raises:
        IntegrityError: No wrap has this length.
    """
    overhead = NONCE_BYTES + TAG_BYTES
    if not overhead <= len(wrapped) <= overhead + MAX_SECRET_BYTES:
        raise IntegrityError(f"a wrap does not have {len(wrapped)} bytes")
    return wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]


def altered() -> IntegrityError:
    """Return the error for a wrap whose tag does not fit its key and place."""
    return IntegrityError(
        "a wrapped key was altered or belongs to another place",
        hint="strongroom ledger verify names every altered row",
    )


def seal_field(
    key: Secret, value: Secret | bytes, context: bytes, random: Random
) -> bytes:
    """Return a field of a row encrypted for exactly this row; see ``wrap``.

    Raises:
        InputError: The key or the value has a wrong length.
    """
    secret = value if isinstance(value, Secret) else Secret(value)
    return wrap(key, secret, context, random)


def open_field(key: Secret, sealed: bytes, context: bytes) -> Secret:
    """Return the value of an encrypted field; see ``unwrap``.

    Raises:
        InputError: The key does not have 32 bytes.
        IntegrityError: The field was altered or moved from another row.
    """
    return unwrap(key, sealed, context)


def _cipher(root: Secret) -> AESGCM:
    if len(root) != _KEY_BYTES:
        raise InputError(f"a root key has {_KEY_BYTES} bytes, this has {len(root)}")
    return AESGCM(root.reveal())
