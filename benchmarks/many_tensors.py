"""Files of many tiny tensors, and the library of each format that reads them.

What a reader costs for each tensor shows only here: every tensor has 64 bytes, so
copying and hashing are next to nothing.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import h5py
import numpy as np
import onnx
import safetensors.numpy
import torch
from onnx import helper, numpy_helper

from strongroom.intake.formats import (
    gguf_files,
    keras,
    npy,
    onnx_files,
    safetensors_files,
    torch_legacy,
    torch_tar,
    torch_zip,
)
from strongroom.intake.rewriting import Rewrite
from tests.corpus.torch_tars import Archive, Storage, Tensor, reference, table

SHAPE = (4, 4)
_VALUES = np.arange(16, dtype="<f4").reshape(SHAPE)


@dataclass(frozen=True, slots=True)
class Form:
    """One format.

    Attributes:
        write: Writes a file of so many tensors.
        rewrite: Our reader.
        load: What people read such a file with, every tensor of it.
    """

    write: Callable[[Path, int], None]
    rewrite: Rewrite
    load: Callable[[Path], object]


def _state(count: int) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(_VALUES.copy()) for name in _names(count)}


def _names(count: int) -> list[str]:
    return [f"layers.{number // 8}.part.{number % 8}.weight" for number in range(count)]


def _torch_zip(path: Path, count: int) -> None:
    torch.save(_state(count), path)


def _torch_legacy(path: Path, count: int) -> None:
    torch.save(_state(count), path, _use_new_zipfile_serialization=False)


def _torch_tar(path: Path, count: int) -> None:
    values = [float(number) for number in range(16)]
    keys = [16 * number for number in range(count)]
    named = {n: reference(k) for n, k in zip(_names(count), keys, strict=True)}
    made = Archive(
        root=table(**named),
        storages=[Storage(key=key + 1, values=values) for key in keys],
        tensors=[
            Tensor(key=key, storage=key + 1, shape=SHAPE, stride=(4, 1)) for key in keys
        ],
    )
    path.write_bytes(made.tar())


def _safetensors(path: Path, count: int) -> None:
    safetensors.numpy.save_file(dict.fromkeys(_names(count), _VALUES), path)


def _gguf(path: Path, count: int) -> None:
    writer = gguf.GGUFWriter(path, "llama")
    for name in _names(count):
        writer.add_tensor(name, _VALUES)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _onnx(path: Path, count: int) -> None:
    names = _names(count)
    graph = helper.make_graph(
        [helper.make_node("Identity", [name], [f"{name}.out"]) for name in names],
        "graph",
        [],
        [],
        [numpy_helper.from_array(_VALUES, name) for name in names],
    )
    path.write_bytes(helper.make_model(graph).SerializeToString())


def _npz(path: Path, count: int) -> None:
    np.savez(path, **dict.fromkeys(_names(count), _VALUES))  # type: ignore[arg-type]  # numpy types its one keyword like the arrays


def _keras(path: Path, count: int) -> None:
    config = {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "s", "layers": []},
        "registered_name": None,
    }
    weights = path.with_suffix(".h5")
    with h5py.File(weights, "w") as file:
        for number in range(count):
            file[f"layers/dense_{number // 2}/vars/{number % 2}"] = _VALUES
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", "{}")
        archive.write(weights, "model.weights.h5")
    weights.unlink()


def _load_torch(path: Path) -> object:
    return torch.load(path, weights_only=True)


def _load_old_torch(path: Path) -> object:
    return torch.load(path, weights_only=False)  # which reads nothing else of 2016


def _load_gguf(path: Path) -> object:
    return [tensor.data for tensor in gguf.GGUFReader(path).tensors]


def _load_onnx(path: Path) -> object:
    return [numpy_helper.to_array(one) for one in onnx.load(path).graph.initializer]


def _load_npz(path: Path) -> object:
    with np.load(path) as arrays:
        return [arrays[name] for name in arrays.files]


def _load_keras(path: Path) -> object:
    found: list[Any] = []

    def visit(_: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            found.append(item[()])

    with zipfile.ZipFile(path) as archive:
        weights = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(weights, "r") as file:
        file.visititems(visit)
    return found


FORMS: Mapping[str, Form] = {
    "safetensors": Form(
        _safetensors, safetensors_files.rewrite, safetensors.numpy.load_file
    ),
    "torch-zip": Form(_torch_zip, torch_zip.rewrite, _load_torch),
    "torch-legacy": Form(_torch_legacy, torch_legacy.rewrite, _load_torch),
    "torch-tar": Form(_torch_tar, torch_tar.rewrite, _load_old_torch),
    "gguf": Form(_gguf, gguf_files.rewrite, _load_gguf),
    "onnx": Form(_onnx, onnx_files.rewrite, _load_onnx),
    "numpy-zip": Form(_npz, npy.rewrite_npz, _load_npz),
    "keras": Form(_keras, keras.rewrite, _load_keras),
}
"""By the name of the kind."""

ENDINGS: Mapping[str, str] = {
    "torch-zip": ".pt", "torch-legacy": ".pth", "torch-tar": ".ckpt",
    "numpy-zip": ".npz",
}  # fmt: skip
"""Of files whose format has another name than its ending."""
