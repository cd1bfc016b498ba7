"""The form before 0.1.10: what torch reads comes out, and nothing that attacks."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from safetensors.torch import load

from strongroom.errors import InputError
from strongroom.intake.findings import RefusedError
from strongroom.intake.formats import torch_tar
from strongroom.intake.rewriting import Options
from tests.corpus.assembling import by_global, unicode
from tests.corpus.torch_tar_attacks import ATTACKS
from tests.corpus.torch_tars import (
    BENIGN,
    NUMBERS,
    PLAIN,
    STATE,
    A,
    Archive,
    packed,
    variable,
)
from tests.intake.formats.checkpoints import assert_same, together
from tests.intake.hostile import mutated, rewritten, rewritten_or_refused


def restored(data: bytes) -> Any:  # noqa: ANN401
    _, files = rewritten(torch_tar.rewrite, data, "model.pt")
    return together(files)


def loaded(data: bytes) -> Any:  # noqa: ANN401
    """Return what torch finds in a file that this test has just made.

    ``weights_only`` refuses the form, so that the pickles in it are run.
    """
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        path = Path(name, "model.pt")
        path.write_bytes(data)
        with pytest.raises(Exception, match=r"legacy \.tar format"):
            torch.load(path, weights_only=True)
        return torch.load(path, map_location="cpu", weights_only=False)


@pytest.mark.parametrize("name", BENIGN)
def test_what_comes_out_is_what_torch_loads(name: str) -> None:
    data = BENIGN[name].tar()

    assert_same(restored(data), loaded(data))


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused_by_its_rule(name: str) -> None:
    with pytest.raises(InputError) as refused:
        rewritten(torch_tar.rewrite, ATTACKS[name].data, "model.pt")
    assert isinstance(refused.value, RefusedError)
    assert refused.value.rule == ATTACKS[name].rule


def test_facts_are_those_of_the_other_forms() -> None:
    result, _ = rewritten(torch_tar.rewrite, BENIGN["tied"].tar(), "model.pt")

    assert result.kind == "torch-tar"
    assert result.outputs == ("model.safetensors",)
    assert result.facts["globals"] == [
        "collections.OrderedDict", "torch.FloatStorage", "torch.FloatTensor",
    ]  # fmt: skip
    assert [row[0] for row in result.facts["tensors"]] == ["a"]  # type: ignore[union-attr, index]  # JSON
    assert result.changes == ("tensors written once under another name: 'b', 'c'",)


def test_strides_are_laid_out_and_storages_that_nothing_uses_named() -> None:
    strided, _ = rewritten(torch_tar.rewrite, BENIGN["strided"].tar(), "model.pt")
    unused = replace(NUMBERS, key=7)
    more = Archive(root=STATE.root, tensors=[PLAIN], storages=[NUMBERS, unused])
    left, _ = rewritten(torch_tar.rewrite, more.tar(), "model.pt")

    assert strided.changes == ("3 strided tensors laid out in row order",)
    assert left.changes == ("48 bytes in 1 storage that no tensor uses left out",)


def test_salvage_takes_the_weights_out_of_a_whole_module() -> None:
    kind = by_global("models", "Net") + unicode("net.py") + unicode("class Net")
    module = kind + b"\x87Q)\x81}" + unicode("weight") + variable(A) + b"sb"
    data = Archive(root=module, tensors=[PLAIN], storages=[NUMBERS]).tar()
    with pytest.raises(RefusedError, match=r"models\.Net"):
        rewritten(torch_tar.rewrite, data, "model.pt")

    result, files = rewritten(
        torch_tar.rewrite, data, "model.pt", Options(salvage=True)
    )

    assert result.facts["stubs"] == ["models.Net"]
    assert [f.rule for f in result.findings] == ["pickle/stub"]
    assert json.loads(files["model.json"])["root"]["stub"] == "models.Net"
    assert list(load(files["model.safetensors"])) == ["weight"]


@settings(max_examples=300, deadline=None)
@given(data=mutated(BENIGN["nested"].tar()))
def test_any_bytes_come_out_readable_or_are_refused(data: bytes) -> None:
    files = rewritten_or_refused(torch_tar.rewrite, data, "model.pt")
    if files is not None:
        together(files)


@settings(max_examples=300, deadline=None)
@given(data=mutated(BENIGN["views"].members()["storages"]))
def test_any_storages_come_out_readable_or_are_refused(data: bytes) -> None:
    changed = packed({**BENIGN["views"].members(), "storages": data})
    files = rewritten_or_refused(torch_tar.rewrite, changed, "model.pt")
    if files is not None:
        together(files)
