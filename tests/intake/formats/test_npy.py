"""Arrays come out as numpy reads them, and objects never do."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pytest
import safetensors.numpy
import torch
from hypothesis import given
from hypothesis import strategies as st

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats import npy as subject
from tests.intake.formats.checkpoints import together
from tests.intake.hostile import mutated, rewritten, rewritten_or_refused

TYPES = [
    *("?", "i1", "u1", "<i2", ">i2", "<u4", ">u8", "<f2", ">f2", "<f4", ">f4", "<f8"),
    *(">i8", "<c8", ">c8"),
]
VALUES = np.arange(6, dtype="<f4").reshape(2, 3)


def saved(values: object, **words: bool) -> bytes:
    file = io.BytesIO()
    np.save(file, values, **words)  # type: ignore[arg-type]  # objects, too
    return file.getvalue()


def archived(save: Callable[..., None], **arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


def with_header(header: bytes, data: bytes = b"", version: bytes = b"\x01\0") -> bytes:
    return b"\x93NUMPY" + version + len(header).to_bytes(2, "little") + header + data


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["<c16", ">c16"])
def test_complex_numbers_of_16_bytes_come_out_as_pairs_that_a_tree_tells_of(
    kind: str, order: Literal["C", "F"]
) -> None:
    values = (np.arange(6) * (1 - 2j)).reshape(2, 3).astype(kind, order=order)

    _, one = rewritten(subject.rewrite, saved(values), "model.npy")
    _, many = rewritten(
        subject.rewrite_npz, archived(np.savez, a=values, b=VALUES), "model.npz"
    )

    found = together(one).value
    assert (found.dtype, found.numpy().tolist()) == (torch.complex128, values.tolist())
    both = together(many)
    assert both["a"].value.numpy().tolist() == values.tolist()
    assert both["b"].value.numpy().tolist() == VALUES.tolist()


def test_complex_numbers_that_are_not_there_come_out_as_none() -> None:
    files = rewritten(subject.rewrite, saved(np.zeros((0, 3), "<c16")), "model.npy")[1]
    assert tuple(together(files).value.shape) == (0, 3)


@given(
    st.sampled_from(TYPES),
    st.lists(st.integers(0, 4), max_size=4),
    st.sampled_from(["C", "F"]),
)
def test_an_array_comes_out_with_the_values_that_numpy_reads(
    kind: str, shape: list[int], order: str
) -> None:
    count = int(np.prod(shape, dtype=int))
    values = np.arange(count).reshape(shape).astype(kind)
    data = saved(np.asfortranarray(values) if order == "F" and shape else values)

    files = rewritten(subject.rewrite, data, "sub/x.npy")[1]

    loaded = safetensors.numpy.load(files["sub/x.safetensors"])["array"]
    assert loaded.tolist() == values.tolist()
    assert loaded.dtype == values.dtype.newbyteorder("=")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_every_member_of_an_archive_comes_out(save: Callable[..., None]) -> None:
    data = archived(save, a=VALUES, b=np.asfortranarray(VALUES))

    files = rewritten(subject.rewrite_npz, data, "x.npz")[1]

    loaded = safetensors.numpy.load(files["x.safetensors"])
    assert {name: found.tolist() for name, found in loaded.items()} == {
        "a": VALUES.tolist(),
        "b": VALUES.tolist(),
    }


def rule_of(data: bytes) -> str:
    with pytest.raises(RefusedError) as refused:
        rewritten(subject.rewrite, data, "x.npy")
    return refused.value.rule


def test_zeros_that_are_packed_come_out() -> None:
    """Ten thousand zeros grow 500 times, and were taken for a bomb."""
    data = archived(np.savez_compressed, a=np.zeros((1000, 1000)), b=np.ones(3))
    _, files = rewritten(subject.rewrite_npz, data, "m.npz")

    assert not safetensors.numpy.load(files["m.safetensors"])["a"].any()


def test_another_order_is_noted() -> None:
    columns = np.asfortranarray(np.ones((2, 3)))
    data = archived(np.savez, a=np.ones(3, ">f4"), b=columns, c=np.ones(2))
    result, _ = rewritten(subject.rewrite_npz, data, "m.npz")

    assert [line.partition(": ")[2] for line in result.changes] == ["'a'", "'b'"]


def test_cve_2019_6446_an_array_of_objects_is_refused_unread() -> None:
    assert rule_of(saved(np.array([{}, []], dtype=object), allow_pickle=True)) == (
        "npy/object"
    )


def test_an_array_of_objects_behind_a_good_one_is_refused() -> None:
    """``numpy.load`` reads members when they are asked for, and not before."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.npy", saved(VALUES))
        archive.writestr("z.npy", saved(np.array([{}], dtype=object)))
    with pytest.raises(RefusedError) as refused:
        rewritten(subject.rewrite_npz, file.getvalue(), "x.npz")
    assert (refused.value.rule, refused.value.place) == ("npy/object", "z")


def test_a_pickle_among_arrays_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.npy", saved(VALUES))
        archive.writestr("data.pkl", b"cos\nsystem\n(S'id'\ntR.")
    with pytest.raises(RefusedError) as refused:
        rewritten(subject.rewrite_npz, file.getvalue(), "x.npz")
    assert refused.value.rule == "npy/member"


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (saved(np.array(["a"])), "npy/type"),
        (saved(np.array(["2026-01-01"], dtype="M8[D]")), "npy/type"),
        (saved(np.zeros(2, dtype=[("a", "<f4"), ("b", "<i4")])), "npy/header"),
        (saved(np.zeros(2, dtype="M8[s]")), "npy/type"),
        (saved(VALUES)[:-1], "npy/length"),
        (saved(VALUES) + b"PK", "npy/length"),
        (saved(VALUES)[:20], "file/cut"),
        (
            with_header(
                b"{'descr': '<f4', 'fortran_order': False, "
                b"'shape': (9007199254740993, 0), }\n"
            ),
            "npy/tensor",
        ),
    ],
)
def test_what_is_no_array_of_numbers_is_refused(data: bytes, rule: str) -> None:
    assert rule_of(data) == rule


@pytest.mark.parametrize(
    ("array", "hint"),
    [
        (np.zeros(2, np.longdouble), "array.astype('f8')"),
        (np.zeros(2, "M8[s]"), "array.astype('i8')"),
        (np.zeros(2, "m8[s]"), "array.astype('i8')"),
        (np.array(["a"]), "JSON or text file"),
        (np.array([b"a"]), "JSON or text file"),
        (np.zeros(2, "V3"), "array.view('u1')"),
        (np.zeros(2, [("a", "<f4")]), "each field by itself"),
    ],
)
def test_who_saved_another_type_is_told_what_to_save(
    array: np.ndarray[Any, Any], hint: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        rewritten(subject.rewrite, saved(array), "a.npy")
    assert hint in refused.value.hint


@given(st.data())
def test_a_changed_array_is_refused_or_comes_out_loadable(data: st.DataObject) -> None:
    changed = data.draw(mutated(saved(VALUES)))
    files = rewritten_or_refused(subject.rewrite, changed, "x.npy")

    if files is not None:
        safetensors.numpy.load(files["x.safetensors"])


@given(st.data())
def test_a_changed_archive_is_refused_or_comes_out_loadable(
    data: st.DataObject,
) -> None:
    changed = data.draw(mutated(archived(np.savez_compressed, a=VALUES)))
    files = rewritten_or_refused(subject.rewrite_npz, changed, "x.npz")

    if files is not None:
        safetensors.numpy.load(files["x.safetensors"])
