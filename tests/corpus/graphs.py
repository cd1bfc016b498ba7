"""Models that are programs: graphs with foreign operators, layers and objects."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping

import onnx
from onnx import TensorProto, helper

from tests.corpus.assembling import tarred, zipped
from tests.corpus.checkpoints import PAYLOAD
from tests.corpus.samples import Sample, malicious


def samples() -> Iterator[Sample]:
    """Give ONNX, Keras, and kinds that are programs by design."""
    for name, model in _onnx():
        yield malicious("onnx", name, "model.onnx", model.SerializeToString())
    for name, data in _onnx_bytes():
        yield malicious("onnx", name, "model.onnx", data)
    for name, source, layer in _layers():
        yield malicious("keras", name, "model.keras", keras(layer), source)
    for name, data in _keras_files():
        yield malicious("keras", name, "model.keras", data)
    for name, path, data in _programs():
        yield malicious("ma/ms-other", name, path, data)


def model(*nodes: onnx.NodeProto, domain: str = "", **more: object) -> onnx.ModelProto:
    """Return a small ONNX model of these nodes."""
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    graph = helper.make_graph(list(nodes), "g", [value], [out], **more)
    opsets = [helper.make_opsetid("", 17)]
    if domain:
        opsets.append(helper.make_opsetid(domain, 1))
    return helper.make_model(graph, opset_imports=opsets)


def _onnx_functions() -> Iterator[tuple[str, onnx.ModelProto]]:
    """Give functions without end, and operators of no version."""

    def call(name: str) -> onnx.NodeProto:
        return helper.make_node(name, ["x"], ["y"], domain="own")

    def with_calls(calls: Mapping[str, list[str]]) -> onnx.ModelProto:
        found = model(call("f0"), domain="own")
        opsets = list(found.opset_import)
        for name, called in calls.items():
            nodes = list(map(call, called)) or [_identity()]
            found.functions.append(
                helper.make_function("own", name, ["x"], ["y"], nodes, opsets)
            )
        return found

    yield "function-calls-itself", with_calls({"f0": ["f0"]})
    yield "functions-in-a-circle", with_calls({"f0": ["f1"], "f1": ["f0"]})
    doubled = {f"f{n}": [f"f{n + 1}"] * 2 for n in range(40)}
    yield "functions-without-end", with_calls({**doubled, "f40": []})
    unsaid = model(_identity())
    unsaid.ClearField("opset_import")
    yield "no-opset", unsaid
    yield (
        "domain-undeclared",
        model(helper.make_node("Gelu", ["x"], ["y"], domain="com.microsoft")),
    )


def _onnx() -> Iterator[tuple[str, onnx.ModelProto]]:
    for domain in (
        "ai.onnx.contrib",
        "evil",
        "com.microsoft.experimental",
        "org.pytorch.aten",
        "ai.onnx.preview.training",
    ):
        node = helper.make_node("PyOp", ["x"], ["y"], domain=domain)
        yield f"domain-{domain}", model(node, domain=domain)
    inner = helper.make_graph(
        [helper.make_node("PyOp", [], ["z"], domain="evil")],
        "inner",
        [],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, [1])],
    )
    branch = helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner)
    yield "domain-in-a-branch", model(branch, domain="evil")
    for name, location in (
        ("traversal", "../../etc/passwd"),
        ("absolute", "/etc/passwd"),
        ("backslash", "..\\x"),
        ("nul", "a\0b"),
        ("url", "file:///etc/passwd"),
        ("empty", ""),
    ):
        yield f"external-{name}", model(_identity(), initializer=[_outside(location)])
    yield (
        "external-negative",
        model(_identity(), initializer=[_outside("w.bin", offset="-1", length="16")]),
    )
    yield (
        "external-huge",
        model(_identity(), initializer=[_outside("w.bin", length=str(1 << 62))]),
    )
    bad = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1 << 40, 1 << 40])
    yield "dims-overflow", model(_identity(), initializer=[bad])
    yield (
        "external-itself",
        model(_identity(), initializer=[_outside("model.onnx", length="16")]),
    )
    yield from _onnx_functions()
    unknown = helper.make_node("SystemCall", ["x"], ["y"])
    yield (
        "unknown-operator-in-a-foreign-domain",
        model(unknown, helper.make_node("F", ["x"], ["q"], domain="x.y"), domain="x.y"),
    )


def _identity() -> onnx.NodeProto:
    return helper.make_node("Identity", ["x"], ["y"])


def _outside(location: str, **more: str) -> TensorProto:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4])
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **more}.items():
        tensor.external_data.add(key=key, value=value)
    return tensor


def _onnx_bytes() -> Iterator[tuple[str, bytes]]:
    good = model(_identity()).SerializeToString()
    yield "cut", good[: len(good) // 2]
    yield "length-bomb", b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
    yield "nested-groups", b"\x3b" * 100_000
    yield "appended-pickle", good + PAYLOAD


def keras(layer: Mapping[str, object], **members: bytes) -> bytes:
    """Return a ``.keras`` file whose model has this layer."""
    config = {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "m", "layers": [layer]},
        "registered_name": None,
    }
    files = {
        "metadata.json": b'{"keras_version":"3.5.0"}',
        "config.json": json.dumps(config).encode(),
        "model.weights.h5": b"\x89HDF\r\n\x1a\n" + bytes(100),
        **members,
    }
    return zipped(files)


def _layer(
    name: str, module: str = "keras.layers", **config: object
) -> dict[str, object]:
    return {
        "module": module,
        "class_name": name,
        "config": config,
        "registered_name": None,
    }


def _layers() -> Iterator[tuple[str, str, Mapping[str, object]]]:
    code = {
        "class_name": "__lambda__",
        "config": {"code": "4wEAAAA=", "defaults": None},
    }
    yield "lambda", "CVE-2024-3660", _layer("Lambda", function=code)
    yield "lambda-no-config", "CVE-2024-3660", _layer("Lambda")
    yield "module-os", "CVE-2025-1550", _layer("system", "os", command="id")
    yield (
        "module-subprocess",
        "CVE-2025-1550",
        {**_layer("Popen", "subprocess"), "fn_kwargs": {}},
    )
    yield (
        "get-file",
        "CVE-2025-8747",
        _layer(
            "Lambda",
            "keras.layers",
            function={
                "module": "keras.utils",
                "class_name": "function",
                "config": "get_file",
                "registered_name": "get_file",
            },
        ),
    )
    yield (
        "function",
        "CVE-2025-8747",
        {
            "module": "keras.utils",
            "class_name": "function",
            "config": "get_file",
            "registered_name": "get_file",
        },
    )
    yield (
        "enable-unsafe",
        "CVE-2025-9906",
        {
            "module": "keras.config",
            "class_name": "function",
            "config": "enable_unsafe_deserialization",
            "registered_name": "x",
        },
    )
    yield "torch-wrapper", "CVE-2025-49655", _layer("TorchModuleWrapper", module="gASV")
    yield (
        "registered",
        "CVE-2025-9905",
        {**_layer("Evil", "custom"), "registered_name": "evil>Evil"},
    )
    yield (
        "string-lookup",
        "CVE-2025-12058",
        _layer("StringLookup", vocabulary="/etc/passwd"),
    )
    yield (
        "nested-model",
        "",
        _layer("Functional", "keras.models", layers=[_layer("Lambda", function=code)]),
    )
    yield (
        "wrapper",
        "",
        _layer("TimeDistributed", layer=_layer("Lambda", function=code)),
    )
    yield "unknown-layer", "", _layer("MysteryLayer")


def _keras_files() -> Iterator[tuple[str, bytes]]:
    dense = _layer("Dense", units=1)
    yield "extra-code", keras(dense, **{"assets/evil.py": b"import os"})
    yield "extra-pickle", keras(dense, **{"model.pkl": PAYLOAD})
    yield "traversal", keras(dense, **{"../evil": b"x"})
    yield (
        "npz-weights",
        keras(dense, **{"model.weights.npz": zipped({"a.npy": PAYLOAD})}),
    )


def _programs() -> Iterator[tuple[str, str, bytes]]:
    yield "savedmodel", "saved_model.pb", b"\x08\x01\x12\x10PyFunc\x00ReadFile"
    yield "tflite", "model.tflite", struct.pack("<L", 28) + b"TFL3" + bytes(100)
    yield (
        "hdf5-lambda",
        "model.h5",
        b"\x89HDF\r\n\x1a\n" + b'{"class_name": "Lambda"}' * 10,
    )
    yield "joblib", "model.joblib", PAYLOAD
    yield "sklearn", "model.sav", PAYLOAD
    yield "executorch", "model.pte", b"\x1c\x00\x00\x00ET12" + bytes(100)
    yield (
        "pt2",
        "model.pt2",
        zipped({"archive/archive_format": b"pt2", "archive/models/model.json": b"{}"}),
    )
    yield "coreml", "model.mlmodel", b"\x08\x05\x12\x10" + bytes(60)
    yield (
        "docker",
        "image.tar",
        tarred({"manifest.json": b"[]", "layer.tar": tarred({"bin/x": b"\x7fELF"})}),
    )
    yield "wasm", "model.wasm", b"\x00asm\x01\x00\x00\x00" + bytes(20)
    yield "class-file", "Model.class", b"\xca\xfe\xba\xbe" + bytes(60)
    yield "lua", "model.t7", b"\x1bLua" + bytes(60)
    yield "r-data", "model.rds", b"X\n\x00\x00\x00\x02" + bytes(60)
    yield (
        "pmml",
        "model.pmml",
        b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]><PMML>&y;</PMML>",
    )
    yield "sqlite", "model.db", b"SQLite format 3\x00" + bytes(100)
