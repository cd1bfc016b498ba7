"""What a witness is asked and how it decides; pure.

The bytes of a request and of an answer are those of the HTTP protocol, whatever
carries them: a file, a Unix socket, or HTTP.

Source: C2SP tlog-witness v1.0.0, ``add-checkpoint``.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TypeAlias

from strongroom.errors import IntegrityError
from strongroom.ledger.checkpoint import (
    Checkpoint,
    canonical_decimal,
    parse_text,
)
from strongroom.ledger.note import AT_MOST_NOTE_BYTES, canonical_base64, split_note
from strongroom.ledger.tree import HASH_BYTES, verify_consistency
from strongroom.ledger.trust import Trust

AT_MOST_HASHES = 63
"""Hashes in a consistency proof that a client may send."""

AT_MOST_REQUEST_BYTES = AT_MOST_NOTE_BYTES + 45 * AT_MOST_HASHES + 64


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessRequest:
    """A checkpoint to cosign, and the proof that the ledger only grew.

    Attributes:
        older: Size of the checkpoint that the witness cosigned last.
        proof: Consistency proof from there, 32 bytes each.
        note: The signed checkpoint.
    """

    older: int
    proof: tuple[bytes, ...]
    note: str

    def to_text(self) -> str:
        """Return the body of the request."""
        hashes = [base64.b64encode(value).decode() + "\n" for value in self.proof]
        return f"old {self.older}\n{''.join(hashes)}\n{self.note}"

    @classmethod
    def from_bytes(cls, data: bytes) -> WitnessRequest:
        """Return the request in a body; nothing in it is verified.

        Raises:
            IntegrityError: It is too long, or in another form.
        """
        if len(data) > AT_MOST_REQUEST_BYTES:
            raise IntegrityError(f"a request to a witness has {len(data)} bytes")
        try:
            head, gap, note = data.decode().partition("\n\n")
        except UnicodeDecodeError:
            raise IntegrityError("a request to a witness is not text") from None
        first, *lines = head.split("\n")
        if not gap or not first.startswith("old "):
            raise IntegrityError("a request to a witness begins with an old size")
        if len(lines) > AT_MOST_HASHES:
            raise IntegrityError(f"a proof of growth has {len(lines)} hashes")
        return cls(
            older=canonical_decimal(first.removeprefix("old ")),
            proof=tuple(canonical_base64(x, at_most_bytes=HASH_BYTES) for x in lines),
            note=note,
        )

    def origin(self) -> str:
        """Return which ledger the checkpoint claims to be of.

        Raises:
            IntegrityError: The note is no checkpoint.
        """
        return parse_text(split_note(self.note).text).origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a witness answers, over HTTP or in a file.

    Attributes:
        status: 200, or why not.
        body: Signature lines; the size it has seen, after 409; else a sentence.
        why: The sentence for the log of the witness.
        evidence: Where the proof of misbehaviour lies, if this was one.
    """

    status: HTTPStatus
    body: str
    why: str = ""
    evidence: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigns:
    """The witness may sign."""

    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuses:
    """The witness does not sign.

    Attributes:
        status: Of the answer over HTTP.
        why: One sentence.
        forks: Whether the ledger signed something that cannot be true beside what
            it signed before.
    """

    status: HTTPStatus
    why: str
    forks: bool = False


WitnessDecision: TypeAlias = Cosigns | Refuses


def decide_cosigning(
    request: WitnessRequest, *, seen: Checkpoint, trust: Trust
) -> WitnessDecision:
    """Return whether a witness that has ``seen`` this much may cosign.

    Args:
        request: What it is asked.
        seen: The checkpoint that it cosigned last; the empty one at first.
        trust: What checkpoints of the ledger have to carry.
    """
    try:
        asked = trust.open(request.note)
    except IntegrityError as error:
        return Refuses(status=HTTPStatus.FORBIDDEN, why=str(error))
    if request.older > asked.size:
        why = f"a ledger of {asked.size} did not grow from one of {request.older}"
        return Refuses(status=HTTPStatus.BAD_REQUEST, why=why)
    if asked.size == seen.size and asked.root != seen.root:
        why = f"{trust.verifier.origin} signed two roots for {seen.size} entries"
        return Refuses(status=HTTPStatus.CONFLICT, why=why, forks=True)
    if request.older != seen.size:
        why = f"the newest checkpoint cosigned here has {seen.size} entries"
        return Refuses(status=HTTPStatus.CONFLICT, why=why)
    try:
        verify_consistency(
            older=seen.size,
            older_root=seen.root,
            newer=asked.size,
            newer_root=asked.root,
            proof=request.proof,
        )
    except IntegrityError as error:
        return Refuses(status=HTTPStatus.UNPROCESSABLE_ENTITY, why=str(error))
    return Cosigns(checkpoint=asked)
