"""A segment is behind its checks: length, header, key, index."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.crypto import keys
from strongroom.crypto.container import (
    FIRST_PLAIN_BYTES,
    HEADER_BYTES,
    PLAIN_BYTES,
    START_BYTES,
    TAG_BYTES,
    cipher_for,
    record_nonce,
    record_offset,
)
from strongroom.crypto.index import MAX_INDEX_BYTES
from strongroom.crypto.opening import open_object
from strongroom.errors import InputError, IntegrityError, MissingError
from strongroom.stores.memory import MemoryStore
from strongroom.types import ArtifactId, Secret, SegmentId
from tests.crypto.sealed import Sealed, context, flipped, pattern, seal

SEALED = seal({"a": pattern(3_000_000, "a"), "b": b"bias"})
OTHER = ArtifactId("artifact-" + "b" * 25 + "a")


def forged(
    index: bytes, *, index_bytes: int | None = None, data_bytes: int = 0
) -> Sealed:
    """Return an object of record 0 alone by somebody who knows the key."""
    lengths = (len(index) if index_bytes is None else index_bytes, data_bytes)
    start = b"".join(length.to_bytes(8, "big") for length in lengths) + index
    sealed = cipher_for(SEALED.facts.context.suite, SEALED.key).encrypt(
        record_nonce(0, last=True), start.ljust(FIRST_PLAIN_BYTES, b"\0"), None
    )
    facts = dataclasses.replace(
        SEALED.facts, records=1, length=START_BYTES, plain_bytes=0
    )
    store = MemoryStore()
    store.write(facts.object_name, [facts.header().to_bytes(), sealed])
    return Sealed(store=store, facts=facts, key=SEALED.key, contents={})


def test_the_index_names_what_was_sealed() -> None:
    index = open_object(SEALED.store, SEALED.facts, SEALED.key).index()

    assert [item.name for item in index.items] == ["a", "b"]
    assert index.segment == "blocks.0"


def test_an_index_of_another_segment_than_the_manifest_says_is_refused() -> None:
    """Nobody compared the two names, so a segment could pass for another one."""
    opened = open_object(SEALED.store, SEALED.facts, SEALED.key, name="blocks.0")
    assert opened.index().segment == "blocks.0"

    with pytest.raises(IntegrityError, match=r"of segment 'blocks\.0', the manifest"):
        open_object(SEALED.store, SEALED.facts, SEALED.key, name="head").index()


@pytest.mark.parametrize("more", [{}, {"data": pattern(PLAIN_BYTES - 9)}])
@pytest.mark.parametrize("items", [4, 5, 300, 600])
def test_an_index_longer_than_record_0_is_read(
    items: int, more: dict[str, bytes]
) -> None:
    """With 4,000 characters a name, from within record 0 to over three records."""
    contents = {f"{'n' * 4000}{n}": b"" for n in range(items)} | more

    assert seal(contents).read() == contents


def test_a_start_that_was_altered_is_refused_with_its_index() -> None:
    for byte in (HEADER_BYTES, START_BYTES - 1):
        attacked = SEALED.replaced(flipped(SEALED.blob, 8 * byte))
        segment = open_object(attacked, SEALED.facts, SEALED.key)
        for ask in (segment.index, segment.positions):
            with pytest.raises(IntegrityError, match="record 0 of segment"):
                ask()


def test_what_was_decrypted_under_a_wrong_tag_is_zeroed() -> None:
    segment = open_object(SEALED.store, SEALED.facts, SEALED.key)
    length = segment.plain_length(1)
    start = record_offset(1)
    altered = flipped(SEALED.blob[start : start + length + TAG_BYTES], 8 * length)
    plain = bytearray(b"x" * length)

    with pytest.raises(IntegrityError, match="record 1"):
        segment.decrypt(1, altered, plain)
    assert not any(plain)


@settings(max_examples=200)
@given(st.integers(0, 8 * HEADER_BYTES - 1))
def test_a_flipped_bit_in_the_header_is_refused(bit: int) -> None:
    store = SEALED.replaced(flipped(SEALED.blob, bit))

    with pytest.raises(IntegrityError):
        open_object(store, SEALED.facts, SEALED.key)


@given(st.integers(0, 255))
def test_another_key_is_refused_before_anything_is_decrypted(bit: int) -> None:
    """An index that no key opens is not even looked at."""
    garbage = SEALED.blob[:HEADER_BYTES] + bytes(len(SEALED.blob) - HEADER_BYTES)
    key = Secret(flipped(SEALED.key.reveal(), bit))

    with pytest.raises(IntegrityError, match="not the one that sealed"):
        open_object(SEALED.replaced(garbage), SEALED.facts, key)


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
    ("index_bytes", "data_bytes"),
    [
        (2**64 - 1, 0),
        (MAX_INDEX_BYTES + 1, 0),
        (FIRST_PLAIN_BYTES, 0),
        (0, 2**64 - 1),
        (0, 1),
    ],
)
def test_lengths_that_cannot_be_are_refused(index_bytes: int, data_bytes: int) -> None:
    """Even by somebody with the key: nothing is allocated on their word."""
    with pytest.raises(IntegrityError):
        forged(b"", index_bytes=index_bytes, data_bytes=data_bytes).read()


def test_an_index_that_does_not_add_up_is_refused() -> None:
    empty = b'{"items":[],"segment":"s","v":1}'
    some = (
        b'{"items":[{"dtype":null,"file":0,"name":"a","ranges":[[0,9]],"shape":null}],'
        b'"segment":"s","v":1}'
    )

    right = forged(empty)
    assert right.read() == {}
    with pytest.raises(IntegrityError, match="length before it"):
        forged(some).read()
    with pytest.raises(InputError, match="do not fit"):
        dataclasses.replace(right.facts, plain_bytes=1)
    with pytest.raises(IntegrityError, match="manifest's bytes"):
        dataclasses.replace(
            SEALED, facts=dataclasses.replace(SEALED.facts, plain_bytes=1)
        ).read()


def test_a_key_of_a_wrong_length_is_refused() -> None:
    with pytest.raises(InputError):
        open_object(SEALED.store, SEALED.facts, Secret(b"short"))


def test_every_record_but_the_first_and_the_last_is_whole() -> None:
    segment = open_object(SEALED.store, SEALED.facts, SEALED.key)
    lengths = [segment.plain_length(r) for r in range(SEALED.facts.records)]

    assert lengths[:-1] == [FIRST_PLAIN_BYTES] + [PLAIN_BYTES] * (len(lengths) - 2)
    assert sum(lengths) + len(lengths) * TAG_BYTES + HEADER_BYTES == len(SEALED.blob)
