"""``strongroom intake outdated``, through the real sandbox."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from tests.cli.terminal import Terminal


def write_weights(folder: Path, value: float) -> Path:
    folder.mkdir()
    weights = {"w": np.full(500, value, "<f4"), "b": np.ones(7, "<f4")}
    save_file(weights, folder / "model.safetensors")
    return folder


def test_a_newer_version_is_compared_and_not_taken_in(
    solo: Terminal, quick: Path
) -> None:
    old = write_weights(quick / "old", 1)
    added = solo.ok("intake", "add", old, "--as", "tiny")

    found = solo.ok(
        "intake", "outdated", added["intake"], write_weights(quick / "new", 2)
    )

    assert found["files"]["changed"] == ["model.safetensors"]
    assert found["tensors"]["changed"] == ["model.safetensors: w"]
    assert (found["tensors"]["same"], found["rebuild"]) == (1, [])
    assert solo.ok("intake", "list")["intake"] == added["intake"]
    same = solo.run("intake", "outdated", added["intake"], old)
    assert (same.status, "nothing changed" in same.out) == (0, True)
    assert solo.run("intake", "outdated", added["intake"], quick / "no").status == 66
