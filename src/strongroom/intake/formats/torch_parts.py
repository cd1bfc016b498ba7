"""What tensors of other tensors are made of, and that it points at nothing outside.

A sparse tensor whose indices pass its size, or a nested one whose parts pass its
buffer, makes torch read and write beyond memory, unless whoever builds it asks for the
check.  So the numbers are read here, before anything is let in.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats.pickle_values import Value
from strongroom.intake.formats.torch_tensors import Tensor, tensor_of

MOST_NESTED = 1_000_000
"""Sizes of all parts of a nested tensor: they are read one by one."""

Pieces: TypeAlias = Callable[[Tensor], Iterator[bytes]]
"""Gives the elements of a tensor in row order, in pieces of whole ones.  Raises
RefusedError if too much was asked for."""

Verify: TypeAlias = Callable[[Pieces], None]
"""Reads what has to be read of a tensor.  Raises RefusedError if it points outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A tensor that is made of others.

    Attributes:
        kind: What it is, as the tree of a checkpoint says it.
        parts: Names and values, in the order of the tree.
        verify: Reads what the parts point at.
    """

    kind: str
    parts: tuple[tuple[str, Value], ...]
    verify: Verify = lambda _: None


def plain_tensor(value: Value) -> Tensor:
    """Return a part that has to be a tensor.

    Raises:
        RefusedError: It is none, or one that is malformed.
    """
    found = tensor_of(value)
    if found is None:
        raise malformed("is made of what is no tensor")
    return found


def malformed(what: str) -> RefusedError:
    """Return the refusal of a tensor that is rebuilt in no way that torch writes."""
    return RefusedError("torch/tensor", f"a tensor of the checkpoint {what}")


def misfit() -> RefusedError:
    """Return the refusal of a tensor whose parts do not fit together."""
    return RefusedError(
        "torch/geometry", "a tensor of the checkpoint is made of parts that do not fit"
    )


def verify_within(pieces: Pieces, indices: Tensor, at_most: int) -> None:
    """Check that every element lies between 0 and a number.

    Args:
        pieces: Gives the elements.
        indices: Of type int32 or int64.
        at_most: The number; below 0, there may be no element.

    Raises:
        RefusedError: One lies outside.
    """
    import numpy as np  # noqa: PLC0415  # starting the sandbox must stay cheap

    kind = np.dtype(f"<i{indices.dtype.bytes}")
    for piece in pieces(indices) if indices.elements else ():
        numbers = np.frombuffer(piece, dtype=kind)
        if numbers.min() < 0 or numbers.max() > at_most:
            raise _outside()


def rows_of(table: Tensor) -> Iterator[Tensor]:
    """Yield the rows of a table as tensors of one dimension."""
    (count, length), (step, stride) = table.shape, table.stride
    for row in range(count):
        yield Tensor(
            key=table.key,
            storage_bytes=table.storage_bytes,
            dtype=table.dtype,
            offset=table.offset + row * step,
            shape=(length,),
            stride=(stride,),
        )


def verify_nested(
    pieces: Pieces, elements: int, sizes: Tensor, strides: Tensor, offsets: Tensor
) -> None:
    """Check that each part of a nested tensor lies in its buffer.

    Args:
        pieces: Gives the elements of the others.
        elements: Of the buffer.
        sizes: One row for each part, of type int64.
        strides: The same of its strides.
        offsets: The first element of each part.

    Raises:
        RefusedError: One does not, or there are too many.
    """
    if sizes.elements > MOST_NESTED:
        raise RefusedError(
            "torch/size", f"a nested tensor has over {MOST_NESTED} sizes of parts"
        )
    width = sizes.shape[1]
    if not width:  # each part is one number, where its offset says
        verify_within(pieces, offsets, elements - 1)
        return
    parts = zip(
        zip(*[_integers(pieces, sizes)] * width, strict=True),
        zip(*[_integers(pieces, strides)] * width, strict=True),
        _integers(pieces, offsets),
        strict=True,
    )
    for size, stride, offset in parts:
        if not _is_inside(size, stride, offset, elements):
            raise _outside()


def _integers(pieces: Pieces, tensor: Tensor) -> Iterator[int]:
    import numpy as np  # noqa: PLC0415  # as above

    return chain.from_iterable(
        np.frombuffer(piece, dtype="<i8").tolist() for piece in pieces(tensor)
    )


def _is_inside(
    size: Sequence[int], stride: Sequence[int], offset: int, elements: int
) -> bool:
    if min(*size, *stride, offset) < 0:
        return False
    if 0 in size:
        return True
    steps = sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    # Steps of 0 would let a few elements stand for more than 2**64.
    return offset + steps < elements and math.prod(size) <= elements


def _outside() -> RefusedError:
    return RefusedError(
        "torch/geometry",
        "a tensor of the checkpoint is made of others that point outside of it",
    )
