"""A model comes out as ONNX reads it, with operators of ONNX and no way out."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats import onnx_files as subject
from strongroom.intake.formats.onnx_schema import SCHEMAS
from strongroom.intake.formats.protobuf import varint
from strongroom.intake.rewriting import Options, Rewritten, Workplace
from strongroom.intake.sources import Source
from tests.intake.hostile import mutated, rewritten

WEIGHT = np.arange(128, dtype="<f4").reshape(2, 64)


def model(*nodes: onnx.NodeProto, **words: object) -> onnx.ModelProto:
    """A model with one weight, in which a branch of an If names these nodes too."""
    branch = helper.make_graph(
        [*nodes, helper.make_node("Identity", ["w"], ["y"], name="inner")],
        "branch",
        [],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 64])],
    )
    outer = helper.make_node(
        "If", ["c"], ["out"], then_branch=branch, else_branch=branch
    )
    graph = helper.make_graph(
        [outer],
        "graph",
        [helper.make_tensor_value_info("c", TensorProto.BOOL, [])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 64])],
        [numpy_helper.from_array(WEIGHT, "w")],
    )
    return helper.make_model(graph, doc_string="read me", producer_name="x", **words)


def through(
    given: onnx.ModelProto | bytes, beside: dict[str, bytes] | None = None
) -> tuple[Rewritten, dict[str, bytes]]:
    """Rewrite a model with files beside it."""
    data = given if isinstance(given, bytes) else given.SerializeToString()
    if beside is None:
        return rewritten(subject.rewrite, data, "sub/m.onnx")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "out").mkdir()
        sources = {}
        for path, content in {**beside, "sub/m.onnx": data}.items():
            descriptor = os.memfd_create("x")
            stack.callback(os.close, descriptor)
            os.write(descriptor, content)
            sources[path] = Source(
                descriptor=descriptor, start=0, length=len(content), path=path
            )
        read = subject.reader(sources.get)
        place = Workplace(folder / "out", folder)
        result = read(sources["sub/m.onnx"], place, Options())
        files = {n: (folder / "out" / n).read_bytes() for n in result.outputs}
    return result, files


def rule_of(
    given: onnx.ModelProto | bytes, beside: dict[str, bytes] | None = None
) -> str:
    with pytest.raises(RefusedError) as refused:
        through(given, beside)
    return refused.value.rule


def outside(location: str, **said: str) -> onnx.ModelProto:
    """The model, with its weight in another file."""
    found = model()
    tensor = found.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **said}.items():
        tensor.external_data.add(key=key, value=value)
    return found


def test_every_field_of_the_format_has_a_rule() -> None:
    def compare(message: Any) -> None:  # noqa: ANN401  # protobuf's, untyped
        rules = SCHEMAS[message.full_name.removeprefix("onnx.")]
        assert {f.number: f.name for f in message.fields}.items() == {
            number: rule.name for number, rule in rules.items()
        }.items()
        for one in message.fields:
            rule = rules[one.number]
            if rule.kind in {"left-out", "refused"}:
                continue
            assert rule.many == one.is_repeated
            inner = one.message_type.full_name if one.message_type else ""
            assert rule.schema == inner.removeprefix("onnx.")
            if inner and inner not in seen:
                seen.add(inner)
                compare(one.message_type)

    seen = {"onnx.ModelProto"}
    compare(onnx.ModelProto.DESCRIPTOR)
    assert {name.removeprefix("onnx.") for name in seen} == set(SCHEMAS)


def test_a_model_comes_out_as_the_package_reads_it_but_for_its_words() -> None:
    given = model()
    given.metadata_props.add(key="a", value="b")
    result, files = through(given)

    read = onnx.load_from_string(files["sub/m.onnx"])
    onnx.checker.check_model(read)
    for name in ("doc_string", "producer_name", "metadata_props"):
        given.ClearField(name)
    assert read == given
    assert result.changes == ("left out: doc_string, metadata_props, producer_name",)
    assert result.facts["operators"] == ["ai.onnx:Identity", "ai.onnx:If"]


def test_numbers_in_every_form_come_out() -> None:
    given = model(
        helper.make_node("Constant", [], ["a"], value_floats=[1.0, 2.0]),
        helper.make_node("Constant", [], ["b"], value_ints=[-1, 2**62]),
        helper.make_node("Constant", [], ["d"], value_strings=["x", "y" * 300]),
    )
    for kind in (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64):
        values = helper.make_tensor(f"t{kind}", kind, [3], [1, -2, 3])
        given.graph.initializer.append(values)
    given.graph.initializer.append(
        helper.make_tensor("s", TensorProto.STRING, [1], [b"\xff"])
    )
    files = through(given)[1]

    read = onnx.load_from_string(files["sub/m.onnx"])
    given.ClearField("doc_string")
    given.ClearField("producer_name")
    assert read == given


@pytest.mark.parametrize(
    ("domain", "name"),
    [
        ("ai.onnx.contrib", "PyOp"),
        ("custom", "Relu"),
        ("com.microsoft", "PythonOp"),
        ("com.microsoft", "EPContext"),
        ("org.pytorch.aten", "ATen"),
        ("", "os.system"),
        ("", ""),
    ],
)
def test_an_operator_of_somebody_else_is_refused_in_a_branch_too(
    domain: str, name: str
) -> None:
    node = helper.make_node(name, [], ["z"], domain=domain)
    node.domain = domain

    assert rule_of(model(node)) == "onnx/operator"


def test_a_domain_that_is_only_imported_is_refused() -> None:
    imports = [helper.make_opsetid("", 20), helper.make_opsetid("evil", 1)]

    assert rule_of(model(opset_imports=imports)) == "onnx/operator"


def test_many_functions_in_domains_of_their_own_are_looked_up_at_once() -> None:
    """Once every function was gone through for every domain that is imported."""
    graph = model(helper.make_node("Relu", ["x"], ["y"]))
    for number in range(3000):
        domain = f"local{number}"
        graph.opset_import.append(helper.make_opsetid(domain, 1))
        graph.functions.append(onnx.FunctionProto(name="f", domain=domain))

    assert through(graph)


def test_functions_of_the_model_may_be_used_and_hold_no_others() -> None:
    def made(inner: onnx.NodeProto) -> onnx.ModelProto:
        function = helper.make_function(
            "local", "f", ["a"], ["b"], [inner], [helper.make_opsetid("", 20)]
        )
        return model(
            helper.make_node("f", ["w"], ["z"], domain="local"),
            functions=[function],
            opset_imports=[
                helper.make_opsetid("", 20),
                helper.make_opsetid("local", 1),
            ],
        )

    result, _ = through(made(helper.make_node("Neg", ["a"], ["b"])))
    assert "local:f" in str(result.facts["operators"])
    attack = helper.make_node("PyOp", ["a"], ["b"], domain="ai.onnx.contrib")
    assert rule_of(made(attack)) == "onnx/operator"


def test_tensors_of_other_files_come_out_in_one_of_ours() -> None:
    data = b"head" + WEIGHT.tobytes() + b"EVIL"
    given = outside("w.bin", offset="4", length="512", checksum="0")
    result, files = through(given, {"sub/w.bin": data})

    assert result.outputs == ("sub/m.onnx", "sub/m.onnx.safetensors")
    with tempfile.TemporaryDirectory() as name:
        for path, content in files.items():
            Path(name, Path(path).name).write_bytes(content)
        loaded = onnx.load(Path(name, "m.onnx"))
    assert numpy_helper.to_array(loaded.graph.initializer[0]).tolist() == (
        WEIGHT.tolist()
    )
    assert b"EVIL" not in files["sub/m.onnx.safetensors"]
    assert result.facts["external"] == ["sub/w.bin"]


@pytest.mark.parametrize(
    "location",
    [
        pytest.param("../../../etc/passwd", id="CVE-2022-25882"),
        pytest.param("a/../../x", id="CVE-2024-27318"),
        pytest.param("/etc/passwd", id="CVE-2025-51480"),
        "..\\x",
        "C:x",
        "",
        ".",
        "a\x00b",
    ],
)
def test_a_path_that_leads_away_is_refused(location: str) -> None:
    assert rule_of(outside(location), {"sub/w.bin": bytes(512)}) == "onnx/path"


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ({"offset": "-1"}, "onnx/external"),
        ({"offset": "1"}, "file/cut"),
        ({"offset": "9" * 30}, "onnx/external"),
        ({"length": "511"}, "onnx/external"),
        ({"basepath": "/"}, "onnx/external"),
        ({"location": "absent.bin"}, "onnx/absent"),
    ],
)
def test_a_window_that_is_not_the_tensor_is_refused(
    said: dict[str, str], rule: str
) -> None:
    words = {"location": "w.bin", **said}
    given = outside(words.pop("location"), **words)

    assert rule_of(given, {"sub/w.bin": bytes(512)}) == rule


@pytest.mark.parametrize("name", ["m.onnx", "M.ONNX"])
def test_a_model_that_names_itself_as_the_file_of_a_tensor_is_refused(
    name: str,
) -> None:
    given = outside(name, offset="0", length="512")

    assert rule_of(given, {"sub/w.bin": bytes(512)}) == "onnx/external"


@pytest.mark.parametrize(
    "values", [{"raw_data": bytes(512)}, {"float_data": [1.0] * 128}]
)
def test_a_tensor_with_values_here_and_in_another_file_is_refused(
    values: Mapping[str, Any],
) -> None:
    """Those in the model came out as they were, and no digest covered them."""
    given = outside("w.bin", offset="0", length="512")
    given.graph.initializer[0].MergeFrom(TensorProto(**values))

    assert rule_of(given, {"sub/w.bin": bytes(512)}) == "onnx/external"


def test_a_model_alone_with_tensors_elsewhere_is_refused() -> None:
    assert rule_of(outside("w.bin")) == "onnx/absent"


def changed(change: Callable[[onnx.ModelProto], object]) -> bytes:
    given = model()
    change(given)
    return bytes(given.SerializeToString())


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "onnx/form"),
        (changed(lambda m: m.ClearField("graph")), "onnx/form"),
        (changed(lambda m: m.training_info.add()), "protobuf/field"),
        (model().SerializeToString() + b"\xfa\x01\x00", "protobuf/field"),
        (model().SerializeToString() * 2, "protobuf/twice"),
        (model().SerializeToString()[:-1], "protobuf/wire"),
        (b"\x08" + b"\xff" * 10, "protobuf/wire"),
        (b"\x0b", "protobuf/wire"),
        (b"\x09" + bytes(8), "protobuf/wire"),
        (b"\x3a\xff\xff\xff\xff\x7f", "protobuf/wire"),
        (b"\x08\x08" + b"\x12\x00" * 2_000_001, "protobuf/size"),
        (
            changed(lambda m: m.graph.initializer[0].dims.append(2)),
            "onnx/tensor",
        ),
        (
            changed(lambda m: m.graph.initializer[0].dims.extend([2**33, 2**33, 0])),
            "onnx/tensor",
        ),
        (changed(lambda m: m.graph.initializer[0].dims.append(-1)), "onnx/tensor"),
        (
            changed(lambda m: setattr(m.graph.initializer[0], "data_type", 99)),
            "onnx/tensor",
        ),
        (
            changed(lambda m: m.graph.initializer[0].external_data.add(key="location")),
            "onnx/external",
        ),
    ],
)
def test_what_is_no_model_is_refused(data: bytes, rule: str) -> None:
    assert rule_of(data) == rule


@pytest.mark.parametrize(
    "numbers", ["0a04ffff7fc0", "0a0b" + "80" * 10 + "01", "520177", "2203000000"]
)
def test_packed_numbers_that_are_cut_or_too_long_are_refused(numbers: str) -> None:
    """Fuzzing found that they came out as they came in, and no library reads them."""
    tensor = bytes.fromhex("0801" + "1001" + "420177" + numbers)
    graph = bytes([0x2A, len(tensor)]) + tensor
    data = bytes([0x08, 14, 0x3A, len(graph)]) + graph

    assert rule_of(data) == "protobuf/wire"
    with pytest.raises(DecodeError):
        onnx.load_model_from_string(data)


def test_packed_numbers_are_looked_at_where_pieces_meet() -> None:
    """Long ones are read in pieces of 1 MiB."""
    for numbers, rule in (
        (b"\x01" * ((1 << 20) - 5) + b"\x80" * 10 + b"\x01" * 50, "protobuf/wire"),
        (b"\x01" * ((1 << 20) - 5) + b"\x80" * 9 + b"\x01" * 50, "onnx/opset"),
    ):
        tensor = b"\x10\x07\x42\x01w\x3a" + varint(len(numbers)) + numbers
        graph = b"\x2a" + varint(len(tensor)) + tensor
        assert rule_of(b"\x08\x0e\x3a" + varint(len(graph)) + graph) == rule


def test_graphs_in_graphs_without_end_are_refused() -> None:
    inner = b""
    for _ in range(100):  # attribute 6 is a graph, node 5 an attribute, graph 1 a node
        for key in (0x32, 0x2A, 0x0A):
            size = len(inner)
            length = (
                bytes((size & 0x7F | 0x80, size >> 7))
                if size > 127
                else (bytes((size,)))
            )
            inner = bytes((key,)) + length + inner
    data = b"\x08\x08\x3a" + bytes((len(inner) & 0x7F | 0x80, len(inner) >> 7)) + inner

    assert rule_of(data) == "protobuf/size"


@given(st.data())
def test_a_changed_model_is_refused_or_comes_out_as_onnx_reads_it(
    data: st.DataObject,
) -> None:
    bytes_ = data.draw(mutated(model().SerializeToString()))
    try:
        files = through(bytes_)[1]
    except RefusedError:
        return
    onnx.load_from_string(files["sub/m.onnx"])
