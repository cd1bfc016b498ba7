"""Seal a segment: items in, one object out, in a few MiB of memory.

A key encrypts one stream once: ``salt`` and shares are fresh for every attempt,
and nothing is encrypted a second time.  An attempt that fails is thrown away
with its salt; only the bytes of a finished object are ever sent again.

Several segments are sealed at once by calling ``seal_segment`` in threads: the
cipher, the digest and the file system all work without the interpreter's lock.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

from strongroom.crypto import keys
from strongroom.crypto.arena import Arena
from strongroom.crypto.container import (
    HEADER_BYTES,
    MAX_RECORDS,
    PLAIN_BYTES,
    RECORD_BYTES,
    START_BYTES,
    TAG_BYTES,
    Cipher,
    ObjectFacts,
    cipher_for,
    object_bytes,
    record_count,
    record_nonce,
    record_plain_bytes,
    record_start,
)
from strongroom.crypto.index import ItemRanges, lay_out
from strongroom.crypto.keys import SegmentContext
from strongroom.crypto.layout import DATA_START, INDEX_START_BYTES, Positions
from strongroom.errors import InputError, UnavailableError
from strongroom.types import Secret

_PART_RECORDS = 4
"""Records per write: files written 4 MiB at a time read back with less CPU."""

ReadInto: TypeAlias = Callable[[int, memoryview], None]
"""Fills the buffer with the item's bytes from the offset, or raises."""


class ObjectWriter(Protocol):
    """Where the object goes; every ``BlobStore`` and each of its batches is one."""

    def write(self, name: str, parts: Iterable[bytes | memoryview]) -> int:
        """Store the parts under ``name`` and return their length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item(ItemRanges):
    """A tensor or file to seal.

    Attributes:
        read_into: Called once for every byte of ``ranges``; raises when the
            source changed meanwhile.
    """

    read_into: ReadInto


SealedObject: TypeAlias = ObjectFacts
"""What sealing returns is what the manifest then signs."""


def seal_segment(
    items: Sequence[Item],
    *,
    segment_name: str,
    context: SegmentContext,
    shares: Sequence[Secret],
    salt: bytes,
    store: ObjectWriter,
    object_name: str,
    workspace: Workspace | None = None,
) -> SealedObject:
    """Write one sealed object and return everything the manifest must state.

    Args:
        items: What goes in, in this order; may be empty.
        segment_name: Such as ``blocks.0-3``; stands only in the sealed index.
        context: What the segment is.
        shares: 32 random bytes for each custodian, in order of their indices.
        salt: 32 random bytes that no other attempt has.
        store: Where the object goes.
        object_name: Its name there, used by no other attempt.
        workspace: Memory to use again; made when absent.

    Raises:
        ConflictError: ``object_name`` is taken.
        InputError: Items, shares, salt or context do not fit each other.
        UnavailableError: The store did not accept it.
    """
    share_keys = [
        keys.derive_share_key(share, i, salt, context) for i, share in enumerate(shares)
    ]
    key = keys.derive_key(share_keys, salt, context)
    stream = _Stream(segment_name, items)
    facts = ObjectFacts(
        object_name=object_name,
        context=context,
        salt=salt,
        commitment=keys.commitment(key, salt, context),
        records=record_count(stream.length),
        length=object_bytes(stream.length),
        plain_bytes=stream.plain_bytes,
        sha256=bytes(32),
    )
    digest = hashlib.sha256()
    cipher = cipher_for(context.suite, key)
    parts = _object(facts, stream, cipher, digest.update, workspace or Workspace())
    written = store.write(object_name, parts)
    if written != facts.length:
        raise UnavailableError(f"{object_name}: {written} of {facts.length} bytes kept")
    return replace(facts, sha256=digest.digest())


class Workspace:
    """Memory for the parts of one object; one thread at a time.

    Whoever seals several segments uses one again: fresh pages for it cost a
    millisecond, and a segment of 7 MB costs six.
    """

    __slots__ = ("part", "plain")

    def __init__(self) -> None:
        part_bytes = START_BYTES + _PART_RECORDS * RECORD_BYTES
        memory = Arena(part_bytes + PLAIN_BYTES)
        self.part = memory.allocate(part_bytes)
        self.plain = memory.allocate(PLAIN_BYTES)


class _Stream:
    """The plaintext of a segment, produced front to back."""

    def __init__(self, segment_name: str, items: Sequence[Item]) -> None:
        index = lay_out(segment_name, items)
        index_json = index.to_bytes()
        positions = Positions(index_bytes=len(index_json), data_bytes=index.data_bytes)
        self.length = positions.stream_bytes
        self.plain_bytes = index.plain_bytes
        if record_count(self.length) > MAX_RECORDS:
            raise InputError(f"segment {segment_name!r} is too long")
        pieces = [
            _Piece(
                DATA_START + extent.data_offset,
                extent.length,
                extent.item_offset,
                item.read_into,
            )
            for item, placed in zip(items, index.items, strict=True)
            for extent in placed.extents()
        ]
        start = positions.to_bytes() + index_json[:INDEX_START_BYTES]
        rest = index_json[INDEX_START_BYTES:]
        pieces.append(_Piece(0, len(start), 0, _copy_from(start)))
        if rest:
            pieces.append(_Piece(positions.rest_start, len(rest), 0, _copy_from(rest)))
        self._pieces = sorted(pieces, key=lambda piece: piece.start)
        self._next = 0

    def fill(self, start: int, buffer: memoryview) -> None:
        """Fill the buffer with the stream from ``start``; called in order."""
        position, end = start, start + len(buffer)
        while position < end:
            piece = self._pieces[self._next] if self._next < len(self._pieces) else None
            if piece is None or piece.start >= end:
                buffer[position - start :] = bytes(end - position)
                return
            if position < piece.start:
                zeros = piece.start - position
                buffer[position - start :][:zeros] = bytes(zeros)
                position = piece.start
            count = min(end, piece.start + piece.length) - position
            offset = piece.item_offset + position - piece.start
            piece.read_into(offset, buffer[position - start :][:count])
            position += count
            if position == piece.start + piece.length:
                self._next += 1


@dataclass(frozen=True, slots=True)
class _Piece:
    """A run of the stream that comes from one source."""

    start: int
    length: int
    item_offset: int
    read_into: ReadInto


def _object(
    facts: ObjectFacts,
    stream: _Stream,
    cipher: Cipher,
    digest: Callable[[bytes | memoryview], None],
    workspace: Workspace,
) -> Iterator[bytes | memoryview]:
    """Yield the object's bytes in order; each part is valid until the next.

    Parts but the last are whole pages on a page, so that a store may write directly.
    """
    part = workspace.part
    part[:HEADER_BYTES] = facts.header().to_bytes()
    used = HEADER_BYTES
    for record in range(facts.records):
        last = record == facts.records - 1
        plain = workspace.plain[: record_plain_bytes(record, stream.length)]
        stream.fill(record_start(record), plain)
        sealed = part[used : used + len(plain) + TAG_BYTES]
        cipher.encrypt_into(record_nonce(record, last=last), plain, None, sealed)
        used += len(sealed)
        if last or used >= _PART_RECORDS * RECORD_BYTES:
            digest(part[:used])
            yield part[:used]
            used = 0


def _copy_from(source: bytes) -> ReadInto:
    def read_into(offset: int, buffer: memoryview) -> None:
        buffer[:] = source[offset : offset + len(buffer)]

    return read_into
