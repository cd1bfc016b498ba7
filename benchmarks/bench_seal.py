"""Seal weights in memory, beside stock safetensors; both end with fsync.

Ours encrypts, hashes and writes one object for each segment of the default plan,
eight at a time, into one batch of a folder store, as the product does; stock is
``save_file`` and then ``fsync`` of file and folder.  Store and folder are there
before.  Two limits beside them: the same bytes written by the same store, which is
the disk, and SHA-256 of them by as many threads as there are cores, which is most of
the CPU.  Interleaved rounds, medians of per-round ratios; what a round wrote is
removed before the next.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from safetensors.torch import save_file

from benchmarks.opened_model import THREADS
from benchmarks.peers.comparison import compare_peers, compare_sealing
from benchmarks.rounds import going_first, interleave, load, weigh_more
from benchmarks.sealed_model import (
    SEAL_THREADS,
    Source,
    language_model,
    minilm,
    seal_source,
)
from strongroom.crypto.arena import Arena
from strongroom.stores.folder import FolderStore

PART_BYTES = 4 * 1024 * 1024


def main() -> None:
    """Measure and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--gib", type=float, default=1.0)
    parser.add_argument("--peers", action="store_true", help="other tools beside it")
    arguments = parser.parse_args()
    if arguments.peers:
        print(json.dumps(compare_peers(arguments.gib, compare_sealing)))
        return
    first = weigh_more()
    torch.set_num_threads(THREADS)
    figures: dict[str, object] = {"bench": "seal", "threads": SEAL_THREADS}
    with tempfile.TemporaryDirectory(prefix="strongroom-bench-") as name:
        folder = Path(name)
        source = language_model(folder, arguments.gib)
        figures |= measure(source, folder, arguments.rounds)
        real = minilm()
        if real is not None:
            figures["minilm"] = measure(real, folder, 3 * arguments.rounds)
    print(json.dumps({**figures, "weighs_more": first, "load": load()}))


def measure(source: Path, folder: Path, rounds: int) -> dict[str, object]:
    """Return medians over the rounds for one safetensors file."""
    model = Source.of(source)
    size = sum(t.nbytes for t in model.weights.values())
    place = folder / "out"
    stores: list[FolderStore] = []
    part = Arena(PART_BYTES).allocate(PART_BYTES)
    part[:] = os.urandom(PART_BYTES)  # zeros would cost the disk less
    cases: dict[str, Callable[[], object]] = {
        "ours": lambda: seal_source(model, stores[-1], "model"),
        "stock": lambda: _save(model, place / "model.safetensors"),
        "disk": lambda: _write(size, part, stores[-1]),
        "digest": lambda: _digest(size),
    }

    def before() -> None:
        place.mkdir()
        stores.append(FolderStore(place))
        os.sync()

    def after() -> None:
        stores.pop().close()
        shutil.rmtree(place)

    times = interleave(cases, rounds, before=before, after=after, during=going_first)
    return {
        "ratio_to_safetensors": times.ratio("stock"),
        "cpu_ratio_to_safetensors": times.cpu_ratio("stock"),
        "ratio_to_disk": times.ratio("disk"),
        "cpu_share_of_digest": times.cpu_ratio("digest"),
        "milliseconds": {name: times.milliseconds(name) for name in cases},
        "cpu_milliseconds": {name: times.cpu_milliseconds(name) for name in cases},
        "gb_per_second": round(size / times.milliseconds("ours") / 1e6, 2),
        "bytes": size,
        "tensors": len(model.weights),
        "segments": len(model.plan.segments),
        "rounds": rounds,
    }


def _save(model: Source, path: Path) -> None:
    save_file(model.weights, path)
    for synced in (path, path.parent):
        descriptor = os.open(synced, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def _write(size: int, part: memoryview, store: FolderStore) -> None:
    """Write as many bytes through the store."""

    def parts(length: int) -> Iterator[memoryview]:
        for start in range(0, length, PART_BYTES):
            yield part[: min(PART_BYTES, length - start)]

    with store.batch() as batch, ThreadPoolExecutor(SEAL_THREADS) as pool:
        lengths = [size // 10] * 10  # a tenth is the most that a segment has
        list(pool.map(lambda n: batch.write(f"d/{n}", parts(lengths[n])), range(10)))


def _digest(size: int) -> None:
    part = memoryview(bytes(PART_BYTES))

    def work(length: int) -> None:
        digest = hashlib.sha256()
        for start in range(0, length, PART_BYTES):
            digest.update(part[: length - start])

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, [size // 10] * 10))


if __name__ == "__main__":
    main()
