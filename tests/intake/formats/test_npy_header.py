"""The header of an array is read as numpy reads it, or not at all."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats.npy_header import Layout, read_layout
from strongroom.intake.sources import Source
from tests.intake.places import in_memory


def saved(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def with_header(header: bytes, version: bytes = b"\x01\0") -> bytes:
    return b"\x93NUMPY" + version + len(header).to_bytes(2, "little") + header


def layout_of(data: bytes) -> Layout:
    with in_memory(data) as descriptor:
        return read_layout(
            Source(descriptor=descriptor, start=0, length=len(data), path="x.npy")
        )


WHOLE = saved(np.arange(6, dtype="<f4").reshape(2, 3))


@given(
    st.sampled_from(["<f4", ">i8", "|b1", "<c16", "<U3", "|S2", "<M8[s]", "<f2"]),
    st.lists(st.integers(0, 3), max_size=4),
    st.booleans(),
)
def test_type_order_and_shape_are_those_that_numpy_wrote(
    kind: str, shape: list[int], columns: bool
) -> None:
    values = np.zeros(shape, kind, order="F" if columns else "C")
    read = layout_of(saved(values))

    assert (np.dtype(read.descr), read.shape) == (values.dtype, values.shape)
    assert read.is_columns is (values.flags.fnc and values.ndim > 1)
    assert read.data.length == values.nbytes


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"\x93NUMPY", "npy/header"),
        (b"\x80\x04" + WHOLE, "npy/header"),
        (with_header(b"{}"), "npy/header"),
        (with_header(b"", version=b"\x04\0"), "npy/header"),
        (with_header(b"\xff" * 65535)[:100], "file/cut"),
        (
            with_header(
                b"{'descr': '<f4', 'fortran_order': False, 'shape': "
                b"(4611686018427387904, 4, 0), }\n"
            ),
            "npy/header",
        ),
        (
            with_header(
                b"{'descr': __import__('os').system('id'), 'fortran_order': False, "
                b"'shape': (0,), }\n"
            ),
            "npy/header",
        ),
        (
            with_header(
                b"{'descr': '<f4', 'descr': '|O', 'fortran_order': False, "
                b"'shape': (0,), }\n"
            ),
            "npy/header",
        ),
        (
            with_header(
                b"{'descr': '<f4', 'fortran_order': False, 'shape': (0,), 'x': 1}\n"
            ),
            "npy/header",
        ),
        (
            with_header(b"{'descr': '<f4', 'fortran_order': 1, 'shape': (0,), }\n"),
            "npy/header",
        ),
    ],
)
def test_another_form_is_refused(data: bytes, rule: str) -> None:
    with pytest.raises(RefusedError) as refused:
        layout_of(data)
    assert refused.value.rule == rule
