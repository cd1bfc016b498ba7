"""Start a reader in its sandbox, beside Python alone and a bare bubblewrap: CPU.

One start is everything around a worker that gets no file: bubblewrap, its filter and
limits, Python, our worker, its report, and what the host does meanwhile.  A snapshot
of one small file takes two, the second worker reads again what the first one wrote.
Beside them the same Python with nothing to do, alone and in the bare sandbox, and
bubblewrap with ``true``.  Interleaved rounds, medians; one start should cost less than
50 ms beyond Python alone.

The package is compiled first, as pip does when it installs a wheel: a start costs
about 20 ms more where byte code is absent and may not be written.
"""

from __future__ import annotations

import argparse
import compileall
import ctypes
import json
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import save

import strongroom
from benchmarks.costs import go_first
from strongroom.errors import SetupError
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
    compileall.compile_dir(Path(strongroom.__file__).parent, quiet=1)
    first = go_first()
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    print(json.dumps({**measure(arguments.rounds), "goes_first": first}))


def measure(rounds: int) -> dict[str, object]:
    """Return milliseconds of each case, and what one start costs beside others."""
    cpu: dict[str, list[float]] = {}
    wall: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:  # memory
        cases = _cases(Path(name))
        for number in range(-1, rounds):  # the first one warms up
            for case, run in cases.items():
                took, burned = _took(run)
                if number >= 0:
                    wall.setdefault(case, []).append(took)
                    cpu.setdefault(case, []).append(burned)
    beyond = [mine - own for mine, own in zip(cpu["start"], cpu["python"], strict=True)]
    return {
        "cpu_beyond_python_ms": _milliseconds(beyond),
        "allowed_ms": ALLOWED_MS,
        "start_by_python": _ratio(cpu["start"], cpu["python"]),
        "start_by_sandbox": _ratio(cpu["start"], cpu["sandbox"]),
        "start_by_bubblewrap": _ratio(cpu["start"], cpu["bubblewrap"]),
        "file_by_start": _ratio(cpu["one file"], cpu["start"]),
        "cpu_ms": {case: _milliseconds(each) for case, each in cpu.items()},
        "wall_ms": {case: _milliseconds(each) for case, each in wall.items()},
        "rounds": rounds,
    }


def _cases(folder: Path) -> dict[str, Callable[[], object]]:
    """Return what is measured, by name.

    Args:
        folder: For what is read and written; it lies in memory.
    """
    data = save({"a": np.zeros(16, np.float32)})
    (folder / "copy").write_bytes(data)
    copy = os.open(folder / "copy", os.O_RDONLY)  # until the process ends
    sandbox = BubblewrapSandbox()

    def read(*items: Item) -> None:
        output = Path(tempfile.mkdtemp(dir=folder))
        report = SandboxReader(sandbox)(copy, items, Options(), output)
        if report.findings or not all(file.outputs for file in report.files):
            raise RuntimeError(f"nothing came out: {report}")

    python = [str(interpreter()[0].source), "-I", "-S", "-B", "-c", ""]
    bare = [_found("bwrap"), "--ro-bind", "/", "/", _found("true")]
    item = Item(path="model.safetensors", offset=0, length=len(data))
    return {
        "start": read,
        "one file": lambda: read(item),
        "python": lambda: _run(python),
        "sandbox": sandbox.verify,
        "bubblewrap": lambda: _run(bare),
    }


def _found(program: str) -> str:
    """Return where a program lies.

    Raises:
        SetupError: Nowhere.
    """
    path = shutil.which(program)
    if path is None:
        raise SetupError(f"there is no {program} here")
    return path


def _run(words: Sequence[str]) -> None:
    subprocess.run(words, check=True)  # our own words


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


def _ratio(mine: list[float], others: list[float]) -> float:
    """Return the median of each round's ratio: both sides had the same machine."""
    pairs = zip(mine, others, strict=True)
    return round(statistics.median(one / other for one, other in pairs), 2)


if __name__ == "__main__":
    main()
