"""Headers are read as the safetensors package reads them, or are refused."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import InputError
from strongroom.intake.formats import safetensors as subject
from strongroom.intake.formats.safetensors_writer import header_bytes, place

ENTRY = '{"dtype":"U8","shape":[2],"data_offsets":[0,2]}'


def read(data: bytes) -> subject.SafetensorsHeader:
    return subject.read_header(reader(data), len(data))


def reader(data: bytes) -> Callable[[int, int], bytes]:
    return lambda offset, length: data[offset : offset + length]


def file(header: str | bytes, data: bytes = b"") -> bytes:
    body = header.encode() if isinstance(header, str) else header
    return struct.pack("<Q", len(body)) + body + data


def theirs(data: bytes) -> dict[str, dict[str, Any]]:
    """What the safetensors package makes of a file."""
    return dict(safetensors.deserialize(data))  # type: ignore[no-untyped-call]  # their stub


def their_refusal(data: bytes) -> bool:
    try:
        theirs(data)
    except safetensors.SafetensorError:
        return True
    return False


names = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=20
).filter(lambda name: name != "__metadata__")
shapes = st.lists(st.integers(0, 4), max_size=3).map(tuple)
dtypes = st.sampled_from(sorted(subject.DTYPE_BITS))
tensors = st.lists(
    st.tuples(names, dtypes, shapes), max_size=8, unique_by=lambda t: t[0]
)
metadata = st.dictionaries(names, st.text(st.characters(codec="utf-8"), max_size=20))


@given(
    st.dictionaries(names, shapes, max_size=6),
    st.sampled_from(["f8", "f4", "i2", "u1", "?"]),
    st.none() | metadata,
)
def test_what_the_package_writes_is_read(
    contents: dict[str, tuple[int, ...]], kind: str, extra: dict[str, str] | None
) -> None:
    arrays = {name: np.ones(shape, kind) for name, shape in contents.items()}
    # With no tensors and {} the package writes a header that it cannot read itself.
    data = safetensors.numpy.save(arrays, metadata=extra or None)

    header = read(data)

    assert data.startswith(header.raw)
    assert dict(header.metadata) == (extra or {})
    assert {t.name: (t.dtype, list(t.shape)) for t in header.tensors} == {
        name: (t["dtype"], t["shape"]) for name, t in theirs(data).items()
    }
    for tensor in header.tensors:
        start = len(header.raw)
        piece = data[start + tensor.begin : start + tensor.end]
        assert piece == bytes(theirs(data)[tensor.name]["data"])


@given(tensors, metadata)
def test_what_we_write_the_package_reads(
    contents: list[tuple[str, str, tuple[int, ...]]], extra: dict[str, str]
) -> None:
    try:
        entries = place(contents)
    except InputError:
        return  # a 4-bit or 6-bit tensor that ends inside a byte
    size = entries[-1].end if entries else 0
    data = header_bytes(entries, extra) + bytes(size)

    header = read(data)

    assert header.tensors == tuple(entries)
    assert dict(header.metadata) == extra
    assert len(header.raw) % 8 == 0
    assert {name: (t["dtype"], t["shape"]) for name, t in theirs(data).items()} == {
        e.name: (e.dtype, list(e.shape)) for e in entries
    }


@pytest.mark.parametrize("dtype", sorted(subject.DTYPE_BITS))
def test_every_type_has_the_length_that_the_package_gives_it(dtype: str) -> None:
    size = subject.tensor_bytes(dtype, (8,), name="a")
    good = {"a": {"dtype": dtype, "shape": [8], "data_offsets": [0, size]}}
    long = {"a": {"dtype": dtype, "shape": [8], "data_offsets": [0, size + 1]}}

    assert read(file(json.dumps(good), bytes(size))).tensors[0].dtype == dtype
    assert not their_refusal(file(json.dumps(good), bytes(size)))
    assert their_refusal(file(json.dumps(long), bytes(size + 1)))
    with pytest.raises(InputError, match="its offsets hold"):
        read(file(json.dumps(long), bytes(size + 1)))


@given(st.data())
def test_what_the_package_refuses_is_refused(data: st.DataObject) -> None:
    """Random damage to a good file: never an error of another kind, never laxer."""
    good = bytearray(
        safetensors.numpy.save(
            {"a": np.ones((2, 3), "f4"), "b": np.ones(5, "u1"), "c": np.ones((), "i8")},
            metadata={"format": "pt"},
        )
    )
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(good) - 1))
        good[position] = data.draw(st.integers(0, 255) | st.sampled_from(b'0123{}[]",'))
    cut = data.draw(st.integers(0, 4))
    damaged = bytes(good[: len(good) - cut])

    try:
        header = read(damaged)
    except InputError:
        return
    assert [t.name for t in header.tensors]
    assert not their_refusal(damaged)


NOT_EVEN_THEM = {
    "no bytes": b"",
    "a cut length": b"\x08\0\0",
    "a header beyond the file": struct.pack("<Q", 20) + b"{}",
    "a header over the cap": struct.pack("<Q", 100_000_001) + b"{}",
    "a sealed object's magic": b"STRMSEAL" + bytes(100),
    "no JSON": file("tensor"),
    "an empty header": file(""),
    "a cut header": file('{"a":'),
    "no UTF-8": file(b'{"\xff":' + ENTRY.encode() + b"}", b"ab"),
    "a list": file("[]"),
    "a million brackets": file("[" * 1_000_000),
    "a million brackets in a tensor": file('{"a":' + "[" * 1_000_000),
    "a thousand brackets in a shape": file(
        '{"a":{"dtype":"U8","shape":' + "[" * 1900 + ',"data_offsets":[0,0]}}'
    ),
    "a million objects": file('{"a":' * 1_000_000),
    "a byte after the header": file("{}x"),
    "a NUL after the header": file("{}\0"),
    "a trailing comma": file('{"a":' + ENTRY + ",}", b"ab"),
    "a number for a tensor": file('{"a":1}'),
    "an unknown type": file(f'{{"a":{ENTRY.replace("U8", "U9")}}}', b"ab"),
    "no offsets": file('{"a":{"dtype":"U8","shape":[2]}}', b"ab"),
    "three offsets": file(
        '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,1,2]}}', b"ab"
    ),
    "a field twice": file(
        '{"a":{"dtype":"U8","dtype":"U8","shape":[2],"data_offsets":[0,2]}}', b"ab"
    ),
    "a shape of fractions": file(f'{{"a":{ENTRY.replace("[2]", "[2.0]")}}}', b"ab"),
    "a shape of truths": file(
        '{"a":{"dtype":"U8","shape":[true],"data_offsets":[0,1]}}', b"a"
    ),
    "a negative shape": file(f'{{"a":{ENTRY.replace("[2]", "[-2]")}}}', b"ab"),
    "minus nothing": file(
        '{"a":{"dtype":"U8","shape":[-0],"data_offsets":[0,0]}}', b""
    ),
    "a shape that overflows": file(
        '{"a":{"dtype":"U8","shape":[9007199254740991,9007199254740991,0],'
        '"data_offsets":[0,0]}}'
    ),
    "negative offsets": file(f'{{"a":{ENTRY.replace("[0,2]", "[-2,0]")}}}', b"ab"),
    "offsets the wrong way": file(
        '{"a":{"dtype":"U8","shape":[0],"data_offsets":[2,0]}}', b"ab"
    ),
    "offsets beyond the file": file(f'{{"a":{ENTRY}}}', b"a"),
    "offsets of 2**63": file(
        '{"a":{"dtype":"U8","shape":[2],'
        '"data_offsets":[9223372036854775806,9223372036854775808]}}',
        b"ab",
    ),
    "too few bytes for the shape": file(f'{{"a":{ENTRY.replace("U8", "F32")}}}', b"ab"),
    "half a byte": file('{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}', b"ab"),
    "trailing bytes": file(f'{{"a":{ENTRY}}}', b"abc"),
    "bytes and no tensor": file("{}", b"a"),
    "a gap": file(f'{{"a":{ENTRY},"b":{ENTRY.replace("[0,2]", "[3,5]")}}}', b"abcde"),
    "a gap at the start": file(f'{{"a":{ENTRY.replace("[0,2]", "[1,3]")}}}', b"abc"),
    "an overlap": file(
        f'{{"a":{ENTRY},"b":{ENTRY.replace("[0,2]", "[1,3]")}}}', b"abc"
    ),
    "two tensors in one place": file(f'{{"a":{ENTRY},"b":{ENTRY}}}', b"ab"),
    "metadata of numbers": file('{"__metadata__":{"a":1}}'),
    "metadata twice": file('{"__metadata__":{},"__metadata__":{}}'),
    "a line break in a name": file(f'{{"a\n":{ENTRY}}}', b"ab"),
    "half a surrogate pair": file(f'{{"\\ud800":{ENTRY}}}', b"ab"),
    "half a surrogate pair in metadata": file('{"__metadata__":{"a":"\\udfff"}}'),
}

STRICTER = {
    "a tensor twice": file(f'{{"a":{ENTRY},"a":{ENTRY}}}', b"ab"),
    "metadata with a key twice": file('{"__metadata__":{"a":"b","a":"c"}}'),
    "a tensor as a list": file('{"a":["U8",[2],[0,2]]}', b"ab"),
    "an unknown field": file(
        f'{{"a":{ENTRY.replace("{", chr(123) + chr(34) + "x" + chr(34) + ":1,")}}}',
        b"ab",
    ),
    "white space in front": file(" {}"),
    "null metadata": file('{"__metadata__":null}'),
    "an empty name": file(f'{{"":{ENTRY}}}', b"ab"),
    "a name that clears the screen": file(f'{{"\\u001b[2J":{ENTRY}}}', b"ab"),
    "a name that reads backwards": file(f'{{"\u202eabc":{ENTRY}}}', b"ab"),
    "a name of 5,000 letters": file(f'{{"{"n" * 5000}":{ENTRY}}}', b"ab"),
    "65 dimensions": file(
        json.dumps({"a": {"dtype": "U8", "shape": [1] * 65, "data_offsets": [0, 1]}}),
        b"a",
    ),
}


@pytest.mark.parametrize("what", NOT_EVEN_THEM)
def test_a_bad_file_is_refused_by_both(what: str) -> None:
    assert their_refusal(NOT_EVEN_THEM[what])
    with pytest.raises(InputError):
        read(NOT_EVEN_THEM[what])


@pytest.mark.parametrize("what", STRICTER)
def test_what_readers_could_understand_differently_is_refused(what: str) -> None:
    assert not their_refusal(STRICTER[what])
    with pytest.raises(InputError):
        read(STRICTER[what])


def test_a_read_that_comes_back_short_is_refused() -> None:
    data = file(f'{{"a":{ENTRY}}}', b"ab")

    with pytest.raises(InputError, match="cut"):
        subject.read_header(reader(data[:20]), len(data))


def test_only_the_header_is_read() -> None:
    asked: list[tuple[int, int]] = []
    data = file(f'{{"a":{ENTRY}}}', b"ab")

    def count(offset: int, length: int) -> bytes:
        asked.append((offset, length))
        return data[offset : offset + length]

    header = subject.read_header(count, len(data))

    assert asked == [(0, 8), (8, len(header.raw) - 8)]


def test_a_header_is_not_written_with_a_gap_or_a_name_twice() -> None:
    one, two = place([("a", "U8", [2]), ("b", "U8", [2])])
    twin = subject.TensorEntry(name="a", dtype="U8", shape=(2,), begin=2, end=4)

    with pytest.raises(InputError, match="a gap"):
        header_bytes([two, one])
    with pytest.raises(InputError, match="twice"):
        header_bytes([one, twin])
