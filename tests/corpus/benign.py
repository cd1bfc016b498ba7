"""Files that hold tensors, plain containers and text: every one is to come in."""

from __future__ import annotations

import io
import json
import struct
import warnings
from collections import OrderedDict
from collections.abc import Iterator

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from safetensors.numpy import save

from tests.corpus.graphs import model
from tests.corpus.samples import Label, Sample
from tests.corpus.weights import gguf

DTYPES = (
    torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int8,
    torch.uint8, torch.int16, torch.int32, torch.int64, torch.bool,
    torch.complex64, torch.float8_e4m3fn, torch.float8_e5m2,
)  # fmt: skip


def samples() -> Iterator[Sample]:
    """Give what people share every day."""
    for name, path, data in (*_torch(), *_arrays(), *_texts(), *_others()):
        yield Sample(
            name=f"benign-{name}",
            family=path.rpartition(".")[2],
            label=Label.BENIGN,
            files={path: data},
        )
    for name, files in _snapshots():
        yield Sample(
            name=f"benign-{name}",
            family="snapshot",
            label=Label.BENIGN,
            files=files,
        )


def _snapshots() -> Iterator[tuple[str, dict[str, bytes]]]:
    """Give folders as a hub has them: one file each, and in shards."""
    texts = {path: data for _, path, data in _texts()}
    weights = {f"layer.{n}.w": torch.full((4, 4), float(n)) for n in range(4)}
    yield "snapshot", {**texts, "pytorch_model.bin": _saved(weights)}
    shards = [dict(list(weights.items())[:2]), dict(list(weights.items())[2:])]
    names = [f"pytorch_model-0000{n}-of-00002.bin" for n in (1, 2)]
    index = {
        "metadata": {"total_size": 256},
        "weight_map": {
            tensor: name
            for name, shard in zip(names, shards, strict=True)
            for tensor in shard
        },
    }
    yield (
        "snapshot-in-shards",
        {
            **texts,
            **{n: _saved(shard) for n, shard in zip(names, shards, strict=True)},
            "pytorch_model.bin.index.json": json.dumps(index).encode(),
        },
    )
    numbers = save({"w": np.ones((4, 4), "<f4")}, {"format": "pt"})
    yield "snapshot-safetensors", {**texts, "model.safetensors": numbers}


def _saved(value: object, *, new: bool = True) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what torch gives up
        torch.save(value, buffer, _use_new_zipfile_serialization=new)
    return buffer.getvalue()


def _torch() -> Iterator[tuple[str, str, bytes]]:
    torch.manual_seed(1)
    for dtype in DTYPES:
        tensor = torch.arange(12).reshape(3, 4).to(dtype)
        yield f"torch-{dtype}".replace("torch.", ""), "model.pt", _saved({"w": tensor})
    state = torch.nn.Sequential(
        torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3)
    ).state_dict()
    tied = torch.ones(4, 3)
    network = torch.nn.Linear(4, 3)
    optimizer = torch.optim.Adam(network.parameters())
    network(torch.ones(2, 4)).sum().backward()
    optimizer.step()
    values: dict[str, object] = {
        "state-dict": state,
        "ordered": OrderedDict(a=torch.ones(2)),
        "tied": {"a": tied, "b": tied},
        "strided": {"a": tied.t(), "b": tied[:, 1], "c": tied.expand(2, 4, 3)},
        "scalar": {"a": torch.tensor(3.0)},
        "empty": {"a": torch.zeros(0, 4)},
        "nested": {"model": {"a": torch.ones(2)}, "epoch": 3, "args": {"lr": 0.1, "names": ["x", None, True]}},
        "parameter": {"a": torch.nn.Parameter(torch.ones(2))},
        "adam": {"model": network.state_dict(), "optimizer": optimizer.state_dict()},
        "list": [torch.ones(2), torch.zeros(3)],
        "tuple": (torch.ones(2), {"a": torch.zeros(1)}),
        "conjugated": {"a": torch.ones(2, dtype=torch.complex64).conj()},
        **_composed(tied),
        "large-names": {"layer." * 50 + "w": torch.ones(1)},
    }  # fmt: skip
    for name, value in values.items():
        yield f"torch-{name}", "pytorch_model.bin", _saved(value)
        yield f"torch-legacy-{name}", "model.pth", _saved(value, new=False)
    yield "torch-tensor", "model.pt", _saved(torch.ones(3))


def _composed(tensor: torch.Tensor) -> dict[str, object]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls some beta, and gives others up
        return {
            "sparse": {"a": tensor.to_sparse(), "b": tensor.to_sparse_csr()},
            "nested-tensor": torch.nested.nested_tensor([tensor, tensor[:1]]),
            "quantised": torch.quantize_per_tensor(tensor, 0.1, 0, torch.qint8),
        }


def _arrays() -> Iterator[tuple[str, str, bytes]]:
    numbers = np.arange(12, dtype="<f4").reshape(3, 4)
    for name, array in (("c", numbers), ("fortran", np.asfortranarray(numbers)), ("int64", numbers.astype("<i8")), ("scalar", np.float64(1)), ("bool", numbers > 3), ("complex128", numbers.astype("<c16"))):  # fmt: skip
        buffer = io.BytesIO()
        np.save(buffer, array)
        yield f"npy-{name}", "model.npy", buffer.getvalue()
    for name, function in (("npz", np.savez), ("npz-packed", np.savez_compressed)):
        buffer = io.BytesIO()
        function(buffer, a=numbers, b=numbers.T)
        yield name, "model.npz", buffer.getvalue()
    yield (
        "safetensors",
        "model.safetensors",
        save({"a": numbers, "b": numbers[0]}, {"format": "pt"}),
    )
    yield "safetensors-empty", "model.safetensors", save({"a": np.zeros((0, 4), "<f4")})
    pairs = (
        struct.pack("<Q", 20)
        + b"general.architecture"
        + struct.pack("<LQ", 8, 5)
        + b"llama",
    )
    yield "gguf", "model.gguf", gguf(*pairs)


def _texts() -> Iterator[tuple[str, str, bytes]]:
    config = {
        "model_type": "bert",
        "hidden_size": 384,
        "architectures": ["BertModel"],
        "initializer_range": 0.02,
    }
    yield "config", "config.json", json.dumps(config).encode()
    yield "readme", "README.md", "# A model\n\nIt does things. Größe: 3.\n".encode()
    yield "vocab", "vocab.txt", b"[PAD]\n[UNK]\nhello\n##ing\n"
    yield "merges", "merges.txt", b"#version: 0.2\nh e\nhe llo\n"
    yield (
        "tokenizer",
        "tokenizer.json",
        json.dumps(
            {
                "version": "1.0",
                "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []},
            }
        ).encode(),
    )
    template = "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    yield (
        "template",
        "tokenizer_config.json",
        json.dumps({"chat_template": template, "model_max_length": 512}).encode(),
    )
    yield (
        "generation",
        "generation_config.json",
        b'{"max_new_tokens": 20, "temperature": 0.7}',
    )
    yield "licence", "LICENSE", b"Apache License\nVersion 2.0\n"


def _others() -> Iterator[tuple[str, str, bytes]]:
    weight = numpy_helper.from_array(np.ones((1,), "<f4"), "w")
    node = helper.make_node("Add", ["x", "w"], ["y"])
    yield "onnx", "model.onnx", model(node, initializer=[weight]).SerializeToString()
    soft = helper.make_node("Softmax", ["x"], ["y"], axis=0)
    yield "onnx-attributes", "model.onnx", model(soft).SerializeToString()
    assert onnx.__version__
