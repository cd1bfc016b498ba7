"""Skops files whose schema names what is called, or hides what it names."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.corpus.assembling import zipped
from tests.corpus.checkpoints import PAYLOAD
from tests.corpus.samples import Sample, malicious


def samples() -> Iterator[Sample]:
    """Give skops files that attack."""
    for name, tree in _skops():
        yield malicious(
            "skops",
            name,
            "model.skops",
            zipped({"schema.json": json.dumps(tree).encode()}),
        )
    for name, parts in _skops_files():
        yield malicious("skops", name, "model.skops", zipped(parts))


def _node(loader: str, module: str, name: str, **more: object) -> dict[str, object]:
    return {
        "__class__": name,
        "__module__": module,
        "__loader__": loader,
        "__id__": 1,
        **more,
    }


def _skops() -> Iterator[tuple[str, object]]:
    yield "attrgetter", _node("OperatorFuncNode", "operator", "attrgetter", attrs={})
    yield (
        "method",
        _node("MethodNode", "os", "system", content={"func": "system", "obj": {}}),
    )
    yield (
        "function",
        _node(
            "FunctionNode",
            "os",
            "system",
            content={"module_path": "os", "function": "system"},
        ),
    )
    yield "type", _node("TypeNode", "subprocess", "Popen")
    yield "object", _node("ObjectNode", "evil", "Evil", content={})
    yield "reduce", _node("ReduceNode", "builtins", "eval", args=["1"])
    yield "mismatch", _node("JsonNode", "os", "system", content="1")


def _skops_files() -> Iterator[tuple[str, dict[str, bytes]]]:
    """Give files that hide what the schema does not say, or say it by old rules."""
    about = {"protocol": 2, "_skops_version": "0.16.0"}
    array = _node("NdArrayNode", "numpy", "ndarray", type="numpy", file="1.npy")
    plain = _node("JsonNode", "builtins", "str", content="1", is_json=True)
    seed = _node(
        "RandomGeneratorNode",
        "numpy.random._generator",
        "Generator",
        content={
            "bit_generator": {"content": {"bit_generator": {"content": '"seed"'}}},
            "seed_seq": {},
        },
    )
    old = _node("FunctionNode", "os", "system", content={"module_path": "os"})
    for name, node, more in (
        ("pickled-array", array, {"1.npy": PAYLOAD}),
        ("member-beside", plain, {"evil.pkl": PAYLOAD}),
        ("bit-generator", seed, {}),
        ("old-protocol", {**old, "protocol": 0}, {}),
    ):
        schema = json.dumps({**about, **node}).encode()
        yield name, {"schema.json": schema, **more}
