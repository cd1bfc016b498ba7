"""Check a whole object, bit by bit, without handing anything out.

Opening checks what it reads.  These check everything, also what no reader ever
asks for: the digest of the ciphertext, which alone catches a past reader who
still knows the key and can write to the store, and the padding.
"""

from __future__ import annotations

import hashlib
import hmac

from strongroom.crypto.container import (
    PLAIN_BYTES,
    TAG_BYTES,
    ObjectFacts,
    record_offset,
)
from strongroom.crypto.segment import (
    ObjectReader,
    Scratch,
    SealedSegment,
    open_object,
    verify_shell,
)
from strongroom.errors import IntegrityError
from strongroom.types import Secret


def verify_ciphertext(store: ObjectReader, facts: ObjectFacts) -> None:
    """Check length, header and SHA-256 of the object; needs no key.

    Raises:
        IntegrityError: It is not the object that the manifest states.
        MissingError: It is gone.
        UnavailableError: The store did not answer.
    """
    _read_all(store, facts, None)


def verify_object(store: ObjectReader, facts: ObjectFacts, key: Secret) -> None:
    """Check the object's SHA-256, every record, the index and all padding.

    Raises:
        IntegrityError: Something differs from the manifest, or padding is not
            zero.
        InputError: The key does not have 32 bytes.
        MissingError: The object is gone.
        UnavailableError: The store did not answer.
    """
    segment = open_object(store, facts, key)
    segment.index()
    _read_all(store, facts, segment)


def _read_all(
    store: ObjectReader, facts: ObjectFacts, segment: SealedSegment | None
) -> None:
    digest = hashlib.sha256(verify_shell(store, facts))
    scratch = Scratch()
    for record in range(facts.records):
        length = min(PLAIN_BYTES, facts.stream_bytes - record * PLAIN_BYTES)
        sealed = scratch.sealed[: length + TAG_BYTES]
        store.read_into(facts.object_name, record_offset(record), sealed)
        digest.update(sealed)
        if segment is not None:
            plain = scratch.plain[:length]
            segment.decrypt(record, sealed, plain)
            _verify_padding(segment, record, plain)
    if not hmac.compare_digest(digest.digest(), facts.sha256):
        raise IntegrityError(
            f"{facts.object_name} has another SHA-256 than the manifest states",
            hint="somebody who knew the key may have written it; seal it anew",
        )


def _verify_padding(segment: SealedSegment, record: int, plain: memoryview) -> None:
    positions = segment.positions()
    heads_start = min(positions.heads_start, positions.end)
    begin = record * PLAIN_BYTES
    for start, end in (
        (positions.shared_end, heads_start),
        (positions.end, positions.stream_bytes),
    ):
        part = plain[max(0, start - begin) : max(0, end - begin)]
        if any(part.tobytes().lstrip(b"\0")):
            raise IntegrityError(
                f"padding in record {record} of segment"
                f" {segment.facts.context.segment} is not zero"
            )
