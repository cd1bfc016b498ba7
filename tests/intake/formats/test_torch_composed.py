"""Tensors that are made of others come apart, and whole again."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch

from strongroom.client.checkpoints import Remnant
from strongroom.errors import InputError
from strongroom.intake.findings import RefusedError
from tests.intake.formats.checkpoints import (
    Forged,
    Made,
    Outside,
    assert_same,
    read,
    restored,
    saved,
    tensor,
)

pytestmark = pytest.mark.filterwarnings("ignore")  # torch gives some of them up
EYE = torch.eye(3)
ROWS = torch.ones(2, 3, 4)
COMPLEX = torch.tensor([1 + 2j, 3 - 4j], dtype=torch.complex64)

MADE: Mapping[str, Callable[[], torch.Tensor]] = {
    "coo": EYE.to_sparse,
    "coo_with_dense_rows": lambda: ROWS.to_sparse(1),
    "coo_not_coalesced": lambda: torch.sparse_coo_tensor([[0, 0]], [1.0, 2.0], (3,)),
    "coo_of_nothing": lambda: torch.zeros(3).to_sparse(),
    "coo_parameter": lambda: torch.nn.Parameter(EYE.to_sparse()),
    "csr": EYE.to_sparse_csr,
    "csr_of_a_batch": lambda: torch.stack([EYE] * 4).to_sparse_csr(),
    "csr_with_dense_rows": lambda: ROWS.to_sparse_csr(dense_dim=1),
    "csc": lambda: torch.ones(2, 3).to_sparse_csc(),
    "bsr": lambda: torch.ones(4, 6).to_sparse_bsr((2, 3)),
    "bsc": lambda: torch.ones(2, 4, 6).to_sparse_bsc((2, 3)),
    "qint8": lambda: torch.quantize_per_tensor(EYE, 0.1, 3, torch.qint8),
    "quint8": lambda: torch.quantize_per_tensor(EYE, 0.1, 3, torch.quint8),
    "qint32": lambda: torch.quantize_per_tensor(EYE, 0.1, 3, torch.qint32),
    "per_channel": lambda: torch.quantize_per_channel(
        EYE, torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0, 1, 2]), 1, torch.quint8
    ),
    "per_channel_of_floats": lambda: torch.quantize_per_channel(
        EYE, torch.tensor([0.1, 0.2, 0.3]), torch.zeros(3), 0, torch.quint8
    ),
    "nested": lambda: torch.nested.nested_tensor([torch.ones(2, 3), torch.ones(1, 3)]),
    "nested_numbers": lambda: torch.nested.nested_tensor([EYE[0, 0], EYE[0, 1]]),
    "conjugated": COMPLEX.conj,
    "negated": lambda: COMPLEX.conj().imag,
    "conjugated_and_negated": lambda: torch._neg_view(COMPLEX.conj()),
}


def whole(found: Remnant) -> torch.Tensor:  # noqa: PLR0911  # a table
    """Return a tensor, as the specification says how to build it."""
    parts: Any = found.value
    match found.kind:
        case "sparse-coo":
            return torch.sparse_coo_tensor(
                *parts[:3], is_coalesced=parts[3], check_invariants=True
            )
        case "sparse-csr" | "sparse-csc" | "sparse-bsr" | "sparse-bsc" as kind:
            layout = getattr(torch, kind.replace("-", "_"))
            return torch.sparse_compressed_tensor(
                *parts, layout=layout, check_invariants=True
            )
        case "quantised" if parts[1] == "per_tensor_affine":
            return torch._make_per_tensor_quantized_tensor(parts[0], parts[2], parts[3])
        case "quantised":
            return torch._make_per_channel_quantized_tensor(
                parts[0], parts[2], parts[3], parts[4]
            )
        case "nested":
            return torch._nested_view_from_buffer(*parts)
        case "conjugated":
            return inner(parts[0]).conj()
        case "negated":
            return torch._neg_view(inner(parts[0]))
    raise AssertionError(found.kind)


def inner(part: object) -> torch.Tensor:
    assert isinstance(part, Remnant | torch.Tensor)
    return whole(part) if isinstance(part, Remnant) else part


def plain(value: torch.Tensor) -> torch.Tensor:
    """Return the values of a tensor as a plain one of torch's."""
    if value.is_nested:
        parts = value.unbind()
        if not parts[0].shape:  # padding knows no numbers
            return torch.stack(parts)
        return torch.nested.to_padded_tensor(value, -1.0)
    if value.is_quantized:
        return value.dequantize()
    dense = value.to_dense() if value.layout != torch.strided else value
    return dense.resolve_conj().resolve_neg()


@pytest.mark.parametrize("is_zip", [True, False])
@pytest.mark.parametrize("name", MADE)
def test_a_tensor_made_of_others_comes_out_in_parts(name: str, *, is_zip: bool) -> None:
    value = MADE[name]()
    data = saved({"a": EYE, "w": value}, is_zip=is_zip)
    result, _ = read(data, is_zip=is_zip)

    found = whole(restored(data, is_zip=is_zip)["w"])

    assert (found.dtype, found.layout) == (value.dtype, value.layout)
    assert_same(plain(found), plain(value))
    assert any(change.endswith("taken apart") for change in result.changes)


def test_parts_are_named_after_the_tensor() -> None:
    result, _ = read(saved({"w": EYE.to_sparse()}))
    digests: Any = result.facts["tensors"]
    assert [name for name, _ in digests] == ["w.indices", "w.values"]


LAYOUT = torch.serialization._get_layout
SPARSE = torch._utils._rebuild_sparse_tensor
NESTED = torch._utils._rebuild_nested_tensor
QUANTISED = torch._utils._rebuild_qtensor
STORAGES = {
    "0": bytes(16),
    "n": bytes(32),
    "q": bytes(4),
    "rows": bytes(24),
    "zeros": bytes(16),
}
V2 = torch._utils._rebuild_tensor_v2


def numbers(*shape: int) -> Made:
    """Return whole numbers on a storage of four."""
    stride = tuple(torch.empty(shape, device="meta").stride())
    return tensor(shape, stride, kind=torch.LongStorage, key="n")


def sparse(layout: str, *data: object) -> Made:
    return Made(SPARSE, (Made(LAYOUT, (layout,)), data))


def quantised(*quantiser: object, kind: object = torch.QInt8Storage) -> Made:
    place = Outside(("storage", kind, "q", "cpu", 4))
    return Made(QUANTISED, (place, 0, (2, 2), (2, 1), quantiser, False, None))


ROWS_OF_CSR = tensor((3,), (1,), kind=torch.LongStorage, key="rows", count=3)
COO, CSR, BSR = "torch.sparse_coo", "torch.sparse_csr", "torch.sparse_bsr"
MISFITS = {
    "more_indices_than_values": sparse(COO, numbers(1, 3), tensor(), (9,), True),
    "a_dimension_too_few": sparse(COO, numbers(2, 2), tensor((2,)), (9,), True),
    "indices_that_are_no_table": sparse(COO, numbers(4), tensor(), (9,), True),
    "indices_that_are_floats": sparse(COO, tensor((1, 4), (4, 1)), tensor(), (9,)),
    "other_dense_dimensions": sparse(
        COO, numbers(1, 2), tensor((2, 2), (2, 1)), (9, 3)
    ),
    "values_without_dimensions": sparse(COO, numbers(1, 1), tensor((), ()), (9,)),
    "rows_that_do_not_fit": sparse(CSR, numbers(3), numbers(4), tensor(), (3, 4)),
    "columns_that_do_not_fit": sparse(CSR, numbers(3), numbers(3), tensor(), (2, 4)),
    "a_batch_of_another_size": sparse(
        CSR, numbers(2, 2), numbers(1, 2), tensor((2, 2), (2, 1)), (2, 1, 2)
    ),
    "pointers_of_another_type": sparse(CSR, tensor((3,)), numbers(4), tensor(), (2, 4)),
    "no_pointers": sparse(CSR, numbers(), numbers(), tensor((), ()), (1,)),
    "blocks_without_dimensions": sparse(BSR, numbers(3), numbers(4), tensor(), (2, 4)),
    "scales_of_another_number": quantised(
        torch.per_channel_affine, tensor((3,)), numbers(3), 1
    ),
    "nested_sizes_and_strides": Made(
        NESTED, (tensor(), numbers(2, 2), numbers(2, 1), numbers(2))
    ),
    "nested_offsets": Made(
        NESTED, (tensor(), numbers(2, 1), numbers(2, 1), numbers(3))
    ),
    "a_size_below_zero": sparse(COO, numbers(1, 0), tensor((0,)), (-1,)),
    "a_size_that_nobody_counts": sparse(
        COO, numbers(2, 2), tensor((2,)), (2**32, 2**31)
    ),
    "a_size_of_many_dimensions": sparse(COO, numbers(65, 0), tensor((0,)), (1,) * 65),
    "compressed_below_zero": sparse(CSR, numbers(0), numbers(4), tensor(), (-1, 4)),
    "nested_floats": Made(
        NESTED, (tensor(), tensor((2, 2), (2, 1)), numbers(2, 2), numbers(2))
    ),
}
MALFORMED = {
    "a_layout_that_is_not_known": sparse("torch.jagged", numbers(1, 4), tensor(), (9,)),
    "a_layout_that_is_text": Made(SPARSE, (COO, (numbers(1, 4), tensor(), (9,)))),
    "too_many_parts": sparse(COO, numbers(1, 4), tensor(), (9,), True, True),
    "too_few_parts": sparse(CSR, numbers(3), numbers(4), tensor()),
    "parts_that_are_no_tensors": sparse(COO, [1, 2], tensor(), (9,)),
    "coalesced_that_is_a_number": sparse(COO, numbers(1, 4), tensor(), (9,), 1),
    "a_size_of_floats": sparse(COO, numbers(1, 4), tensor(), (9.0,)),
    "an_axis_that_is_not_there": quantised(
        torch.per_channel_affine, tensor((2,)), numbers(2), 2
    ),
    "an_axis_below_zero": quantised(
        torch.per_channel_affine, tensor((2,)), numbers(2), -1
    ),
    "an_axis_that_is_a_truth": quantised(
        torch.per_channel_affine, tensor((2,)), numbers(2), True
    ),
    "a_zero_that_is_a_truth": quantised(torch.per_tensor_affine, 0.1, True),
    "a_scheme_that_is_text": quantised("per_tensor_affine", 0.1, 0),
    "a_scale_that_is_text": quantised(torch.per_tensor_affine, "0.1", 0),
    "quantised_floats": quantised(
        torch.per_tensor_affine, 0.1, 0, kind=torch.FloatStorage
    ),
    "three_parts_of_a_nested_one": Made(NESTED, (tensor(), numbers(1, 1), numbers(1))),
    "a_flag_that_is_not_known": Made(
        V2, (*tensor().arguments, {"conj": True, "__class__": True})
    ),
    "a_flag_that_is_no_truth": Made(V2, (*tensor().arguments, {"conj": 1})),
}  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "thing"),
    [
        pytest.param(rule, thing, id=name)
        for rule, things in [("torch/geometry", MISFITS), ("torch/tensor", MALFORMED)]
        for name, thing in things.items()
    ],
)
def test_parts_that_do_not_fit_are_refused(rule: str, thing: Made) -> None:
    with pytest.raises(RefusedError) as refused:
        read(Forged({"w": thing}, STORAGES).zip())
    assert refused.value.rule == rule


ZEROS = tensor((1, 2), (2, 1), kind=torch.LongStorage, key="zeros", count=2)


def numbers_of(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}q", *values)


@pytest.mark.parametrize(
    ("thing", "values"),
    [
        (sparse(COO, numbers(1, 4), tensor(), (9,)), (0, 1, 2, 9)),
        (sparse(COO, numbers(1, 4), tensor(), (9,)), (0, 1, 2, -1)),
        (sparse(COO, numbers(2, 2), tensor((2,)), (9, 1)), (0, 1, 0, 1)),
        (sparse(COO, numbers(1, 4), tensor(), (0,)), (0, 0, 0, 0)),
        (sparse(CSR, ROWS_OF_CSR, numbers(4), tensor(), (2, 4)), (0, 1, 2, 4)),
        (sparse(CSR, ROWS_OF_CSR, numbers(4), tensor(), (2, 4)), (0, 1, 2, -(2**63))),
        (sparse(CSR, numbers(3), numbers(4), tensor(), (2, 9)), (0, 1, 5, 8)),
        (Made(NESTED, (tensor(), *[numbers(2, 2)] * 2, numbers(2))), (9, 1, 0, 0)),
        (Made(NESTED, (tensor(), *[numbers(2, 1)] * 2, numbers(2))), (2, 4, 0, 0)),
        (Made(NESTED, (tensor(), *[numbers(2, 1)] * 2, numbers(2))), (1, -1, 0, 0)),
        (Made(NESTED, (tensor(), *[numbers(1, 2)] * 2, numbers(1))), (2**62,) * 4),
        (Made(NESTED, (tensor(), *[numbers(2, 0)] * 2, numbers(2))), (0, 4, 0, 0)),
        (Made(NESTED, (tensor(), *[numbers(2, 0)] * 2, numbers(2))), (0, -1, 0, 0)),
        (Made(NESTED, (tensor(), numbers(1, 2), ZEROS, numbers(1))), (3, 2, 0, 0)),
    ],
)
def test_parts_that_point_outside_are_refused(
    thing: Made, values: tuple[int, ...]
) -> None:
    """What torch would read and write beyond memory, unless it is asked to check."""
    storages = {**STORAGES, "n": numbers_of(*values)}
    with pytest.raises(RefusedError, match="point outside") as refused:
        read(Forged({"w": thing}, storages).zip())
    assert refused.value.rule == "torch/geometry"


def test_strided_indices_are_read_as_they_lie() -> None:
    """The rows of a transposed table do not lie in one stretch."""
    table = tensor((2, 2), (1, 2), kind=torch.LongStorage, key="n")
    thing = sparse(COO, table, tensor((2,)), (9, 2))
    good = Forged({"w": thing}, {**STORAGES, "n": numbers_of(8, 1, 7, 0)})
    bad = Forged({"w": thing}, {**STORAGES, "n": numbers_of(8, 1, 7, 2)})

    read(good.zip())
    with pytest.raises(RefusedError, match="point outside"):
        read(bad.zip())


def test_one_sparse_tensor_in_many_places_is_looked_at_so_often() -> None:
    """Each place had its indices read once more: hours, for a list of 100,000."""
    count = 1 << 20
    indices = tensor((1, count), (0, 0), kind=torch.LongStorage, key="n")
    thing = sparse(COO, indices, tensor((count,), (0,)), (9,), False)

    with pytest.raises(RefusedError, match="one by one") as refused:
        read(Forged({"w": [thing] * 9}, STORAGES).zip())
    assert refused.value.rule == "torch/size"


def test_a_part_that_reaches_beyond_its_storage_is_refused() -> None:
    """As a whole tensor would be (CVE-2026-24747)."""
    thing = sparse(COO, tensor((1, 5), (5, 1), kind=torch.LongStorage), tensor(), (9,))
    with pytest.raises(RefusedError) as refused:
        read(Forged({"w": thing}, STORAGES).zip())
    assert refused.value.rule == "torch/geometry"


def test_a_tensor_of_less_than_a_byte_is_refused_with_what_to_do() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scales = torch.tensor([0.1, 0.2, 0.3])
        value = torch.quantize_per_channel(
            EYE, scales, torch.zeros(3), 0, torch.quint4x2
        )
        data = saved({"w": value})
    with pytest.raises(InputError, match="less than a byte") as refused:
        read(data)
    assert "dequantize" in refused.value.hint
