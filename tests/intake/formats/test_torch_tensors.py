"""A tensor that reaches beyond its storage, or is no plain one, is refused by name."""

from __future__ import annotations

from collections import OrderedDict

import pytest
import torch

from strongroom.errors import InputError
from strongroom.intake.findings import RefusedError
from tests.intake.formats.checkpoints import (
    Forged,
    Made,
    Outside,
    read,
    saved,
    tensor,
)

HUGE = 2**62
STORAGE = Outside(("storage", torch.FloatStorage, "0", "cpu", 4))
V2 = torch._utils._rebuild_tensor_v2
V3 = torch._utils._rebuild_tensor_v3
NO_HOOKS: OrderedDict[str, object] = OrderedDict()

GEOMETRY = {
    "CVE_2026_24747_shape_beyond_its_storage": tensor((5,), (1,)),
    "CVE_2026_24747_offset_beyond_its_storage": tensor((4,), (1,), 1),
    "stride_beyond_its_storage": tensor((2, 2), (3, 1)),
    "huge_stride": tensor((2,), (HUGE,)),
    "huge_shape": tensor((HUGE,), (0,)),
    "huge_product": tensor((2**30, 2**30), (0, 0)),
    "huge_product_hidden_by_a_zero": tensor((2**47, 2**47, 0), (0, 0, HUGE)),
    "huge_offset": tensor((1,), (1,), HUGE),
    "offset_beyond_64_bits": tensor((1,), (1,), 2**200),
    "negative_shape": tensor((-1,), (1,)),
    "negative_stride": tensor((2,), (-1,), 3),
    "negative_offset": tensor((1,), (1,), -1),
    "fewer_strides": tensor((2, 2), (1,)),
    "too_many_dimensions": tensor((1,) * 65, (1,) * 65),
}
MALFORMED = {
    "shape_of_floats": tensor((4.0,), (1,)),
    "shape_of_truths": tensor((True,), (1,)),
    "shape_that_is_a_list": tensor([4], (1,)),
    "offset_that_is_a_truth": tensor((1,), (1,), True),
    "hooks": Made(V2, (STORAGE, 0, (4,), (1,), False, OrderedDict(a=1))),
    "a_type_that_is_text": Made(V3, (STORAGE, 0, (4,), (1,), False, NO_HOOKS, "f")),
    "too_few_arguments": Made(V2, (STORAGE, 0, (4,))),
    "a_parameter_of_nothing": Made(torch._utils._rebuild_parameter, (1, 2, NO_HOOKS)),
}
KINDS = {"a_meta_tensor": tensor(location="meta")}


@pytest.mark.parametrize(
    ("rule", "thing"),
    [
        pytest.param(rule, thing, id=name)
        for rule, things in [
            ("torch/geometry", GEOMETRY),
            ("torch/tensor", MALFORMED),
            ("torch/kind", KINDS),
        ]
        for name, thing in things.items()
    ],
)
def test_a_forged_tensor_is_refused_by_its_rule(rule: str, thing: Made) -> None:
    with pytest.raises(RefusedError) as refused:
        read(Forged({"w": thing}, {"0": bytes(16)}).zip())
    assert refused.value.rule == rule


def test_a_tensor_without_values_is_refused_with_what_to_do() -> None:
    with pytest.raises(InputError, match="without values") as refused:
        read(saved({"w": torch.ones(2, device="meta")}))
    assert "have the supplier" in refused.value.hint


def test_a_parameter_wrapped_in_parameters_is_no_deep_recursion() -> None:
    thing: Made = tensor()
    for _ in range(200):
        thing = Made(torch._utils._rebuild_parameter, (thing, True, NO_HOOKS))
    with pytest.raises(RefusedError, match="too often"):
        read(Forged(thing, {"0": bytes(16)}).zip())
