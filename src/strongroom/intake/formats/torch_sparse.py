"""Takes sparse tensors apart: into indices, values, and what size they have."""

from __future__ import annotations

import math
from collections.abc import Mapping

from strongroom.intake.formats.pickle_values import Call, Name, Value
from strongroom.intake.formats.torch_parts import (
    Composed,
    Pieces,
    malformed,
    misfit,
    plain_tensor,
    rows_of,
    verify_within,
)
from strongroom.intake.formats.torch_tensors import MOST_DIMENSIONS, Tensor, integers

_MOST_PLACES = 2**63
"""Elements of a sparse tensor, most of which nobody stores: torch counts so far."""

_COMPRESSED: Mapping[str, tuple[str, str, int, int]] = {
    "torch.sparse_csr": ("crow_indices", "col_indices", 0, 0),
    "torch.sparse_csc": ("ccol_indices", "row_indices", 1, 0),
    "torch.sparse_bsr": ("crow_indices", "col_indices", 0, 2),
    "torch.sparse_bsc": ("ccol_indices", "row_indices", 1, 2),
}
"""By layout: what the indices are called, which dimension is compressed, and how many
dimensions a block has."""


def take_apart(arguments: tuple[Value, ...]) -> Composed:
    """Return what ``_rebuild_sparse_tensor`` makes a tensor of.

    Raises:
        RefusedError: The layout is not known, or the parts do not fit together.
    """
    match arguments:
        case (
            Call(
                callee=Name("torch.serialization", "_get_layout"),
                arguments=(str(layout),),
            ),
            tuple(data),
        ):
            pass
        case _:
            raise malformed("is of a layout that is not known")
    if layout == "torch.sparse_coo":
        return _coordinates(data)
    if layout in _COMPRESSED:
        return _compressed(layout, data)
    raise malformed("is of a layout that is not known")


def _coordinates(data: tuple[Value, ...]) -> Composed:
    """Return the parts of a tensor whose indices are listed."""
    match data:
        case (indices, values, size):
            coalesced: Value = None
        case (indices, values, size, bool() as coalesced):
            pass
        case _:
            raise malformed("has other parts than a sparse one")
    index, value, shape = plain_tensor(indices), plain_tensor(values), _shape(size)
    if (
        index.dtype.name != "int64"
        or len(index.shape) != 2  # noqa: PLR2004  # dimensions and elements
        or not value.shape
        or value.shape[0] != index.shape[1]
        or len(shape) != index.shape[0] + len(value.shape) - 1
        or shape[index.shape[0] :] != value.shape[1:]
    ):
        raise misfit()

    def verify(pieces: Pieces) -> None:
        for row, length in zip(rows_of(index), shape, strict=False):
            verify_within(pieces, row, length - 1)

    return Composed(
        kind="sparse-coo",
        verify=verify,
        parts=(
            ("indices", indices),
            ("values", values),
            ("size", _size(shape)),
            ("coalesced", coalesced),
        ),
    )


def _compressed(layout: str, data: tuple[Value, ...]) -> Composed:
    """Return the parts of a tensor whose rows or columns are compressed."""
    first, second, *_ = _COMPRESSED[layout]
    if len(data) != 4:  # noqa: PLR2004  # both indices, values and size
        raise malformed("has other parts than a sparse one")
    pointers, others, values, size = data
    ends, index, value = map(plain_tensor, (pointers, others, values))
    shape = _shape(size)
    width = _width(layout, ends, index, value, shape)

    def verify(pieces: Pieces) -> None:
        verify_within(pieces, ends, index.shape[-1])
        verify_within(pieces, index, width - 1)

    return Composed(
        verify=verify,
        kind=layout.removeprefix("torch.").replace("_", "-"),
        parts=(
            (first, pointers),
            (second, others),
            ("values", values),
            ("size", _size(shape)),
        ),
    )


def _width(
    layout: str, ends: Tensor, index: Tensor, value: Tensor, shape: tuple[int, ...]
) -> int:
    """Return what every index has to stay below: columns, rows, or blocks of them.

    Args:
        layout: A key of ``_COMPRESSED``.
        ends: Where each row or column ends among the indices, a batch of lists.
        index: The column or row of each value, or block of values.
        value: The values; they may have dense dimensions behind.
        shape: Of the whole tensor: batch, rows and columns, dense dimensions.

    Raises:
        RefusedError: The parts do not fit together.
    """
    _, _, dimension, blocked = _COMPRESSED[layout]
    batch = len(ends.shape) - 1
    if (
        ends.dtype.name not in {"int32", "int64"}
        or index.dtype != ends.dtype
        or batch < 0
        or len(index.shape) != batch + 1
        or len(value.shape) < batch + 1 + blocked
        or len(shape) != len(value.shape) + 1 - blocked
        or not ends.shape[:batch] == index.shape[:batch] == shape[:batch]
        or value.shape[: batch + 1] != index.shape
        or shape[batch + 2 :] != value.shape[batch + 1 + blocked :]
    ):
        raise misfit()
    block = value.shape[batch + 1 + dimension] if blocked else 1
    if (ends.shape[batch] - 1) * block != shape[batch + dimension]:
        raise misfit()
    across = shape[batch + 1 - dimension]
    cells = value.shape[batch + 2 - dimension] if blocked else 1
    if not cells or across % cells:
        raise misfit()
    return across // cells


def _shape(size: Value) -> tuple[int, ...]:
    """Return the size of a sparse tensor, which may be far more than its values.

    Raises:
        RefusedError: It is none, or none that torch could count.
    """
    shape = integers(size)
    if len(shape) > MOST_DIMENSIONS or any(not 0 <= n < _MOST_PLACES for n in shape):
        raise misfit()
    if math.prod(shape) >= _MOST_PLACES:
        raise misfit()
    return shape


def _size(shape: tuple[int, ...]) -> Value:
    return Call(Name("torch", "Size"), (shape,))
