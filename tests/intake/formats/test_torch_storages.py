"""A storage that is not there, or is described falsely, is refused."""

from __future__ import annotations

import warnings
from collections import OrderedDict

import pytest
import torch

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

HUGE = 2**62
V2 = torch._utils._rebuild_tensor_v2
NO_HOOKS: OrderedDict[str, object] = OrderedDict()

STORAGES = {
    "CVE_2026_24747_storage_of_another_length": tensor(count=5),
    "a_storage_that_is_not_there": tensor(key="1"),
    "a_storage_elsewhere": tensor(key="../data/0"),
    "a_storage_that_is_a_number": Made(V2, (3, 0, (4,), (1,), False, NO_HOOKS)),
    "a_storage_of_another_kind": Made(
        V2, (Outside(("module", 1)), 0, (4,), (1,), False, NO_HOOKS)
    ),
    "a_storage_of_huge_length": tensor(count=HUGE),
    "a_storage_of_negative_length": tensor(count=-4),
    "a_storage_of_a_class_of_another_module": tensor(kind=torch.float32),
}


@pytest.mark.parametrize("thing", STORAGES.values(), ids=STORAGES)
def test_a_tensor_of_no_true_storage_is_refused(thing: Made) -> None:
    with pytest.raises(RefusedError) as refused:
        read(Forged({"w": thing}, {"0": bytes(16)}).zip())
    assert refused.value.rule == "torch/storage"


@pytest.mark.parametrize("is_zip", [True, False])
def test_bare_storages_come_out_as_tensors_of_one_dimension(*, is_zip: bool) -> None:
    """They were refused, and ``torch.load`` gives them back."""
    values = torch.arange(6.0).reshape(2, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # TypedStorage is to go
        typed = torch.ones(3, dtype=torch.bfloat16).storage()
    data = saved(
        {"typed": typed, "bytes": values.untyped_storage(), "w": torch.ones(2)},
        is_zip=is_zip,
    )
    result, _ = read(data, is_zip=is_zip)

    assert_same(
        restored(data, is_zip=is_zip),
        {
            "typed": torch.ones(3, dtype=torch.bfloat16),
            "bytes": values.flatten().view(torch.uint8),
            "w": torch.ones(2),
        },
    )
    assert "2 storages became a tensor of one dimension" in result.changes


def test_a_bare_storage_that_is_not_there_is_refused() -> None:
    for length in (4, 5):
        bare = Outside(("storage", torch.FloatStorage, str(length), "cpu", length))
        with pytest.raises(RefusedError) as refused:
            read(Forged([bare]).zip())
        assert refused.value.rule == "torch/storage"
