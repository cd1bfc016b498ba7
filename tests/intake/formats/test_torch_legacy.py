"""The form before 1.6: what is said of a storage and what lies there must agree."""

from __future__ import annotations

import pickle
import struct

import pytest
import torch
from hypothesis import given, settings

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats import torch_legacy
from strongroom.intake.formats.torch_legacy import MAGIC
from tests.intake.formats.checkpoints import (
    Forged,
    Outside,
    assert_same,
    read,
    restored,
    saved,
    tensor,
    together,
)
from tests.intake.hostile import mutated, rewritten_or_refused

HEAD = [MAGIC, 1001, {"protocol_version": 1001, "little_endian": True}]
ONE = struct.pack("<q", 4) + bytes(16)
W = Forged({"w": tensor()}).pickle()


def legacy(
    *, head: list[object] = HEAD, body: bytes = W, keys: object = ("0",),
    storages: bytes = ONE,
) -> bytes:  # fmt: skip
    """Return a file in the legacy form whose parts need not fit together."""
    listed = list(keys) if isinstance(keys, tuple) else keys
    return b"".join(
        [
            *(pickle.dumps(part, 2) for part in head),
            body,
            pickle.dumps(listed, 2),
            storages,
        ]
    )


def test_a_file_made_by_hand_is_read() -> None:
    assert_same(restored(legacy(), is_zip=False), {"w": torch.zeros(4)})


def test_a_storage_that_no_tensor_uses_comes_out_as_one() -> None:
    body = Forged([tensor(), outside("1")]).pickle()
    data = legacy(body=body, keys=("0", "1"), storages=2 * ONE)

    assert_same(restored(data, is_zip=False), [torch.zeros(4), torch.zeros(4)])


def outside(key: str) -> Outside:
    """Return a reference to a storage."""
    return Outside(("storage", torch.FloatStorage, key, "cpu", 4, None))


ATTACKS: dict[str, tuple[str, bytes]] = {
    "another_magic": ("torch/legacy", legacy(head=[MAGIC + 1, *HEAD[1:]])),
    "a_magic_that_is_a_float": ("torch/legacy", legacy(head=[float(MAGIC), *HEAD[1:]])),
    "another_protocol": ("torch/legacy", legacy(head=[MAGIC, 1002, HEAD[2]])),
    "big_endian": (
        "torch/byteorder", legacy(head=[MAGIC, 1001, {"little_endian": False}]),
    ),
    "a_system_that_is_a_list": ("torch/byteorder", legacy(head=[MAGIC, 1001, []])),
    "keys_that_are_text": ("torch/legacy", legacy(keys="0")),
    "keys_that_are_numbers": ("torch/legacy", legacy(keys=(0,))),
    "a_key_twice": ("torch/storage", legacy(keys=("0", "0"), storages=2 * ONE)),
    "a_key_of_none": ("torch/storage", legacy(keys=("0", "x"), storages=2 * ONE)),
    "a_key_missing": ("torch/storage", legacy(keys=(), storages=b"")),
    "another_count": (
        "torch/storage", legacy(storages=struct.pack("<q", 5) + bytes(20)),
    ),
    "a_negative_count": ("torch/storage", legacy(storages=struct.pack("<q", -4))),
    "a_cut_storage": ("file/cut", legacy(storages=ONE[:-1])),
    "bytes_behind": ("torch/legacy", legacy() + b"cos\nsystem\n(S'id'\ntR."),
    "a_storage_of_two_types": (
        "torch/storage",
        legacy(body=Forged([tensor(), tensor(kind=torch.IntStorage)]).pickle()),
    ),
    "a_call_in_the_magic": (
        "pickle/global", b"cos\nsystem\n(S'id'\ntR." + legacy(),
    ),
    "a_call_in_the_keys": (
        "pickle/global",
        b"".join(pickle.dumps(part, 2) for part in HEAD) + W + b"cos\nsystem\n.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused_by_its_rule(name: str) -> None:
    rule, data = ATTACKS[name]
    with pytest.raises(RefusedError) as refused:
        read(data, is_zip=False)
    assert refused.value.rule == rule


SAVED = saved({"a": torch.arange(6.0).reshape(2, 3).t(), "b": [1, "x"]}, is_zip=False)


@settings(max_examples=200, deadline=None)
@given(data=mutated(SAVED))
def test_any_bytes_come_out_readable_or_are_refused(data: bytes) -> None:
    files = rewritten_or_refused(torch_legacy.rewrite, data, "model.pt")
    if files is not None:
        together(files)
