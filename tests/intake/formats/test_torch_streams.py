"""Entries are bounded before they are read, and each is read once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats.torch_names import DTYPES
from strongroom.intake.formats.torch_streams import (
    MOST_ENTRIES,
    Stretch,
    read_storages,
    read_tensors,
)
from strongroom.intake.formats.torch_tensors import Tensor
from strongroom.intake.sources import Source
from tests.corpus import torch_tars as made
from tests.corpus.assembling import pickled
from tests.corpus.torch_tars import X, number
from tests.intake.places import in_memory

FLOAT = DTYPES["float32"]
WHOLE = Stretch(root=str(X), dtype=FLOAT, start=0, elements=12, root_bytes=48)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted(Source):
    """A window that notes how many bytes are read through it."""

    reads: list[int] = field(default_factory=list)

    def read(self, offset: int, length: int) -> bytes:
        self.reads.append(length)
        return Source.read(self, offset, length)


def window(descriptor: int, data: bytes) -> Counted:
    return Counted(descriptor=descriptor, start=0, length=len(data), path="m")


def tensors(entries: Sequence[made.Tensor]) -> bytes:
    return pickled(number(len(entries))) + b"".join(one.data() for one in entries)


def test_a_tensor_on_a_view_is_one_on_the_storage() -> None:
    view = Stretch(root=str(X), dtype=FLOAT, start=4, elements=5, root_bytes=48)
    data = tensors([made.Tensor(key=1, storage=9, shape=(2,), stride=(2,), offset=1)])

    with in_memory(data) as descriptor:
        found = read_tensors(window(descriptor, data), {"9": view})

    assert found.names == {"torch.FloatTensor"}
    assert found.found["1"] == Tensor(
        key=str(X), storage_bytes=48, dtype=FLOAT, offset=5, shape=(2,), stride=(2,)
    )


def test_a_quantised_tensor_is_none_of_that_time() -> None:
    """It came in as one of whole numbers, once those of the zip form were known."""
    bytes_ = Stretch(
        root=str(X), dtype=DTYPES["int8"], start=0, elements=12, root_bytes=12
    )
    kinds = "torch\nCharTensor", "torch\nQInt8Tensor"
    plain, quantised = (
        tensors([made.Tensor(key=1, storage=X, shape=(2,), stride=(1,), kind=kind)])
        for kind in kinds
    )

    with in_memory(plain) as descriptor:
        assert read_tensors(window(descriptor, plain), {str(X): bytes_}).found
    with in_memory(quantised) as descriptor, pytest.raises(RefusedError):
        read_tensors(window(descriptor, quantised), {str(X): bytes_})


def test_many_entries_are_read_without_reading_what_follows_each_time() -> None:
    """Once 1 MiB was read for each pickle: of 100,000 tensors, 100 GB."""
    entries = [
        made.Tensor(key=n, storage=X, shape=(3, 4), stride=(4, 1)) for n in range(5000)
    ]
    data = tensors(entries)

    with in_memory(data) as descriptor:
        source = window(descriptor, data)
        found = read_tensors(source, {str(X): WHOLE})

    assert len(found.found) == len(entries)
    assert sum(source.reads) < 5000 * len(entries)


@pytest.mark.parametrize("read", [read_storages, lambda s: read_tensors(s, {})])
def test_no_entry_is_read_where_there_are_too_many(
    read: Callable[[Source], object],
) -> None:
    data = pickled(number(MOST_ENTRIES + 1)) + bytes(1 << 20)

    with in_memory(data) as descriptor:
        source = window(descriptor, data)
        with pytest.raises(RefusedError) as refused:
            read(source)

    assert refused.value.rule == "torch/size"
    assert len(source.reads) == 1
