"""Only a file that every parser reads alike comes out, in a layout of ours."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats import safetensors_files as subject
from tests.intake.hostile import mutated, rewritten, rewritten_or_refused

ARRAYS = {
    "embed": np.arange(6, dtype="<f4").reshape(2, 3),
    "bias": np.arange(3, dtype="u1"),
    "flag": np.array([True, False]),
}
REAL = safetensors.numpy.save(ARRAYS, {"format": "pt", "head": "embed"})


def file(header: object, data: bytes = b"") -> bytes:
    body = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(body)) + body + data


def entry(begin: int, end: int, dtype: str = "U8") -> dict[str, object]:
    return {"dtype": dtype, "shape": [end - begin], "data_offsets": [begin, end]}


def test_the_same_tensors_come_out_in_a_file_that_loads() -> None:
    result, files = rewritten(subject.rewrite, REAL, "sub/model.safetensors")

    loaded = safetensors.numpy.load(files["sub/model.safetensors"])
    assert {name: array.tolist() for name, array in loaded.items()} == {
        name: array.tolist() for name, array in ARRAYS.items()
    }
    assert result.changes == ()
    assert b'"format":"pt"' in files["sub/model.safetensors"]
    assert b'"head":"embed"' in files["sub/model.safetensors"]  # a tied tensor


def test_no_gap_between_header_and_first_tensor_survives() -> None:
    padded = file(b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}' + b" " * 99)
    _, files = rewritten(subject.rewrite, padded + b"!", "m.safetensors")

    assert b" " * 8 not in files["m.safetensors"]


def test_free_text_is_left_out_and_named() -> None:
    data = safetensors.numpy.save(
        ARRAYS, {"format": "pt", "note": "<script>", "format2": "pt"}
    )
    result, files = rewritten(subject.rewrite, data, "m.safetensors")

    assert b"script" not in files["m.safetensors"]
    assert result.changes == ("free text of the header left out: 'format2', 'note'",)


@pytest.mark.parametrize(
    ("header", "data"),
    [
        pytest.param(
            b'{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},'
            b'"a":{"dtype":"I8","shape":[2],"data_offsets":[0,2]}}',
            b"12",
            id="one name twice, over the same bytes",
        ),
        pytest.param({"a": entry(0, 4), "b": entry(2, 6)}, b"123456", id="overlap"),
        pytest.param({"a": entry(0, 2), "b": entry(3, 4)}, b"1234", id="gap"),
        pytest.param({"a": entry(0, 2)}, b"12PK\x03\x04", id="something behind"),
        pytest.param({"a": entry(0, 4)}, b"12", id="cut"),
        pytest.param({"a": entry(0, 2, "U7")}, b"12", id="unknown type"),
        pytest.param(
            {"a": {"dtype": "U8", "shape": [2**62, 4], "data_offsets": [0, 0]}},
            b"",
            id="a product that overflows to 0",
        ),
        pytest.param({"a": {**entry(0, 1), "x": 1}}, b"1", id="one field more"),
        pytest.param(b"[" * 100_000, b"", id="nested"),
        pytest.param({"__metadata__": {"a": 1}}, b"", id="metadata that is no text"),
    ],
)
def test_what_two_parsers_could_read_differently_is_refused(
    header: object, data: bytes
) -> None:
    with pytest.raises(RefusedError) as refused:
        rewritten(subject.rewrite, file(header, data), "m.safetensors")
    assert refused.value.rule == "safetensors/header"


def test_a_header_over_the_cap_is_refused_unread() -> None:
    with pytest.raises(RefusedError, match="over the cap") as refused:
        rewritten(subject.rewrite, struct.pack("<Q", 2**63) + b"{}", "m.safetensors")
    assert refused.value.rule == "safetensors/size"


@given(st.data())
def test_a_changed_file_is_refused_or_comes_out_loadable(data: st.DataObject) -> None:
    changed = data.draw(mutated(REAL))

    files = rewritten_or_refused(subject.rewrite, changed, "m.safetensors")

    if files is not None:
        safetensors.deserialize(files["m.safetensors"])  # type: ignore[no-untyped-call]  # their stub
