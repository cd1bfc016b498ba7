"""Lets one tool seal or open once or several times, in a process of its own.

Reads a task from standard input as JSON and prints what each time took.  Starting,
importing and unlocking are not in the times of opening; unlocking is told beside.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from benchmarks.memory import forget_peak, memory
from benchmarks.peers.tools import THREADS, TOOLS, Rooms, Source, Tensors, Tool
from strongroom.crypto.arena import Arena


@dataclass(frozen=True, slots=True)
class Task:
    """What to do.

    Attributes:
        action: ``seal``, ``open`` into fresh memory, or ``reuse``: open again and
            again into the same memory.
        tool: Of ``TOOLS``.
        source: The plain safetensors file.
        folder: Of the stored files.
        state: Where the tool keeps its keys.
        rounds: How often; the first of ``reuse`` warms up and is not counted.
    """

    action: str
    tool: str
    source: str
    folder: str
    state: str
    rounds: int = 1


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds by the clock and of CPU, and bytes of memory beyond those before."""

    wall: float
    cpu: float
    peak: int


def main() -> None:
    """Do the task on standard input."""
    task = Task(**json.load(sys.stdin))
    torch.set_num_threads(THREADS)
    tool = TOOLS[task.tool](Path(task.state))
    answer: dict[str, Any] = {"unlock": 0.0}
    if task.action == "seal":
        source = source_of(Path(task.source))
        answer["took"] = [asdict(_seal(tool, source, task)) for _ in range(task.rounds)]
    else:
        began = time.perf_counter()
        tool.unlock(Path(task.folder))
        answer["unlock"] = time.perf_counter() - began
        done = _open(tool, task) if task.action == "open" else _reuse(tool, task)
        answer["took"] = [asdict(took) for took in done]
    print(json.dumps(answer))


def source_of(path: Path) -> Source:
    """Return weights as a file and in memory of their own."""
    weights = {name: tensor.clone() for name, tensor in load_file(path).items()}
    return Source(path, weights)


def _seal(tool: Tool, source: Source, task: Task) -> Took:
    """Seal into a new folder, and wait until everything is on the disk."""
    folder = Path(task.folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    tool.prepare(folder)

    def seal_and_sync() -> None:
        tool.seal(source, folder)
        for path in (*folder.rglob("*"), folder):
            if path.is_file() or path.is_dir():
                _sync(path)

    os.sync()
    return _measured(seal_and_sync)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def _open(tool: Tool, task: Task) -> list[Took]:
    kept: list[Tensors] = []
    return [_measured(lambda: kept.append(tool.open(Path(task.folder))))]


def _reuse(tool: Tool, task: Task) -> list[Took]:
    """Open into memory that is used again: an arena, or parameters copied into."""
    folder = Path(task.folder)
    if isinstance(tool, Rooms):
        tool.arena = Arena(2 * Path(task.source).stat().st_size)

        def again() -> None:
            tool.open(folder)
    else:
        parameters = {n: t.clone() for n, t in tool.open(folder).items()}

        def again() -> None:
            for name, tensor in tool.open(folder, in_place=True).items():
                parameters[name].copy_(tensor)

    return [_measured(again) for _ in range(1 + task.rounds)][1:]


def _measured(work: Callable[[], object]) -> Took:
    forget_peak()
    before, burned, began = memory("VmRSS"), _cpu(), time.perf_counter()
    work()
    wall, cpu = time.perf_counter() - began, _cpu() - burned
    return Took(wall=wall, cpu=cpu, peak=memory("VmHWM") - before)


def _cpu() -> float:
    """Return the CPU seconds of this process and of the commands it ran."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    main()
