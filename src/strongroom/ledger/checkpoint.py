"""Checkpoints: the size and root of the ledger, signed so that others can keep them.

A checkpoint is a signed note: text, an empty line, one line per signature.  The
ledger's own line must be there and verify; lines of others, such as witnesses,
stay in the note and are ignored here.

Source: C2SP signed-note v1.0.0 and tlog-checkpoint v1.0.0.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from strongroom.errors import InputError, IntegrityError
from strongroom.ledger.note import (
    SIGNATURE_BYTES,
    SignatureLine,
    canonical_base64,
    check_key,
    is_key_name,
    key_id,
    key_text,
    parse_key,
    split_note,
)
from strongroom.ledger.tree import AT_MOST_ENTRIES, EMPTY_ROOT, HASH_BYTES

ED25519_TYPE = b"\x01"
"""Signature type of plain Ed25519 in signed notes."""

_AT_MOST_DIGITS = 19  # of a signed 64-bit integer

Sign: TypeAlias = Callable[[bytes], bytes]
"""Gives the raw 64-byte Ed25519 signature over a message."""

Verify: TypeAlias = Callable[[bytes, bytes], None]
"""``verify(signature, message)`` raises IntegrityError when they do not match."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """The public key of a ledger under its name, as outsiders keep it.

    Attributes:
        origin: Name of the ledger, such as ``strongroom.example/room-7``.
        public: The 32-byte Ed25519 public key.
    """

    origin: str
    public: bytes

    def __post_init__(self) -> None:
        """Check both.

        Raises:
            InputError: The origin is no key name or the key is not 32 bytes.
        """
        check_key(self.origin, self.public)

    @property
    def key_id(self) -> bytes:
        """The 4 bytes that tell keys of one name apart; not a digest to trust."""
        return key_id(self.origin, ED25519_TYPE, self.public)

    def text(self) -> str:
        """Return ``origin+hash+base64``, which an outsider compares and keeps."""
        return key_text(self.origin, ED25519_TYPE, self.public)

    @classmethod
    def from_text(cls, text: str) -> VerifierKey:
        """Return the key that ``text`` wrote, which must be in that form exactly.

        Raises:
            InputError: It is no verifier key, or not one for Ed25519.
        """
        origin, public = parse_key(text, ED25519_TYPE)
        return cls(origin=origin, public=public)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What the ledger was at one moment.

    Attributes:
        origin: Name of the ledger.
        size: How many entries it has.
        root: Root of the tree over them, 32 bytes.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        """Check the fields.

        Raises:
            InputError: One of them is impossible.
        """
        if not is_key_name(self.origin):
            raise InputError(f"{self.origin[:80]!r} cannot name a ledger")
        if not 0 <= self.size <= AT_MOST_ENTRIES or len(self.root) != HASH_BYTES:
            raise InputError(f"no ledger of {self.size} entries has this root")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise InputError("an empty ledger has another root")

    def text(self) -> str:
        """Return what is signed: origin, size and root, a line each."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def sign(self, sign: Sign, *, public: bytes) -> str:
        """Return the signed note.

        Args:
            sign: Signs bytes with the ledger's key.
            public: The 32-byte public key that belongs to it.

        Raises:
            InputError: The key or the signature has another length.
        """
        key = VerifierKey(origin=self.origin, public=public)
        signature = sign(self.text().encode())
        if len(signature) != SIGNATURE_BYTES:
            raise InputError(f"an Ed25519 signature is {SIGNATURE_BYTES} bytes")
        line = SignatureLine(name=key.origin, key_id=key.key_id, signature=signature)
        return f"{self.text()}\n{line.text()}"

    @classmethod
    def open(cls, note: str, *, key: VerifierKey, verify: Verify) -> Checkpoint:
        """Return the checkpoint in a note that the ledger signed.

        Args:
            note: The signed note; lines of other keys in it are ignored.
            key: The ledger's name and public key.
            verify: Checks a signature with that key.

        Raises:
            IntegrityError: The note is malformed, of another ledger, not signed
                with this key, or one of this key's signatures is wrong.
        """
        found = split_note(note)
        own = found.signed_by(key.origin, key.key_id)
        if not own:
            raise IntegrityError(f"the checkpoint is not signed by {key.text()}")
        for line in own:
            verify(line.signature, found.text.encode())
        checkpoint = parse_text(found.text)
        if checkpoint.origin != key.origin:
            raise IntegrityError(f"the checkpoint is of {checkpoint.origin!r}")
        return checkpoint


def canonical_decimal(text: str) -> int:
    """Return the number that ASCII digits without leading zeros spell.

    Raises:
        IntegrityError: It is something else or above ``AT_MOST_ENTRIES``.
    """
    if len(text) <= _AT_MOST_DIGITS and text.isascii() and text.isdigit():
        number = int(text)
        if str(number) == text and number <= AT_MOST_ENTRIES:
            return number
    raise IntegrityError(f"{text[:32]!r} is not the size or index of a ledger")


def parse_text(text: str) -> Checkpoint:
    """Return the checkpoint that the signed text of a note states.

    Raises:
        IntegrityError: It states none.
    """
    lines = text.split("\n")
    # Extension lines are possible in the format; no monitor could audit them, so
    # the ledger signs none, and one that turns up is refused.
    if len(lines) != 4 or lines[3]:  # noqa: PLR2004  (origin, size, root, end)
        raise IntegrityError("the checkpoint is not origin, size and root")
    size, root = canonical_decimal(lines[1]), lines[2]
    try:
        return Checkpoint(
            origin=lines[0],
            size=size,
            root=canonical_base64(root, at_most_bytes=HASH_BYTES),
        )
    except InputError as error:
        raise IntegrityError(f"the checkpoint is impossible: {error}") from None
