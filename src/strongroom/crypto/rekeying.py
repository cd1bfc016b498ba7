"""Seal an object anew under another key, record by record, in a few MiB of memory.

The plaintext stream stays the same byte for byte, index and padding included, so
everything that was said about its content stays true.  Each record is decrypted,
encrypted and forgotten.

The digest of the old ciphertext is compared before the new object counts: somebody
who knew the old key could have written valid records, and they would otherwise be
signed anew as if they had been sealed.

Source: ``docs/specification/sealed-object.md``.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from strongroom.crypto import keys
from strongroom.crypto.arena import ALIGNMENT_BYTES, Arena
from strongroom.crypto.container import (
    HEADER_BYTES,
    RECORD_BYTES,
    SHA256_BYTES,
    START_BYTES,
    TAG_BYTES,
    Cipher,
    ObjectFacts,
    cipher_for,
    record_nonce,
    record_offset,
)
from strongroom.crypto.keys import SegmentContext
from strongroom.crypto.sealing import ObjectWriter
from strongroom.crypto.segment import ObjectReader, SealedSegment, open_object
from strongroom.errors import InputError, IntegrityError, UnavailableError
from strongroom.types import Secret

_PART_RECORDS = 4
"""Records per write, as when sealing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anew:
    """What the next object of a segment is made with.

    Attributes:
        context: What it is: the same segment in a later generation.
        shares: 32 random bytes for each custodian, in order of their indices.
        salt: 32 random bytes that no other attempt has.
        object_name: Its name in the store, used by no other attempt.
    """

    context: SegmentContext
    shares: Sequence[Secret]
    salt: bytes
    object_name: str


def rekey_object(
    source: ObjectReader,
    facts: ObjectFacts,
    key: Secret,
    anew: Anew,
    *,
    store: ObjectWriter,
    progress: Callable[[int], None] = lambda _: None,
) -> ObjectFacts:
    """Write the segment's next object, and return what the manifest must state.

    Args:
        source: Where the object is; not trusted.
        facts: What the signed manifest states of it.
        key: K of the object.
        anew: What the next one is made with.
        store: Where it goes.
        progress: Told the bytes of the stream since the last call.

    Raises:
        IntegrityError: The object is not the one that was sealed.
        InputError: Shares, salt or context do not fit each other, or the context
            is not of a later generation of the same segment.
        ConflictError: The next object's name is taken.
        MissingError: The object is gone.
        UnavailableError: A store did not answer.
    """
    _verify_follows(facts.context, anew.context)
    parts = [
        keys.derive_share_key(share, i, anew.salt, anew.context)
        for i, share in enumerate(anew.shares)
    ]
    fresh = keys.derive_key(parts, anew.salt, anew.context)
    following = replace(
        facts,
        object_name=anew.object_name,
        context=anew.context,
        salt=anew.salt,
        commitment=keys.commitment(fresh, anew.salt, anew.context),
        sha256=bytes(SHA256_BYTES),
    )
    opened = open_object(source, facts, key)
    cipher = cipher_for(anew.context.suite, fresh)
    digest = hashlib.sha256()
    records = _Records(source=source, opened=opened, progress=progress)
    written = store.write(
        anew.object_name, _object(following, records, cipher, digest.update)
    )
    if written != following.length:
        raise UnavailableError(
            f"{anew.object_name}: {written} of {following.length} bytes kept"
        )
    return replace(following, sha256=digest.digest())


def _verify_follows(before: SegmentContext, after: SegmentContext) -> None:
    same = replace(
        after, suite=before.suite, generation=before.generation, shares=before.shares
    )
    if same != before or after.generation <= before.generation:
        raise InputError("a segment is re-keyed into a later generation of itself")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Records:
    """The records of an object, read in order, its digest compared at the end."""

    source: ObjectReader
    opened: SealedSegment
    progress: Callable[[int], None]

    def decrypted(self, sealed: memoryview, plain: memoryview) -> Iterator[memoryview]:
        """Yield the plaintext of each record; each is valid until the next.

        Raises:
            IntegrityError: A record was altered, or the whole has another digest:
                raised before the last one is given.
        """
        facts = self.opened.facts
        header = bytearray(HEADER_BYTES)
        self.source.read_into(facts.object_name, 0, header)
        facts.verify_header(bytes(header))
        digest = hashlib.sha256(header)
        for record in range(facts.records):
            length = self.opened.plain_length(record)
            part = sealed[: length + TAG_BYTES]
            self.source.read_into(facts.object_name, record_offset(record), part)
            digest.update(part)
            self.opened.decrypt(record, part, plain[:length])
            if record == facts.records - 1:
                self._verify(digest.digest())
            yield plain[:length]
            self.progress(length)

    def _verify(self, digest: bytes) -> None:
        facts = self.opened.facts
        if not hmac.compare_digest(digest, facts.sha256):
            raise IntegrityError(
                f"{facts.object_name} has another SHA-256 than the manifest states",
                hint="somebody who knew the key may have written it; seal it anew",
            )


def _object(
    facts: ObjectFacts,
    records: _Records,
    cipher: Cipher,
    digest: Callable[[bytes | memoryview], None],
) -> Iterator[bytes | memoryview]:
    """Yield the next object's bytes in order; each part is valid until the next."""
    part_bytes = min(_PART_RECORDS * RECORD_BYTES, facts.length)
    spare = START_BYTES + ALIGNMENT_BYTES
    memory = Arena(part_bytes + 2 * RECORD_BYTES + 2 * spare)
    part = memory.allocate(part_bytes + START_BYTES)
    sealed, plain = memory.allocate(RECORD_BYTES), memory.allocate(RECORD_BYTES)
    part[:HEADER_BYTES] = facts.header().to_bytes()
    used = HEADER_BYTES
    for record, clear in enumerate(records.decrypted(sealed, plain)):
        last = record == facts.records - 1
        place = part[used : used + len(clear) + TAG_BYTES]
        cipher.encrypt_into(record_nonce(record, last=last), clear, None, place)
        used += len(place)
        if last or used >= part_bytes:
            digest(part[:used])
            yield part[:used]
            used = 0
