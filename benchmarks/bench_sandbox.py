"""Start a reader in its sandbox, beside Python alone: CPU, and time by the clock.

The start is everything around a job without files: bubblewrap, its filter and limits,
Python, our worker, its report, and what the host looks at afterwards.  One file is the
same with a small one that is identified, re-written and taken.  Beside them the same
Python with nothing to do, alone and in the bare sandbox.  Interleaved rounds, medians;
the start should cost less than 50 ms beyond Python alone.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from benchmarks.costs import go_first
from strongroom.intake.jobs import Item
from strongroom.intake.reading import SandboxReader
from strongroom.intake.rewriting import Options
from strongroom.sandboxes.bubblewrap import BubblewrapSandbox
from strongroom.sandboxes.interpreter import interpreter

ALLOWED_MS = 50
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER: orphans of bubblewrap are counted too


def main() -> None:
    """Measure and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=31)
    arguments = parser.parse_args()
    first = go_first()
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    print(json.dumps({**measure(arguments.rounds), "goes_first": first}))


def measure(rounds: int) -> dict[str, object]:
    """Return milliseconds of each case, and what ours costs beyond Python's own."""
    python = str(interpreter()[0].source)
    sandbox = BubblewrapSandbox()
    data = save({"a": np.zeros(16, np.float32)})
    item = Item(path="model.safetensors", offset=0, length=len(data))
    cpu: dict[str, list[float]] = {}
    wall: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:  # memory
        folder = Path(name)
        (folder / "copy").write_bytes(data)
        copy = os.open(folder / "copy", os.O_RDONLY)

        def read(*items: Item) -> None:
            output = Path(tempfile.mkdtemp(dir=folder))
            report = SandboxReader(sandbox)(copy, items, Options(), output)
            if report.findings or not all(file.outputs for file in report.files):
                raise RuntimeError(f"nothing came out: {report}")

        def alone() -> None:
            subprocess.run([python, "-I", "-S", "-B", "-c", ""], check=True)

        cases = {
            "start": read,
            "one file": lambda: read(item),
            "python": alone,
            "sandbox": sandbox.verify,
        }
        for number in range(-1, rounds):  # the first one warms up
            for case, run in cases.items():
                took, burned = _took(run)
                if number >= 0:
                    wall.setdefault(case, []).append(took)
                    cpu.setdefault(case, []).append(burned)
        os.close(copy)
    beyond = [mine - own for mine, own in zip(cpu["start"], cpu["python"], strict=True)]
    return {
        "cpu_beyond_python_ms": _milliseconds(beyond),
        "allowed_ms": ALLOWED_MS,
        "cpu_ms": {case: _milliseconds(each) for case, each in cpu.items()},
        "wall_ms": {case: _milliseconds(each) for case, each in wall.items()},
        "rounds": rounds,
    }


def _took(run: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds by the clock, and of CPU with all descendants'."""
    began, before = time.perf_counter(), _cpu_seconds()
    run()
    wall = time.perf_counter() - began
    while True:  # orphans come to us
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return wall, _cpu_seconds() - before


def _cpu_seconds() -> float:
    of = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(sum(resource.getrusage(who)[:2]) for who in of)


def _milliseconds(seconds: list[float]) -> float:
    return round(1000 * statistics.median(seconds), 1)


if __name__ == "__main__":
    main()
