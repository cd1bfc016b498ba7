"""What a call costs: CPU here and in a server, wall time, and flushes of the disk.

Flushes are counted by ``strace``, in a run of their own, because being traced is
slow.  Wall time is compared with one flush on the same disk in the same run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_PAGE = bytes(4096)
_ATTACH_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one call took, in seconds.

    Attributes:
        wall: From call to return.
        cpu: Of this process.
        server_cpu: Of the server's processes.
    """

    wall: float
    cpu: float
    server_cpu: float

    @property
    def waited(self) -> float:
        """Wall time in which neither computed; true only after ``go_first``."""
        return self.wall - self.cpu - self.server_cpu


def go_first() -> bool:
    """Run this process and its servers before all others; return whether it may.

    On a shared machine the wait for a processor is otherwise most of the wall time.
    All on one processor, or else a server computes on while we do already, and
    wall time minus both is less than what was waited.
    """
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        return True
    return False


def cost_of(call: Callable[[], object], server: Sequence[int] = ()) -> Cost:
    """Return what one call took.

    Args:
        call: What is measured; it uses no other thread.
        server: Ids of a server's processes.
    """
    there, here, began = _cpu_of(server), time.process_time(), time.perf_counter()
    call()
    wall, cpu = time.perf_counter() - began, time.process_time() - here
    return Cost(wall=wall, cpu=cpu, server_cpu=_cpu_of(server) - there)


def flush_seconds(folder: Path) -> float:
    """Return the wall time to append 4 KiB to a file and flush it, median of nine.

    Each is appended to a file that exists, as a database appends to its log.
    """
    taken = []
    with (folder / "flushed").open("ab", buffering=0) as file:
        for _ in range(9):
            file.write(_PAGE)
            began = time.perf_counter()
            os.fdatasync(file)
            taken.append(time.perf_counter() - began)
    return sorted(taken)[4]


def flushes_of(call: Callable[[], object], server: Sequence[int] = ()) -> int | None:
    """Return how often ``call`` flushed a file, here and in a server.

    None where ``strace`` is absent or may not look.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        _traced(Path(folder), [os.getpid(), *server]) as log,
    ):
        if log is None:
            return None
        call()
    return _counted(log)


@contextmanager
def _traced(folder: Path, processes: Sequence[int]) -> Iterator[list[str] | None]:
    """Give the lines of the trace, complete after the block; None without one."""
    program = shutil.which("strace")
    if program is None:
        yield None
        return
    output = folder / "trace"
    words = [program, "-f", "-q", "-e", "trace=fsync,fdatasync", "-e", "signal=none"]
    targets = [word for number in processes for word in ("-p", str(number))]
    with subprocess.Popen([*words, "-o", str(output), *targets]) as tracer:
        lines: list[str] = []
        try:
            yield lines if _attached(tracer, processes) else None
        finally:
            tracer.terminate()
    lines += output.read_text().splitlines()


def _attached(tracer: subprocess.Popen[bytes], processes: Sequence[int]) -> bool:
    latest = time.monotonic() + _ATTACH_SECONDS
    while time.monotonic() < latest and tracer.poll() is None:
        if all(_tracer_of(number) == tracer.pid for number in processes):
            return True
        time.sleep(0.02)
    return False


def _tracer_of(process: int) -> int:
    with suppress(OSError, ValueError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("TracerPid:"):
                return int(line.split()[1])
    return 0


def _counted(lines: Sequence[str]) -> int:
    """Count calls; one that another interrupted has a second line, 'resumed'."""
    return sum("sync(" in line for line in lines)


def _cpu_of(processes: Sequence[int]) -> float:
    """Return the seconds that sleeping processes computed so far."""
    total = 0
    for number in processes:
        with suppress(OSError, ValueError):
            total += int(Path(f"/proc/{number}/schedstat").read_text().split()[0])
    return total / 1e9
