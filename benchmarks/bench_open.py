"""Open sealed weights, beside stock safetensors and a plain read of the bytes.

Warm page cache, two threads, destinations that are used again on all sides;
interleaved rounds, medians of per-round ratios.  All files are dropped from the
cache after they are written and come back by being read, as they do for a reader:
a file that was just written lies in larger pages and costs a quarter less.  Ours
checks header, commitment, index and every tag, and ends with torch tensors over
the arena; stock is ``load_file`` and ``copy_`` into parameters; plain is
``preadv`` into the arena.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from safetensors.torch import load_file

from benchmarks.sealed_model import (
    THREADS,
    Sealed,
    as_bytes,
    language_model,
    minilm,
    print_line,
    seal_model,
)
from strongroom.crypto.arena import Arena
from strongroom.crypto.opening import ReadRequest, open_object, read_items
from strongroom.stores.folder import FolderStore

CHUNK_BYTES = 1024 * 1024


def main() -> None:
    """Measure and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--gib", type=float, default=1.0)
    arguments = parser.parse_args()
    torch.set_num_threads(THREADS)
    with tempfile.TemporaryDirectory(prefix="strongroom-bench-") as name:
        folder = Path(name)
        figures = measure(
            language_model(folder, arguments.gib), folder / "large", arguments.rounds
        )
        real = minilm()
        if real is not None:
            rounds = 4 * arguments.rounds
            figures["minilm"] = measure(real, folder / "small", rounds)
    print_line("open", THREADS, figures)


def measure(path: Path, folder: Path, rounds: int) -> dict[str, object]:
    """Return medians over the rounds for one safetensors file."""
    store = FolderStore(folder)
    sealed = seal_model(path, store, "model")
    weights = load_file(path)
    parameters = {n: torch.empty_like(t) for n, t in weights.items()}
    arena = Arena(sum(t.nbytes + 64 for t in weights.values()))
    cases: dict[str, Callable[[], object]] = {
        "ours": lambda: _open(store, sealed, weights, arena),
        "stock": lambda: _stock(path, parameters),
        "plain": lambda: _plain(path, weights, arena),
    }
    for file in (path, *(p for p in folder.rglob("*") if p.is_file())):
        _drop_from_cache(file)
    opened = _open(store, sealed, weights, arena)
    if any(as_bytes(opened[n]) != as_bytes(weights[n]) for n in weights):
        raise SystemExit("opened weights differ")
    del opened
    for case in cases.values():
        case()
    wall: dict[str, list[float]] = {name: [] for name in cases}
    cpu: dict[str, list[float]] = {name: [] for name in cases}
    for number in range(rounds):
        names = list(cases)
        turn = number % len(names)  # nobody always follows the same neighbour
        for name in names[turn:] + names[:turn]:
            started, burned = time.perf_counter(), time.process_time()
            cases[name]()
            wall[name].append(time.perf_counter() - started)
            cpu[name].append(time.process_time() - burned)
    size = sum(t.nbytes for t in weights.values())
    return {
        "ratio_to_safetensors": _ratio(wall, "stock"),
        "ratio_to_plain_read": _ratio(wall, "plain"),
        "cpu_ratio_to_safetensors": _ratio(cpu, "stock"),
        "cpu_ratio_to_plain_read": _ratio(cpu, "plain"),
        "gb_per_second": round(size / statistics.median(wall["ours"]) / 1e9, 2),
        "bytes": size,
        "tensors": len(weights),
        "segments": len(sealed),
        "rounds": rounds,
    }


def _drop_from_cache(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


def _ratio(times: dict[str, list[float]], peer: str) -> float:
    """Median of the peer's time over ours: above 1, ours is faster or cheaper."""
    pairs = zip(times[peer], times["ours"], strict=True)
    return round(statistics.median(theirs / ours for theirs, ours in pairs), 3)


def _open(
    store: FolderStore,
    sealed: list[Sealed],
    like: dict[str, torch.Tensor],
    arena: Arena,
) -> dict[str, torch.Tensor]:
    arena.reset()
    places: dict[str, tuple[int, memoryview]] = {}
    memory = arena.memory()
    requests = []
    for one in sealed:
        segment = open_object(store, one.facts, one.key)
        for item in segment.index().items:
            if item.name not in places:
                place = arena.reserve(like[item.name].nbytes)
                places[item.name] = (
                    place,
                    memory[place : place + like[item.name].nbytes],
                )
            start, end = item.ranges[0][0], sum(item.ranges[-1])
            requests.append(
                ReadRequest(
                    segment=segment,
                    item=item,
                    item_offset=start,
                    destination=memory,
                    start=places[item.name][0] + start,
                    length=end - start,
                )
            )
    read_items(requests, threads=THREADS)
    return {
        name: torch.frombuffer(view, dtype=like[name].dtype).view(like[name].shape)
        for name, (_, view) in places.items()
    }


def _stock(path: Path, parameters: dict[str, torch.Tensor]) -> None:
    for name, tensor in load_file(path).items():
        parameters[name].copy_(tensor)


def _plain(path: Path, like: dict[str, torch.Tensor], arena: Arena) -> None:
    arena.reset()
    place = arena.allocate(sum(t.nbytes for t in like.values()))
    descriptor = os.open(path, os.O_RDONLY)
    begin = os.fstat(descriptor).st_size - len(place)
    offsets = deque(range(0, len(place), CHUNK_BYTES))

    def work() -> None:
        while offsets:
            try:
                offset = offsets.popleft()
            except IndexError:
                return
            part = place[offset : offset + CHUNK_BYTES]
            if os.preadv(descriptor, [part], begin + offset) != len(part):
                raise SystemExit("a short read")

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(work) for _ in range(THREADS)]:
            done.result()
    os.close(descriptor)


if __name__ == "__main__":
    main()
