"""What a newcomer has: a folder with a small model, and ``strongroom`` to type."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

ROOT = Path(__file__).parents[2]
SEED = 7


def small_model(folder: Path) -> Path:
    """Write a language model of half a megabyte, and return its folder."""
    random = np.random.default_rng(SEED)
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (512, 64),
        "model.norm.weight": (64,),
        "lm_head.weight": (512, 64),
    }
    for depth in range(8):
        shapes[f"model.layers.{depth}.mlp.weight"] = (128, 64)
        shapes[f"model.layers.{depth}.norm.bias"] = (64,)
    folder.mkdir()
    save_file(
        {n: random.normal(size=s).astype(np.float32) for n, s in shapes.items()},
        folder / "model.safetensors",
    )
    (folder / "config.json").write_text('{"hidden_size": 64, "num_layers": 8}\n')
    return folder


def shell(home: Path) -> dict[str, str]:
    """Return an environment with ``strongroom`` and ``python3``, and no room yet.

    Args:
        home: An empty folder; everything personal goes there.
    """
    programs = home / "bin"
    programs.mkdir()
    for name, words in (("strongroom", "-m strongroom "), ("python3", "")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words}"$@"\n')
        program.chmod(0o755)
    runtime = home / "runtime"
    runtime.mkdir(mode=0o700)
    return {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_RUNTIME_DIR": str(runtime),
        "LANG": "C.UTF-8",
    }
