"""Seal weights in memory, beside stock safetensors; both end with fsync.

Ours encrypts, hashes and writes one object a segment, four at a time, into a
folder store; stock is ``save_file`` and then ``fsync`` of file and folder.
Interleaved rounds, medians of per-round ratios; the objects of a round are
removed before the next.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from benchmarks.sealed_model import (
    SEAL_THREADS,
    THREADS,
    language_model,
    minilm,
    print_line,
    seal_weights,
)
from strongroom.stores.folder import FolderStore


def main() -> None:
    """Measure and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--gib", type=float, default=1.0)
    arguments = parser.parse_args()
    torch.set_num_threads(THREADS)
    with tempfile.TemporaryDirectory(prefix="strongroom-bench-") as name:
        folder = Path(name)
        source = language_model(folder, arguments.gib)
        figures = measure(source, folder, arguments.rounds)
        real = minilm()
        if real is not None:
            figures["minilm"] = measure(real, folder, 2 * arguments.rounds)
    print_line("seal", SEAL_THREADS, figures)


def measure(source: Path, folder: Path, rounds: int) -> dict[str, object]:
    """Return medians over the rounds for one safetensors file."""
    weights = {n: t.clone() for n, t in load_file(source).items()}
    cases: dict[str, Callable[[Path], None]] = {
        "ours": lambda place: _ours(weights, place),
        "stock": lambda place: _stock(weights, place),
    }
    wall: dict[str, list[float]] = {name: [] for name in cases}
    cpu: dict[str, list[float]] = {name: [] for name in cases}
    for number in range(rounds + 1):
        for name in sorted(cases, reverse=bool(number % 2)):
            place = folder / "out"
            place.mkdir()
            os.sync()
            started, burned = time.perf_counter(), time.process_time()
            cases[name](place)
            if number:  # the first round warms up
                wall[name].append(time.perf_counter() - started)
                cpu[name].append(time.process_time() - burned)
            shutil.rmtree(place)
    size = sum(t.nbytes for t in weights.values())
    return {
        "ratio_to_safetensors": _ratio(wall),
        "cpu_ratio_to_safetensors": _ratio(cpu),
        "gb_per_second": round(size / statistics.median(wall["ours"]) / 1e9, 2),
        "bytes": size,
        "tensors": len(weights),
        "rounds": rounds,
    }


def _ratio(times: dict[str, list[float]]) -> float:
    """Median of stock's time over ours: above 1, ours is faster or cheaper."""
    pairs = zip(times["stock"], times["ours"], strict=True)
    return round(statistics.median(theirs / ours for theirs, ours in pairs), 3)


def _ours(weights: dict[str, torch.Tensor], place: Path) -> None:
    store = FolderStore(place)
    seal_weights(weights, store, "model")
    store.close()


def _stock(weights: dict[str, torch.Tensor], place: Path) -> None:
    path = place / "model.safetensors"
    save_file(weights, path)
    for synced in (path, place):
        descriptor = os.open(synced, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


if __name__ == "__main__":
    main()
