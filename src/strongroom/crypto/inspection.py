"""Check a whole object, bit by bit, without handing anything out.

Opening checks what it reads.  These check everything, also what no reader ever
asks for: the digest of the ciphertext, which alone catches a past reader who
still knows the key and can write to the store, and the padding.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator

from strongroom.crypto.container import (
    HEADER_BYTES,
    TAG_BYTES,
    ObjectFacts,
    record_offset,
    record_plain_bytes,
    record_start,
)
from strongroom.crypto.layout import DATA_START
from strongroom.crypto.segment import (
    ObjectReader,
    Scratch,
    SealedSegment,
    open_object,
    verified_start,
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


def verify_object(
    store: ObjectReader, facts: ObjectFacts, key: Secret, *, name: str | None = None
) -> None:
    """Check the object's SHA-256, every record, the index and all padding.

    Args:
        store: Not trusted.
        facts: What the signed manifest states.
        key: K, 32 bytes.
        name: Of the segment, as the manifest states it; see ``open_object``.

    Raises:
        IntegrityError: Something differs from the manifest, or padding is not
            zero.
        InputError: The key does not have 32 bytes.
        MissingError: The object is gone.
        UnavailableError: The store did not answer.
    """
    segment = open_object(store, facts, key, name=name)
    segment.index()
    _read_all(store, facts, segment)


def _read_all(
    store: ObjectReader, facts: ObjectFacts, segment: SealedSegment | None
) -> None:
    start = verified_start(store, facts)
    digest = hashlib.sha256(start)
    scratch = Scratch()
    for record in range(facts.records):
        length = record_plain_bytes(record, facts.stream_bytes)
        sealed = scratch.sealed[: length + TAG_BYTES]
        if record:
            store.read_into(facts.object_name, record_offset(record), sealed)
            digest.update(sealed)
        else:
            sealed[:] = start[HEADER_BYTES:]
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
    begin = record_start(record)
    for start, end in _zeros(segment):
        part = plain[max(0, start - begin) : max(0, end - begin)]
        if any(part.tobytes().lstrip(b"\0")):
            raise IntegrityError(
                f"padding in record {record} of segment"
                f" {segment.facts.context.segment} is not zero"
            )


def _zeros(segment: SealedSegment) -> Iterator[tuple[int, int]]:
    """Yield start and end of every run of padding in the stream, in order."""
    positions = segment.positions()
    yield positions.start_end, DATA_START
    end = DATA_START
    for item in segment.index().items:
        for extent in item.extents():
            yield end, DATA_START + extent.data_offset
            end = DATA_START + extent.data_offset + extent.length
    yield positions.end, positions.stream_bytes
