"""A segment is behind its checks: length, header, key, index."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.crypto import keys
from strongroom.crypto.container import (
    HEADER_BYTES,
    PLAIN_BYTES,
    TAG_BYTES,
    ObjectFacts,
    cipher_for,
    padded,
    record_nonce,
)
from strongroom.crypto.index import MAX_INDEX_BYTES
from strongroom.crypto.opening import open_object
from strongroom.errors import InputError, IntegrityError, MissingError
from strongroom.stores.memory import MemoryStore
from strongroom.types import ArtifactId, Secret, SegmentId
from tests.crypto.sealed import Sealed, context, flipped, pattern, seal

SEALED = seal({"a": pattern(3_000_000, "a"), "b": b"bias"})
OTHER = ArtifactId("artifact-" + "b" * 25 + "a")


def forged(stream: bytes, facts: ObjectFacts = SEALED.facts) -> Sealed:
    """Return a one-record object by somebody who knows the key."""
    sealed = cipher_for(facts.context.suite, SEALED.key).encrypt(
        record_nonce(0, last=True), stream, None
    )
    facts = dataclasses.replace(
        facts, records=1, length=HEADER_BYTES + len(sealed), plain_bytes=0
    )
    store = MemoryStore()
    store.write(facts.object_name, [facts.header().to_bytes(), sealed])
    return Sealed(store=store, facts=facts, key=SEALED.key, contents={})


def test_the_index_names_what_was_sealed() -> None:
    index = open_object(SEALED.store, SEALED.facts, SEALED.key).index()

    assert [item.name for item in index.items] == ["a", "b"]
    assert index.segment == "blocks.0"


def test_an_index_longer_than_a_record_is_read() -> None:
    contents = {f"{'n' * 4000}{n}": b"" for n in range(400)}

    assert seal(contents).read() == contents


@settings(max_examples=200)
@given(st.integers(0, 8 * HEADER_BYTES - 1))
def test_a_flipped_bit_in_the_header_is_refused(bit: int) -> None:
    store = SEALED.replaced(flipped(SEALED.blob, bit))

    with pytest.raises(IntegrityError):
        open_object(store, SEALED.facts, SEALED.key)


@given(st.integers(0, 255))
def test_another_key_is_refused_before_any_record_is_read(bit: int) -> None:
    class HeaderOnly:
        def size(self, name: str) -> int:
            return SEALED.store.size(name)

        def read_into(
            self, name: str, offset: int, buffer: bytearray | memoryview
        ) -> None:
            assert offset + len(buffer) <= HEADER_BYTES
            SEALED.store.read_into(name, offset, buffer)

    key = Secret(flipped(SEALED.key.reveal(), bit))

    with pytest.raises(IntegrityError, match="not the one that sealed"):
        open_object(HeaderOnly(), SEALED.facts, key)


@pytest.mark.parametrize(
    "change",
    [
        lambda blob: blob[:-1],
        lambda blob: blob + b"\0",
        lambda blob: blob[:HEADER_BYTES],
        lambda blob: b"",
        lambda blob: blob[HEADER_BYTES:],
        lambda blob: blob[HEADER_BYTES:] + bytes(HEADER_BYTES),
    ],
    ids=["cut", "extended", "header only", "empty", "stripped", "stripped and padded"],
)
def test_a_cut_extended_or_stripped_object_is_refused(
    change: Callable[[bytes], bytes],
) -> None:
    with pytest.raises(IntegrityError):
        open_object(SEALED.replaced(change(SEALED.blob)), SEALED.facts, SEALED.key)


def test_an_object_that_is_gone_is_missing() -> None:
    with pytest.raises(MissingError):
        open_object(MemoryStore(), SEALED.facts, SEALED.key)


@pytest.mark.parametrize(
    "other",
    [
        lambda suite: context(suite, version=4),
        lambda suite: context(suite, generation=2),
        lambda suite: context(suite, artifact=OTHER),
        lambda suite: context(suite, segment=SegmentId("segment-" + "b" * 25 + "a")),
        lambda suite: context(keys.SUITE_CHACHA20_POLY1305),
        lambda suite: context(suite, shares=2),
    ],
    ids=["version", "generation", "artifact", "segment", "suite", "shares"],
)
def test_an_object_of_something_else_is_refused(
    other: Callable[[int], keys.SegmentContext],
) -> None:
    """Rollback and swap: whole, authentic, and not what the manifest states."""
    swapped = seal(SEALED.contents, make_context=other)
    relabelled = SEALED.facts.header().to_bytes() + swapped.blob[HEADER_BYTES:]

    with pytest.raises(IntegrityError, match="another"):
        open_object(SEALED.replaced(swapped.blob), SEALED.facts, SEALED.key)
    with pytest.raises(IntegrityError, match="altered"):
        SEALED.read(SEALED.replaced(relabelled))


def test_an_older_sealing_of_the_same_version_is_refused() -> None:
    again = seal(SEALED.contents, seed=50)

    with pytest.raises(IntegrityError, match="another salt"):
        open_object(SEALED.replaced(again.blob), SEALED.facts, SEALED.key)


@pytest.mark.parametrize(
    "stream",
    [
        (2**64 - 1).to_bytes(8, "big") + bytes(88),
        (MAX_INDEX_BYTES + 1).to_bytes(8, "big") + bytes(88),
        (89).to_bytes(8, "big") + bytes(88),
        (88).to_bytes(8, "big") + bytes(88),
        bytes(7),
        bytes(96),
    ],
)
def test_an_index_length_that_cannot_be_is_refused(stream: bytes) -> None:
    """Even by somebody with the key: nothing is allocated on its word."""
    with pytest.raises(IntegrityError):
        forged(stream).read()


def test_an_index_that_does_not_add_up_is_refused() -> None:
    def stream(index: bytes, extra: int) -> bytes:
        return len(index).to_bytes(8, "big") + index + bytes(extra)

    empty = (
        b'{"head_records":0,"items":[],"plain_bytes":0,"segment":"s",'
        b'"shared_bytes":0,"v":1}'
    )
    used = 8 + len(empty)
    right = forged(stream(empty, padded(used) - used))
    assert right.read() == {}
    with pytest.raises(IntegrityError, match="length"):
        forged(stream(empty, 30)).read()
    with pytest.raises(IntegrityError, match="manifest's bytes"):
        dataclasses.replace(
            right, facts=dataclasses.replace(right.facts, plain_bytes=1)
        ).read()


def test_a_key_of_a_wrong_length_is_refused() -> None:
    with pytest.raises(InputError):
        open_object(SEALED.store, SEALED.facts, Secret(b"short"))


def test_every_record_but_the_last_is_whole() -> None:
    segment = open_object(SEALED.store, SEALED.facts, SEALED.key)
    lengths = [segment.plain_length(r) for r in range(SEALED.facts.records)]

    assert lengths[:-1] == [PLAIN_BYTES] * (len(lengths) - 1)
    assert sum(lengths) + len(lengths) * TAG_BYTES + HEADER_BYTES == len(SEALED.blob)
