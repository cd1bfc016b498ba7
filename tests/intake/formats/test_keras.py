"""A Keras model comes out as weights and a configuration that names only Keras."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import safetensors.numpy

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats import keras as subject
from tests.intake.hostile import rewritten

VALUES = np.arange(6, dtype="<f4").reshape(2, 3)


def layer(name: str, module: str = "keras.layers", **config: object) -> dict[str, Any]:
    return {
        "module": module,
        "class_name": name,
        "config": config,
        "registered_name": None,
        "build_config": {"input_shape": [None, 2]},
    }


def dense(**more: Any) -> dict[str, Any]:  # noqa: ANN401  # whatever JSON holds
    zeros = layer("Zeros", "keras.initializers")
    return layer("Dense", units=3, activation="relu", bias_initializer=zeros, **more)


def config(*layers: object) -> dict[str, Any]:
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "s", "layers": list(layers) or [dense()]},
        "registered_name": None,
        "compile_config": {"optimizer": "adam", "loss": {"class_name": "function"}},
    }


def weights(change: Callable[[h5py.File], object] = lambda _: None) -> bytes:
    file = io.BytesIO()
    with h5py.File(file, "w") as written:
        written["layers/dense/vars/0"] = VALUES
        written["layers/dense/vars/1"] = np.zeros(3, "<f8")
        written.create_group("vars")
        change(written)
    return file.getvalue()


def archive(told: object = None, data: bytes = b"", **more: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as written:
        written.writestr("metadata.json", '{"keras_version": "3.15.1"}')
        written.writestr("config.json", json.dumps(told or config()))
        written.writestr("model.weights.h5", data or weights())
        for name, content in more.items():
            written.writestr(name, content)
    return file.getvalue()


def rule_of(data: bytes) -> str:
    with pytest.raises(RefusedError) as refused:
        rewritten(subject.rewrite, data, "m.keras")
    return refused.value.rule


def test_weights_and_configuration_come_out() -> None:
    result, files = rewritten(subject.rewrite, archive(), "sub/m.keras")

    loaded = safetensors.numpy.load(files["sub/m.safetensors"])
    assert loaded["layers/dense/vars/0"].tolist() == VALUES.tolist()
    assert loaded["layers/dense/vars/1"].tolist() == [0, 0, 0]
    assert json.loads(files["sub/m.config.json"])["class_name"] == "Sequential"
    assert result.facts["classes"] == [
        "keras.Sequential",
        "keras.initializers.Zeros",
        "keras.layers.Dense",
    ]
    assert result.changes[1] == "left out: metadata.json, compile_config"


def test_a_functional_model_with_tensors_between_layers_comes_out() -> None:
    tensor = {
        "class_name": "__keras_tensor__",
        "config": {"shape": [None, 2], "keras_history": ["input", 0, 0]},
    }
    model = config({**dense(), "inbound_nodes": [{"args": [tensor], "kwargs": {}}]})
    model.update(
        module="keras.src.models.functional",
        class_name="Functional",
        registered_name="Functional",
    )
    assert rewritten(subject.rewrite, archive(model), "m.keras")[1]


CODE = {"class_name": "__lambda__", "config": {"value": "4wEAAA=="}}


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(layer("Lambda", function=CODE), id="CVE-2024-3660"),
        pytest.param(
            {
                "module": "subprocess",
                "class_name": "Popen",
                "config": {"args": "id"},
                "registered_name": None,
            },
            id="CVE-2025-1550",
        ),
        pytest.param(
            {
                "module": "builtins",
                "class_name": "function",
                "config": "keras.utils.get_file",
                "registered_name": "function",
            },
            id="CVE-2025-8747",
        ),
        pytest.param(
            {
                "module": "keras.config",
                "class_name": "enable_unsafe_deserialization",
                "config": {},
                "registered_name": None,
            },
            id="CVE-2025-9906",
        ),
        pytest.param(layer("TorchModuleWrapper", module="gAJj"), id="CVE-2025-49655"),
        dense(kernel_initializer=CODE),
        layer("TFSMLayer", filepath="/x"),
        layer("Dense", "keras.layers.evil"),
        layer("Dense", "evil"),
        {**dense(), "registered_name": "Custom>Dense"},
        {"class_name": "Dense", "config": {}},
        {"class_name": ["Dense"], "module": "keras.layers", "config": {}},
        {"module": "os", "registered_name": None},
    ],
)
def test_what_is_no_layer_of_keras_is_refused(attack: object) -> None:
    assert rule_of(archive(config(dense(), attack))) == "keras/class"


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(
            layer("StringLookup", vocabulary="/etc/passwd"), id="CVE-2025-12058"
        ),
        layer("TextVectorization", vocabulary="https://x/y"),
        layer("Dense", path=7),
    ],
)
def test_a_layer_that_reads_a_file_is_refused(attack: object) -> None:
    assert rule_of(archive(config(attack))) == "keras/path"


def test_a_vocabulary_in_the_configuration_comes_out() -> None:
    told = config(layer("StringLookup", vocabulary=["a", "b"]))

    assert rewritten(subject.rewrite, archive(told), "m.keras")[1]


@pytest.mark.parametrize(
    "data",
    [
        archive(**{"assets/x.txt": b""}),
        archive(**{"evil.pkl": b""}),
        archive(config() | {"class_name": 7}),
    ],
)
def test_an_archive_with_something_else_is_refused(data: bytes) -> None:
    assert rule_of(data) in {"keras/form", "keras/class"}


def outside(file: h5py.File) -> None:
    file.create_dataset("x", (2,), "<f4", external=[("/etc/passwd", 0, 8)])


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((2,), "<f4")
    layout[:] = h5py.VirtualSource("/etc/x.h5", "x", (2,))
    file.create_virtual_dataset("x", layout)


def twice(file: h5py.File) -> None:
    file["again"] = file["layers"]


def around(file: h5py.File) -> None:
    file["layers/up"] = file["/"]


def linked(link: object) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        file["x"] = link

    return change


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        pytest.param(outside, "hdf5/link", id="CVE-2026-1669"),
        pytest.param(
            linked(h5py.ExternalLink("/etc/x.h5", "/x")), "hdf5/link", id="elsewhere"
        ),
        pytest.param(linked(h5py.SoftLink("/layers")), "hdf5/link", id="soft"),
        (virtual, "hdf5/link"),
        (twice, "hdf5/link"),
        (around, "hdf5/link"),
        (lambda f: f.create_dataset("x", data=["a"]), "hdf5/type"),
        (lambda f: f.create_dataset("x", data=np.zeros(2, ">f4")), "hdf5/type"),
        (lambda f: f.create_dataset("x", data=np.zeros(2, "c8")), "hdf5/type"),
        (lambda f: f.create_dataset("x", (2**40,), "<f4"), "hdf5/type"),
        (
            lambda f: f.create_dataset("x", data=np.zeros(99), compression="gzip"),
            "hdf5/filter",
        ),
        (lambda f: f.create_dataset("x", data=np.zeros(9), chunks=(3,)), "hdf5/filter"),
    ],
)
def test_an_array_that_is_not_numbers_in_this_file_is_refused(
    change: Callable[[h5py.File], object], rule: str
) -> None:
    assert rule_of(archive(data=weights(change))) == rule


def test_what_is_no_hdf5_file_is_refused(tmp_path: Path) -> None:
    del tmp_path
    for data in (b"\x89HDF\r\n\x1a\n", weights()[:900], b"\x80\x04."):
        assert rule_of(archive(data=data)) in {"hdf5/form", "file/cut"}


def test_sums_of_layers_and_models_in_models_come_in() -> None:
    """Both were refused as code: ``x + y``, and the optimizer of a model within."""
    total = layer("Add", "keras.src.ops.numpy")
    result, files = rewritten(
        subject.rewrite, archive(config(config(), total)), "m.keras"
    )

    assert "keras.src.ops.numpy.Add" in str(result.facts["classes"])
    assert b"compile_config" not in files["m.config.json"]


def test_operations_that_call_functions_are_refused() -> None:
    for name in ("Map", "Scan", "Cond", "WhileLoop", "VectorizedMap"):
        assert rule_of(archive(config(layer(name, "keras.src.ops.core")))) == (
            "keras/class"
        )
