"""Cosignatures: a witness says which ledger it saw, and when.

A witness signs the checkpoint's text under a header and a time, so that no
signature of a ledger passes for one of a witness.

Source: C2SP tlog-cosignature v1.0.1, the Ed25519 form.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from strongroom.crypto.signing import VerifyKey
from strongroom.errors import InputError, IntegrityError
from strongroom.ledger.checkpoint import Checkpoint, Sign
from strongroom.ledger.note import (
    SIGNATURE_BYTES,
    SignatureLine,
    check_key,
    key_id,
    key_text,
    parse_key,
    split_note,
)

COSIGNATURE_TYPE = b"\x04"
"""Signature type of a timestamped Ed25519 cosignature."""

AT_MOST_SECONDS = 2**63 - 1
_TIME_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessKey:
    """The public key of a witness under its name.

    Attributes:
        name: Such as ``witness.example/w1``.
        public: The 32-byte Ed25519 public key.
    """

    name: str
    public: bytes

    def __post_init__(self) -> None:
        """Check both.

        Raises:
            InputError: The name cannot name a key or the key is not 32 bytes.
        """
        check_key(self.name, self.public)

    @property
    def key_id(self) -> bytes:
        """The 4 bytes that tell keys of one name apart; not a digest to trust."""
        return key_id(self.name, COSIGNATURE_TYPE, self.public)

    def text(self) -> str:
        """Return ``name+hash+base64``, which a ledger's readers keep."""
        return key_text(self.name, COSIGNATURE_TYPE, self.public)

    @classmethod
    def from_text(cls, text: str) -> WitnessKey:
        """Return the key that ``text`` wrote, which must be in that form exactly.

        Raises:
            InputError: It is no witness's key, or not one for Ed25519.
        """
        name, public = parse_key(text, COSIGNATURE_TYPE)
        return cls(name=name, public=public)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosignature:
    """That a witness saw a checkpoint; verified, or just made.

    Attributes:
        witness: Who says so.
        seconds: When, in seconds since 1970 UTC.
        signature: 64 bytes.
    """

    witness: WitnessKey
    seconds: int
    signature: bytes

    def line(self) -> SignatureLine:
        """Return the line that stands in the note."""
        return SignatureLine(
            name=self.witness.name,
            key_id=self.witness.key_id,
            signature=self.seconds.to_bytes(_TIME_BYTES, "big") + self.signature,
        )


def cosign(
    checkpoint: Checkpoint, *, witness: WitnessKey, sign: Sign, seconds: int
) -> Cosignature:
    """Return the witness's statement that it saw ``checkpoint``.

    Args:
        checkpoint: Its consistency with all that the witness saw was checked.
        witness: Who states it.
        sign: Signs bytes with the witness's key.
        seconds: The time, in seconds since 1970 UTC.

    Raises:
        InputError: The time does not fit, or the signature has another length.
    """
    if not 0 <= seconds <= AT_MOST_SECONDS:
        raise InputError(f"{seconds} is no time for a cosignature")
    signature = sign(_message(checkpoint.text(), seconds))
    if len(signature) != SIGNATURE_BYTES:
        raise InputError(f"an Ed25519 signature is {SIGNATURE_BYTES} bytes")
    return Cosignature(witness=witness, seconds=seconds, signature=signature)


def with_lines(note: str, lines: str) -> str:
    """Return the note with more signature lines, as a witness answers them.

    Raises:
        IntegrityError: They are no signature lines.
    """
    both = note + lines
    # Else an empty line among them would make other text of what was signed.
    if split_note(both).text != split_note(note).text:
        raise IntegrityError("a witness answers with something else than signatures")
    return both


def verified_cosignatures(
    note: str, witnesses: Iterable[WitnessKey]
) -> tuple[Cosignature, ...]:
    """Return what these witnesses signed in a note, the oldest first.

    Lines of keys that are not among them are ignored.  That the ledger signed the
    note is another question; see ``Checkpoint.open``.

    Raises:
        IntegrityError: The note is malformed, or one of these lines is wrong.
    """
    found = split_note(note)
    cosignatures = [
        _verified(found.text, line, witness)
        for witness in witnesses
        for line in found.signed_by(witness.name, witness.key_id)
    ]
    return tuple(sorted(cosignatures, key=lambda c: (c.seconds, c.witness.name)))


def _verified(text: str, line: SignatureLine, witness: WitnessKey) -> Cosignature:
    raw = line.signature
    seconds = int.from_bytes(raw[:_TIME_BYTES], "big")
    if len(raw) != _TIME_BYTES + SIGNATURE_BYTES or seconds > AT_MOST_SECONDS:
        raise IntegrityError(f"the cosignature of {witness.name} is malformed")
    try:
        VerifyKey(witness.public).verify_bytes(
            raw[_TIME_BYTES:], _message(text, seconds)
        )
    except IntegrityError:
        raise IntegrityError(
            f"{witness.name} did not sign this checkpoint at that time"
        ) from None
    return Cosignature(witness=witness, seconds=seconds, signature=raw[_TIME_BYTES:])


def _message(text: str, seconds: int) -> bytes:
    """Return what is signed: a header, the time, and the checkpoint's text."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()
