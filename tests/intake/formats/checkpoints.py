"""Checkpoints for tests: saved by torch, read by our readers, put together again.

``torch.load(weights_only=True)`` is asked only about files that torch just wrote.
"""

from __future__ import annotations

import io
import math
import pickle
import tempfile
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load

from strongroom.client.checkpoints import Remnant, restore_state
from strongroom.intake.formats import torch_legacy, torch_zip
from strongroom.intake.rewriting import Rewritten
from tests.intake.hostile import rewritten

READERS = {True: torch_zip.rewrite, False: torch_legacy.rewrite}
"""By whether torch wrote the zip form."""


def saved(value: object, *, is_zip: bool = True, protocol: int = 2) -> bytes:
    """Return the file that torch writes."""
    buffer = io.BytesIO()
    torch.save(
        value,
        buffer,
        _use_new_zipfile_serialization=is_zip,
        pickle_protocol=protocol,
    )
    return buffer.getvalue()


def read(
    data: bytes, *, is_zip: bool = True, path: str = "model.pt"
) -> tuple[Rewritten, dict[str, bytes]]:
    """Return what our reader makes of a file, and the files that came out."""
    return rewritten(READERS[is_zip], data, path)


def restored(data: bytes, *, is_zip: bool = True) -> Any:  # noqa: ANN401
    """Return what was saved, put together from the files that came out."""
    _, files = read(data, is_zip=is_zip)
    return together(files)


def together(files: Mapping[str, bytes], stem: str = "model") -> Any:  # noqa: ANN401
    """Return what files of ours hold, as a user would put it together."""
    tensors = {n: load(d) for n, d in files.items() if n.endswith(".safetensors")}
    document = files.get(f"{stem}.json")
    if document is not None:
        return restore_state(
            document, lambda file, name, dtype: _typed(tensors[file][name], dtype)
        )
    (name,) = tensors
    state = dict(tensors[name])
    state |= {alias: state[kept] for alias, kept in _aliases(files[name]).items()}
    return state


def _aliases(data: bytes) -> dict[str, str]:
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
        file.write(data)
        file.flush()
        with safe_open(file.name, "pt") as opened:
            metadata = dict(opened.metadata())
    metadata.pop("format")
    return metadata


def _typed(tensor: torch.Tensor, dtype: str) -> torch.Tensor:
    if not dtype:
        return tensor
    kind: torch.dtype = getattr(torch, dtype)
    if not kind.is_complex:
        return tensor.view(kind)
    # torch cannot view what has no elements.
    pairs = tensor.numel() > 0
    return torch.view_as_complex(tensor) if pairs else tensor[..., 0].to(kind)


def assert_same(ours: object, theirs: object) -> None:
    """Check that two values are alike, tensors bit for bit."""
    match theirs:
        case torch.Tensor():
            assert isinstance(ours, torch.Tensor)
            assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
            assert raw(ours) == raw(theirs)
        case dict():
            assert isinstance(ours, dict)
            assert ours.keys() == theirs.keys()
            for key, value in theirs.items():
                assert_same(ours[key], value)
        case torch.dtype():
            assert isinstance(ours, Remnant)
            assert f"torch.{ours.value}" == str(theirs)
        case torch.device():
            assert isinstance(ours, Remnant)
            assert ours.value == str(theirs)
        case list() | tuple():
            assert isinstance(ours, (list, tuple))
            assert len(ours) == len(theirs)
            for one, other in zip(ours, theirs, strict=True):
                assert_same(one, other)
        case float() if math.isnan(theirs):
            assert isinstance(ours, float)
            assert math.isnan(ours)
        case _:
            assert type(ours) is type(theirs)
            assert ours == theirs


def raw(tensor: torch.Tensor) -> bytes:
    """Return the bytes of a tensor's elements in row order."""
    flat = tensor.detach().reshape(-1).clone(memory_format=torch.contiguous_format)
    return bytes(flat.view(torch.uint8).numpy()) if flat.numel() else b""


@dataclass
class Made:
    """Pickles as the call of a function with arguments, which nobody checks."""

    function: Callable[..., object]
    arguments: tuple[object, ...]

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.function, self.arguments


@dataclass
class Outside:
    """Pickles as a reference to something outside."""

    id: object


@dataclass
class Forged:
    """A checkpoint whose parts need not fit together.

    Attributes:
        value: What is pickled.
        storages: Bytes by key.
        more: Other members, by path in the folder.
    """

    value: object
    storages: Mapping[str, bytes] = field(default_factory=dict)
    more: Mapping[str, bytes] = field(default_factory=dict)

    def pickle(self) -> bytes:
        """Return the pickle."""
        buffer = io.BytesIO()

        class Pickler(pickle.Pickler):
            def persistent_id(self, thing: object) -> object:
                return thing.id if isinstance(thing, Outside) else None

        Pickler(buffer, 2).dump(self.value)
        return buffer.getvalue()

    def zip(self) -> bytes:
        """Return the zip form."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("m/data.pkl", self.pickle())
            for key, data in self.storages.items():
                archive.writestr(f"m/data/{key}", data)
            for name, data in self.more.items():
                archive.writestr(f"m/{name}", data)
        return buffer.getvalue()


def tensor(
    shape: object = (4,),
    stride: object = (1,),
    offset: object = 0,
    *,
    kind: object = torch.FloatStorage,
    key: object = "0",
    count: object = 4,
    location: object = "cpu",
) -> Made:
    """Return something that pickles like a tensor."""
    place = Outside(("storage", kind, key, location, count))
    hooks: OrderedDict[str, object] = OrderedDict()
    return Made(
        torch._utils._rebuild_tensor_v2, (place, offset, shape, stride, False, hooks)
    )
