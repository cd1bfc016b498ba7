"""Opens once in a process of its own: fresh memory, perhaps a cold page cache.

Sealed and plain weights go into a fresh arena, with as many threads; starting the
interpreter and importing is not measured, the first touch of memory is, after another
process touched as much.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.memory import forget_peak, memory, touch_elsewhere
from benchmarks.opened_model import (
    Sealed,
    bring_into_cache,
    decrypt_only,
    drop_from_cache,
    new_arena,
    open_sealed,
    read_plain,
)
from benchmarks.rounds import Times, going_first
from strongroom.crypto.arena import Arena
from strongroom.crypto.container import ObjectFacts
from strongroom.stores.folder import FolderStore
from strongroom.types import Secret

SIDES = ("ours", "limit", "plain")


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """Seconds by the clock and of CPU, and bytes of memory at the peak."""

    wall: float
    cpu: float
    peak: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """What both sides opened in fresh processes took, with either cache.

    Attributes:
        peaks: Memory at the peak of each opening of sealed weights, in bytes.
    """

    warm: Times
    cold: Times
    peaks: list[int]


def measure_fresh(
    path: Path, folder: Path, sealed: Sequence[Sealed], length: int, rounds: int
) -> Fresh:
    """Open sealed and plain weights in turn, each in a process of its own.

    Args:
        path: The plain safetensors file.
        folder: Of the store.
        sealed: Segments in it.
        length: Bytes of all tensors.
        rounds: For each of the two caches.
    """
    found = Fresh(warm=Times(), cold=Times(), peaks=[])
    keys = [(one.facts, one.key.reveal()) for one in sealed]
    files = [path, *(folder / one.facts.object_name for one in sealed)]
    for number in range(rounds):
        for times, prepare in (
            (found.warm, bring_into_cache),
            (found.cold, drop_from_cache),
        ):
            for side in SIDES[number % len(SIDES) :] + SIDES[: number % len(SIDES)]:
                prepare(files)
                touch_elsewhere(2 * length)
                took = _in_process(Task(side, path, folder, keys, length))
                times.add(side, wall=took.wall, cpu=took.cpu)
                if side == "ours":
                    found.peaks.append(took.peak)
    return found


@dataclass(frozen=True, slots=True)
class Task:
    """What a fresh process does; ``keys`` in the clear, as they have to travel."""

    side: str
    path: Path
    folder: Path
    keys: list[tuple[ObjectFacts, bytes]]
    length: int


def _in_process(task: Task) -> Took:
    """Let a new interpreter, which imports neither torch nor this one's main, do it."""
    done = subprocess.run(
        [sys.executable, "-c", f"from {__name__} import main; main()"],
        input=pickle.dumps(task),
        stdout=subprocess.PIPE,
        check=True,
    )
    return Took(**json.loads(done.stdout))


def main() -> None:
    """Do the task on standard input, and print what it took."""
    task = pickle.load(sys.stdin.buffer)  # noqa: S301  (our own parent wrote it)
    if not isinstance(task, Task):
        raise SystemExit("a task was expected")
    print(json.dumps(asdict(_took(task))))


def _took(task: Task) -> Took:
    sealed = [Sealed(facts=facts, key=Secret(key)) for facts, key in task.keys]
    store = FolderStore(task.folder)
    forget_peak()
    before = memory("VmRSS")
    with going_first():
        began, burned = time.perf_counter(), time.process_time()
        if task.side == "ours":
            open_sealed(store, sealed, new_arena(sealed))
        elif task.side == "limit":
            decrypt_only(task.folder, sealed, new_arena(sealed))
        else:
            read_plain(task.path, task.length, Arena(task.length))
        wall, cpu = time.perf_counter() - began, time.process_time() - burned
    return Took(wall=wall, cpu=cpu, peak=memory("VmHWM") - before)
