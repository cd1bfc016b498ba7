"""Tensors written by us load in the package whose format it is."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from strongroom.intake.findings import RefusedError
from strongroom.intake.rewriting import Workplace
from strongroom.intake.weights import Weight, write_weights
from tests.intake.places import source_of, workplace_in


def test_what_was_written_loads_with_the_same_bytes(tmp_path: Path) -> None:
    wide = np.arange(300_000, dtype="<f4").reshape(300, 1000)
    narrow = np.arange(5, dtype="u1")
    source = source_of(tmp_path / "in", narrow.tobytes() + wide.tobytes())
    digests = write_weights(
        workplace_in(tmp_path),
        "model.safetensors",
        [
            Weight(name="narrow", dtype="U8", shape=(5,), source=source, offset=0),
            Weight(
                name="wide", dtype="F32", shape=(300, 1000), source=source, offset=5
            ),
        ],
        {"format": "pt"},
    )
    loaded = load_file(tmp_path / "out" / "model.safetensors")
    assert np.array_equal(loaded["wide"], wide)
    assert np.array_equal(loaded["narrow"], narrow)
    assert digests["wide"] == hashlib.sha256(wide.tobytes()).hexdigest()


def test_a_tensor_that_passes_the_end_of_its_source_is_refused(tmp_path: Path) -> None:
    source = source_of(tmp_path / "in", b"1234")
    weight = Weight(name="a", dtype="U8", shape=(5,), source=source, offset=0)
    with pytest.raises(RefusedError, match="file is cut"):
        write_weights(Workplace(tmp_path, tmp_path), "out", [weight])


@pytest.mark.parametrize("name", ["../out", "/out", "a//b", "", "a\x00b"])
def test_no_file_is_made_outside_the_workplace(tmp_path: Path, name: str) -> None:
    with pytest.raises(RefusedError):
        Workplace(tmp_path, tmp_path).create(name)


def test_no_file_is_written_over(tmp_path: Path) -> None:
    workplace = Workplace(tmp_path, tmp_path)
    workplace.create("a/b").close()
    for name in ("a/b", "a", "a/b/c", "a/b/c/d"):
        with pytest.raises(RefusedError, match="both"):
            workplace.create(name)
