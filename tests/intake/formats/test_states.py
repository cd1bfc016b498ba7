"""Trees of a checkpoint come in again, and hold nothing but what the format knows."""

from __future__ import annotations

import io
from collections import Counter, OrderedDict, deque
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from strongroom.canonical import Json, to_json
from strongroom.client.checkpoints import restore_state
from strongroom.errors import InputError
from strongroom.intake.findings import RefusedError
from strongroom.intake.formats.states import FORMAT, rewrite
from strongroom.intake.formats.torch_zip import rewrite as rewrite_torch
from strongroom.intake.identify import identify
from strongroom.intake.kinds import Kind
from strongroom.intake.rewriting import Options
from strongroom.intake.sources import Source
from tests.intake.places import in_memory, source_of, workplace_in

VALUES = {
    "step": 3, "large": 1 << 70, "rate": [0.1, float("inf"), -0.0, 1e-300, 5e22],
    "none": None, "yes": True, "pair": (1, "a"), "set": {1}, "frozen": frozenset({2}),
    "bytes": b"\x00\xff", "array": bytearray(b"a"), "complex": 1 + 2j,
    "type": torch.float16, "device": torch.device("cpu"), "size": torch.Size([2, 3]),
    "deque": deque([1]), "counter": Counter("aab"), "ordered": OrderedDict(a=1),
    "sparse": torch.eye(2).to_sparse(),
    "conjugated": torch.ones(2, dtype=torch.complex64).conj(),
    "weights": torch.ones(2), "layout": torch.strided, ("a", 1): torch.zeros(1),
}  # fmt: skip


T: Json = {"tensor": {"file": "m.safetensors", "name": "a"}}


def document(root: Json) -> bytes:
    return to_json({"format": FORMAT, "root": root})


def fetched(file: str, name: str, dtype: str) -> object:
    return (file, name, dtype)


def reads(data: bytes, folder: Path) -> bytes:
    """Return what comes out for a tree."""
    with in_memory(data) as descriptor:
        source = Source(descriptor=descriptor, start=0, length=len(data), path="m.json")
        (folder / "out" / "m.json").unlink(missing_ok=True)
        rewrite(source, workplace_in(folder), Options())
    return (folder / "out" / "m.json").read_bytes()


def test_what_is_written_for_a_checkpoint_comes_in_again(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    torch.save(VALUES, buffer)
    rewrite_torch(
        source_of(tmp_path / "m.pt", buffer.getvalue()),
        workplace_in(tmp_path),
        Options(),
    )
    tree = (tmp_path / "out" / "m.json").read_bytes()

    assert identify(source_of(tmp_path / "m.json", tree)).kind is Kind.STATE
    assert reads(tree, tmp_path) == tree


def test_names_of_stubs_are_facts(tmp_path: Path) -> None:
    stub: Json = {"stub": "a.B", "dict": ["x", {"stub": "c.D"}], "arguments": [1]}
    source = source_of(tmp_path / "m.json", document(stub))
    done = rewrite(source, workplace_in(tmp_path), Options())
    assert done.facts == {"stubs": ["a.B", "c.D"]}


NODES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["dict", "tuple", "float", "int", "tensor", "stub", "file", "name"]
            ),
            inner,
            max_size=2,
        )
    ),
    max_leaves=8,
)


@given(NODES)
def test_what_comes_in_can_be_restored(
    tmp_path_factory: pytest.TempPathFactory, root: Json
) -> None:
    folder = tmp_path_factory.getbasetemp()
    try:
        data = reads(document(root), folder)
    except RefusedError:
        return
    try:
        restore_state(data, fetched)
    except InputError:  # what the format holds, and no type of Python's does
        assert b'"dict":[' in data


@pytest.mark.parametrize(
    "root",
    [
        {"_target_": "os.system"},
        {"tensor": {"file": "../m.safetensors", "name": "a"}},
        {"tensor": {"file": "a/m.safetensors", "name": "a"}},
        {"tensor": {"file": "m.safetensors", "name": "a", "auto_map": "b"}},
        {"float": "1; import os"},
        {"int": "0x1"},
        {"complex": ["1.0"]},
        {"bytes": "0"},
        {"dict": ["a"]},
        {"dict": "a"},
        {"tuple": [], "list": []},
        {"stub": "a.B", "class_name": "Lambda"},
        {"stub": 3},
        {"stub": "a.B", "dict": ["a"]},
        {"dtype": "os.system"},
        {"sparse-coo": [T, T, {"size": [2]}]},
        {"sparse-coo": [T, T, {"size": [2]}, 1]},
        {"sparse-coo": [T, T, {"tuple": [2]}, True]},
        {"sparse-csr": [T, T, T, {"size": [2]}, True]},
        {"sparse-csr": {"tensor": 1}},
        {"quantised": [T, "per_tensor_affine", "0.1", 0]},
        {"quantised": [T, "per_tensor_affine", {"float": "0.1"}, {"float": "0.1"}]},
        {"nested": [T, T, T]},
        {"nested": [T, T, T, {"stub": "a.B"}]},
        {"negated": [{"negated": [T]}]},
        {"conjugated": T},
        {
            "sparse-coo": [
                {"tensor": {"file": "../m", "name": "a"}},
                T,
                {"size": []},
                True,
            ]
        },
    ],
)
def test_a_node_of_another_form_is_refused(root: Json, tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as caught:
        reads(document([root]), tmp_path)
    assert caught.value.rule == "state/form"


@pytest.mark.parametrize(
    "data",
    [
        b'{"format":"strongroom/rewritten-state/v1"}',
        b'{"format":"strongroom/rewritten-state/v1","root":1,"auto_map":{}}',
        b'{"format":"strongroom/rewritten-state/v2","root":1}',
        b'{"format":"strongroom/rewritten-state/v1", "root":1}',
        b'{"format":"strongroom/rewritten-state/v1","root":1.5}',
        b'{"format":"strongroom/rewritten-state/v1","root":'
        + b"[" * 99
        + b"]" * 99
        + b"}",
    ],
)
def test_a_document_of_another_form_is_refused(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(RefusedError):
        reads(data, tmp_path)
