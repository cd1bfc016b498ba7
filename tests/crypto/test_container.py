"""A header says little, says it in one way, and is no file of anything else."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import SafetensorError
from safetensors.numpy import load_file

from strongroom.crypto import container
from strongroom.crypto.container import (
    FIRST_PLAIN_BYTES,
    HEADER_BYTES,
    MAX_RECORDS,
    PLAIN_BYTES,
    Header,
    ObjectFacts,
    padded,
    record_at,
    record_count,
    record_nonce,
    record_offset,
    record_plain_bytes,
    record_start,
)
from strongroom.errors import InputError, IntegrityError
from strongroom.types import Secret
from tests.crypto.sealed import context, flipped, seal

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "sealed_padding.json").read_text()
)

SEALED = seal({"a": b"weights"})
HEADER = SEALED.facts.header()

headers = st.builds(
    Header,
    suite=st.integers(1, 2),
    salt=st.binary(min_size=32, max_size=32),
    artifact=st.binary(min_size=16, max_size=16),
    version=st.integers(0, 2**64 - 1),
    generation=st.integers(0, 2**64 - 1),
    segment=st.binary(min_size=16, max_size=16),
    records=st.integers(1, MAX_RECORDS),
    shares=st.integers(1, 255),
    commitment=st.binary(min_size=32, max_size=32),
)


@pytest.mark.parametrize(("length", "expected"), VECTORS["padded"])
def test_padding_matches_the_published_rule(length: int, expected: int) -> None:
    assert padded(length) == expected


@given(st.integers(0, 2**60))
def test_padding_adds_at_most_twelve_percent_and_is_final(length: int) -> None:
    longer = padded(length)

    assert length <= longer <= length * 1.12
    assert padded(longer) == longer


@given(headers)
def test_a_header_comes_back(header: Header) -> None:
    data = header.to_bytes()

    assert len(data) == HEADER_BYTES
    assert Header.parse(data) == header


@pytest.mark.parametrize("byte", range(HEADER_BYTES))
def test_a_flipped_bit_in_every_byte_is_refused(byte: int) -> None:
    for bit in (0, 3, 7):
        with pytest.raises(IntegrityError):
            SEALED.facts.verify_header(flipped(HEADER.to_bytes(), 8 * byte + bit))


def test_a_header_that_cannot_be_is_refused() -> None:
    data = HEADER.to_bytes()
    for wrong in (
        b"",
        data[:-1],
        data + b"\0",
        b"\0" * HEADER_BYTES,
        dataclasses.replace(HEADER, suite=3).to_bytes(),
        dataclasses.replace(HEADER, shares=0).to_bytes(),
        dataclasses.replace(HEADER, records=0).to_bytes(),
        dataclasses.replace(HEADER, records=MAX_RECORDS + 1).to_bytes(),
    ):
        with pytest.raises(IntegrityError):
            Header.parse(wrong)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("suite", 2),
        ("salt", bytes(32)),
        ("artifact", bytes(16)),
        ("version", 2),
        ("generation", 0),
        ("segment", bytes(16)),
        ("records", 3),
        ("shares", 2),
        ("commitment", bytes(32)),
    ],
)
def test_a_header_of_another_object_is_refused_by_name(
    field: str, value: int | bytes
) -> None:
    changes: dict[str, object] = {field: value}
    other = dataclasses.replace(HEADER, **changes)  # type: ignore[arg-type]  # a table

    with pytest.raises(IntegrityError, match=f"another {field}"):
        SEALED.facts.verify_header(other.to_bytes())


def test_no_reader_of_safetensors_takes_it_for_weights(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(SEALED.blob)

    with pytest.raises(SafetensorError):
        load_file(path)
    assert int.from_bytes(container.MAGIC, "little") > 100_000_000


def test_nonces_differ_in_number_and_in_being_last() -> None:
    assert record_nonce(258, last=False).hex() == "000000000000000000010200"
    assert record_nonce(258, last=True).hex() == "000000000000000000010201"


def test_a_stream_has_at_least_one_record_and_the_first_is_short() -> None:
    first = FIRST_PLAIN_BYTES
    streams = (0, 1, first, first + 1, first + PLAIN_BYTES, first + PLAIN_BYTES + 1)

    assert [record_count(n) for n in streams] == [1, 1, 1, 2, 2, 3]
    assert [record_offset(n) for n in range(3)] == [256, 16384, 16384 + 1024 * 1024]


@given(st.integers(FIRST_PLAIN_BYTES, 2**50), st.data())
def test_every_byte_of_a_stream_lies_in_one_record(
    stream_bytes: int, data: st.DataObject
) -> None:
    last = record_count(stream_bytes) - 1
    position = data.draw(st.integers(0, stream_bytes - 1))
    record = record_at(position)
    length = record_plain_bytes(record, stream_bytes)

    assert 0 <= position - record_start(record) < length
    assert record < last or record_start(record) + length == stream_bytes
    assert record_plain_bytes(last, stream_bytes) > 0
    assert (
        container.object_bytes(stream_bytes)
        == record_offset(last) + record_plain_bytes(last, stream_bytes) + 16
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("salt", b"short"),
        ("commitment", b"short"),
        ("sha256", b"short"),
        ("records", 0),
        ("records", 3),
        ("records", MAX_RECORDS + 1),
        ("length", 0),
        ("length", HEADER_BYTES + 16),
        ("length", 16384 - 1),
        ("plain_bytes", -1),
        ("plain_bytes", 10**9),
    ],
)
def test_facts_that_cannot_be_are_refused(field: str, value: int | bytes) -> None:
    changes: dict[str, object] = {field: value}
    with pytest.raises(InputError):
        dataclasses.replace(SEALED.facts, **changes)  # type: ignore[arg-type]  # a table


def test_another_stride_is_refused() -> None:
    other = dataclasses.replace(context(), record_bytes=4096)

    with pytest.raises(InputError, match="4096"):
        dataclasses.replace(SEALED.facts, context=other)


def test_a_cipher_needs_a_key_and_a_known_suite() -> None:
    with pytest.raises(InputError):
        container.cipher_for(1, Secret(b"short"))
    with pytest.raises(InputError):
        container.cipher_for(3, Secret(bytes(32)))


def test_the_facts_describe_the_object_that_was_written() -> None:
    facts: ObjectFacts = SEALED.facts

    assert SEALED.blob[:HEADER_BYTES] == HEADER.to_bytes()
    assert (
        len(SEALED.blob) == facts.length == container.object_bytes(facts.stream_bytes)
    )
