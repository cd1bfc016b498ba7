"""Nodes name operators that are known, in versions that are said, and end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import onnx
import pytest
from onnx import TensorProto, defs, helper

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats import onnx_nodes as subject
from strongroom.intake.formats.onnx_files import rewrite
from strongroom.intake.formats.onnx_operators import ML, STANDARD
from tests.intake.hostile import rewritten

LOCAL = "local"


def model(
    *nodes: onnx.NodeProto, functions: Sequence[onnx.FunctionProto] = ()
) -> onnx.ModelProto:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    graph = helper.make_graph(list(nodes), "g", [value], [])
    imports = [helper.make_opsetid("", 20)]
    if functions:
        imports.append(helper.make_opsetid(LOCAL, 1))
    return helper.make_model(graph, functions=functions, opset_imports=imports)


def call(name: str, domain: str = LOCAL, overload: str = "") -> onnx.NodeProto:
    return helper.make_node(name, ["x"], ["y"], domain=domain, overload=overload)


def function(name: str, *nodes: onnx.NodeProto, domain: str = LOCAL, **more: str) -> (
    onnx.FunctionProto
):  # fmt: skip
    imports = [helper.make_opsetid("", 20), helper.make_opsetid(LOCAL, 1)]
    return helper.make_function(
        domain, name, ["x"], ["y"], list(nodes), imports, **more
    )


def operators(given: onnx.ModelProto) -> object:
    return rewritten(rewrite, given.SerializeToString(), "m.onnx")[0].facts["operators"]


def rule_of(given: onnx.ModelProto) -> str:
    with pytest.raises(RefusedError) as refused:
        operators(given)
    return refused.value.rule


def test_operators_are_those_of_the_package() -> None:
    theirs: dict[str, set[str]] = {"": set(), "ai.onnx.ml": set()}
    for schema in defs.get_all_schemas_with_history():
        theirs.setdefault(schema.domain, set()).add(schema.name)

    assert theirs[""] == STANDARD
    assert theirs["ai.onnx.ml"] == ML


def test_functions_that_call_others_come_out() -> None:
    functions = [
        function("f", call("g"), call("g"), call("Neg", "")),
        function("g", call("Relu", "ai.onnx")),
    ]

    assert operators(model(call("f"), functions=functions)) == [
        "ai.onnx:Neg",
        "ai.onnx:Relu",
        "local:f",
        "local:g",
    ]


def test_what_the_optimizer_of_onnx_runtime_writes_comes_out() -> None:
    assert operators(model(call("SimplifiedLayerNormalization", "")))


@pytest.mark.parametrize(
    "functions",
    [
        [function("f", call("f"))],
        [function("f", call("g")), function("g", call("h")), function("h", call("f"))],
        [
            function(
                "f",
                helper.make_node(
                    "If",
                    ["x"],
                    ["y"],
                    then_branch=helper.make_graph([call("f")], "inner", [], []),
                ),
            )
        ],
    ],
)
def test_functions_that_call_themselves_are_refused(
    functions: list[onnx.FunctionProto],
) -> None:
    """Whoever puts them where they are called never ends."""
    assert rule_of(model(call("f"), functions=functions)) == "onnx/function"
    assert rule_of(model(call("Neg", ""), functions=functions)) == "onnx/function"


def test_functions_in_functions_that_make_too_many_nodes_are_refused() -> None:
    """Thirty functions that each call the next one twice are 2^30 nodes."""
    functions = [
        function(f"f{n}", call(f"f{n + 1}"), call(f"f{n + 1}")) for n in range(30)
    ]
    last = function("f30", call("Neg", ""))

    assert rule_of(model(call("f0"), functions=[*functions, last])) == "onnx/function"
    assert subject.MOST_NODES < 2**30


def test_a_long_chain_of_functions_comes_out() -> None:
    functions = [function(f"f{n}", call(f"f{n + 1}")) for n in range(3000)]
    last = function("f3000", call("Neg", ""))

    assert operators(model(call("f0"), functions=[*functions, last]))


def test_functions_that_stand_twice_or_in_the_place_of_an_operator_are_refused() -> (
    None
):
    twice = [function("f", call("Neg", "")), function("f", call("Abs", ""))]
    assert rule_of(model(call("f"), functions=twice)) == "onnx/twice"
    for domain in ("", "ai.onnx"):
        taken = [function("Relu", call("Neg", ""), domain=domain)]
        assert rule_of(model(call("Relu", ""), functions=taken)) == "onnx/function"


def test_one_name_may_have_two_functions_by_its_overload() -> None:
    functions = [
        function("f", call("f", overload="b")),
        function("f", call("Neg", ""), overload="b"),
    ]

    assert operators(model(call("f"), functions=functions))
    assert rule_of(model(call("f", overload="c"), functions=functions)) == (
        "onnx/operator"
    )


@pytest.mark.parametrize(
    ("domain", "name"),
    [("", "SystemCall"), ("ai.onnx.ml", "Relu"), ("ai.onnx", "relu")],
)
def test_an_operator_that_no_version_has_is_refused(domain: str, name: str) -> None:
    given = model(call(name, domain))
    given.opset_import.append(helper.make_opsetid("ai.onnx.ml", 3))

    assert rule_of(given) == "onnx/operator"


def _without(given: onnx.ModelProto) -> None:
    given.ClearField("opset_import")


def _two_versions(given: onnx.ModelProto) -> None:
    given.opset_import.append(helper.make_opsetid("ai.onnx", 19))


def _foreign(given: onnx.ModelProto) -> None:
    given.graph.node.append(call("Gelu", "com.microsoft"))


@pytest.mark.parametrize("change", [_without, _two_versions, _foreign])
def test_operators_of_a_version_that_is_not_said_are_refused(
    change: Callable[[onnx.ModelProto], None],
) -> None:
    given = model(call("Neg", ""))
    change(given)

    assert rule_of(given) == "onnx/opset"


def test_a_function_may_import_for_itself() -> None:
    one = function("f", call("Gelu", "com.microsoft"))
    one.opset_import.append(helper.make_opsetid("com.microsoft", 1))

    assert operators(model(call("f"), functions=[one]))
