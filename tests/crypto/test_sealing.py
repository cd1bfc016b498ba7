"""Sealing writes exactly the specified bytes, once, in little memory."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.crypto import keys
from strongroom.crypto.container import PLAIN_BYTES as P
from strongroom.crypto.container import RECORD_BYTES
from strongroom.crypto.sealing import Item, seal_segment
from strongroom.errors import (
    ConflictError,
    InputError,
    IntegrityError,
    UnavailableError,
)
from strongroom.stores.memory import MemoryStore
from strongroom.types import ArtifactId, Secret, SegmentId
from tests.crypto.sealed import context, item, pattern, seal

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "sealed_objects.json").read_text()
)


@pytest.mark.parametrize("vector", VECTORS["objects"])
def test_objects_match_the_vectors(vector: dict[str, Any]) -> None:
    store = MemoryStore()
    contents = {
        i["name"]: pattern(i["length"], i["shake_256_of"]) for i in vector["items"]
    }
    facts = seal_segment(
        [item(name, content) for name, content in contents.items()],
        segment_name=vector["segment_name"],
        context=keys.SegmentContext(
            suite=vector["suite"],
            artifact=ArtifactId(vector["artifact"]),
            version=vector["version"],
            generation=vector["generation"],
            segment=SegmentId(vector["segment"]),
            record_bytes=RECORD_BYTES,
            shares=len(vector["shares"]),
        ),
        shares=[Secret(bytes.fromhex(share)) for share in vector["shares"]],
        salt=bytes.fromhex(vector["salt"]),
        store=store,
        object_name="o",
    )
    blob = store._blobs["o"]

    assert len(blob) == vector["length"] == facts.length
    assert blob[:256].hex() == vector["header"]
    assert blob.hex() == vector.get("object", blob.hex())
    assert hashlib.sha256(blob).hexdigest() == vector["sha256"] == facts.sha256.hex()
    assert facts.commitment.hex() == vector["commitment"]
    assert facts.records == vector["records"]


@settings(max_examples=25)
@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8),
        st.one_of(st.integers(0, 2000), st.sampled_from([P - 1, P, P + 1, 2 * P + 3])),
        max_size=4,
    ),
    st.sampled_from(keys.SUITES),
    st.integers(1, 3),
)
def test_what_was_sealed_comes_back(
    lengths: dict[str, int], suite: int, shares: int
) -> None:
    contents = {name: pattern(length, name) for name, length in lengths.items()}

    sealed = seal(
        contents, suite=suite, make_context=lambda s: context(s, shares=shares)
    )

    assert sealed.read() == contents
    assert sealed.facts.plain_bytes == sum(lengths.values())


def test_an_empty_segment_has_one_record() -> None:
    sealed = seal({})

    assert sealed.facts.records == 1
    assert sealed.read() == {}


def test_sizes_leak_only_as_far_as_padding_lets_them() -> None:
    """Same names and sizes of one Padmé class give objects of one length."""
    lengths = {len(seal({"a": pattern(n)}).blob) for n in range(9100, 9130)}

    assert len(lengths) == 1


def test_a_range_of_a_file_takes_only_its_bytes() -> None:
    source = pattern(4 * P)
    asked: list[tuple[int, int]] = []

    def read_into(offset: int, buffer: memoryview) -> None:
        asked.append((offset, len(buffer)))
        buffer[:] = source[offset : offset + len(buffer)]

    part = Item(
        name="a",
        file=0,
        dtype=None,
        shape=None,
        ranges=((10, 20), (P, 2 * P + 5)),
        read_into=read_into,
    )
    store = MemoryStore()
    facts = seal_segment(
        [part],
        segment_name="s",
        context=context(),
        shares=[Secret(bytes(32))],
        salt=bytes(32),
        store=store,
        object_name="o",
    )

    assert facts.plain_bytes == 2 * P + 25
    read = sorted(byte for offset, n in asked for byte in (offset, offset + n))
    assert sum(n for _, n in asked) == facts.plain_bytes  # each byte once
    assert read[0] == 10
    assert read[-1] == 3 * P + 5


def test_it_streams_in_a_few_mebibytes() -> None:
    class Drain:
        def write(self, name: str, parts: Iterable[bytes | memoryview]) -> int:
            return sum(len(part) for part in parts)

    def zeros(offset: int, buffer: memoryview) -> None:
        buffer[:] = bytes(len(buffer))

    length = 96 * P
    large = Item(
        name="a",
        file=0,
        dtype=None,
        shape=None,
        ranges=((0, length),),
        read_into=zeros,
    )
    tracemalloc.start()
    seal_segment(
        [large],
        segment_name="s",
        context=context(),
        shares=[Secret(bytes(32))],
        salt=bytes(32),
        store=Drain(),
        object_name="o",
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 8 * 1024 * 1024


def test_a_source_that_fails_leaves_no_object() -> None:
    def changed(offset: int, buffer: memoryview) -> None:
        raise IntegrityError("model.safetensors changed while it was read")

    store = MemoryStore()
    broken = Item(
        name="a",
        file=0,
        dtype=None,
        shape=None,
        ranges=((0, 9),),
        read_into=changed,
    )

    with pytest.raises(IntegrityError, match="changed while"):
        seal_segment(
            [broken],
            segment_name="s",
            context=context(),
            shares=[Secret(bytes(32))],
            salt=bytes(32),
            store=store,
            object_name="o",
        )
    assert list(store.names()) == []


def test_a_store_that_keeps_less_is_not_believed() -> None:
    class Lossy:
        def write(self, name: str, parts: Iterable[bytes | memoryview]) -> int:
            return sum(len(part) for part in parts) - 1

    with pytest.raises(UnavailableError, match="bytes kept"):
        seal_segment(
            [item("a", b"x")],
            segment_name="s",
            context=context(),
            shares=[Secret(bytes(32))],
            salt=bytes(32),
            store=Lossy(),
            object_name="o",
        )


def test_a_name_that_is_taken_or_a_missing_share_is_refused() -> None:
    store = MemoryStore()
    store.write("o", [b""])
    for shares, error in (
        ([Secret(bytes(32))], ConflictError),
        ([], InputError),
        ([Secret(b"short")], InputError),
        ([Secret(bytes(32))] * 2, InputError),
    ):
        with pytest.raises(error):
            seal_segment(
                [item("a", b"x")],
                segment_name="s",
                context=context(),
                shares=shares,
                salt=bytes(32),
                store=store,
                object_name="o",
            )
