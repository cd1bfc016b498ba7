"""Runs cases in turn, and compares what each took in the same round."""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

_MOST_WEIGHT = -20
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds that each case took in each round, by the clock and of CPU."""

    wall: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, *, wall: float, cpu: float) -> None:
        """Note one round of one case."""
        self.wall.setdefault(name, []).append(wall)
        self.cpu.setdefault(name, []).append(cpu)

    def ratio(self, peer: str, ours: str = "ours") -> float:
        """Return the median of the peer's time over ours: above 1, ours is faster."""
        return _ratio(self.wall, peer, ours)

    def cpu_ratio(self, peer: str, ours: str = "ours") -> float:
        """Return the median of the peer's CPU time over ours."""
        return _ratio(self.cpu, peer, ours)

    def milliseconds(self, name: str) -> float:
        """Return the median by the clock."""
        return round(1000 * statistics.median(self.wall[name]), 1)

    def cpu_milliseconds(self, name: str) -> float:
        """Return the median of CPU time."""
        return round(1000 * statistics.median(self.cpu[name]), 1)


def interleave(
    cases: Mapping[str, Callable[[], object]],
    rounds: int,
    *,
    before: Callable[[], object] = lambda: None,
    after: Callable[[], object] = lambda: None,
    during: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Times:
    """Run every case once to warm up, then once a round, in an order drawn anew.

    A pause comes before each: threads of torch spin for a while when their work is
    done, at the cost of whatever comes next.

    Args:
        cases: What is measured; what they return is dropped.
        rounds: At least 5, for a median.
        before: Run before each case, and not measured.
        after: Run after each case, and not measured.
        during: Entered around each case, and not measured.
    """
    times = Times()
    names = list(cases)
    draw = random.Random(1)  # noqa: S311  # no secret
    for number in range(-1, rounds):
        draw.shuffle(names)  # nobody always follows the same neighbour
        for name in names:
            before()
            time.sleep(_PAUSE_SECONDS)
            with during():
                began, burned = time.perf_counter(), time.process_time()
                cases[name]()
                wall, cpu = time.perf_counter() - began, time.process_time() - burned
            if number >= 0:
                times.add(name, wall=wall, cpu=cpu)
            after()
    return times


def weigh_more() -> bool:
    """Let this process go before others on a shared machine; return whether it may.

    Both sides of a ratio go first.  The kernel shares processors among sessions by
    their weight, so this needs a session of its own.
    """
    with suppress(OSError):  # it leads its process group already
        os.setsid()
    try:
        Path("/proc/self/autogroup").write_text(str(_MOST_WEIGHT), encoding="ascii")
        os.nice(_MOST_WEIGHT)
    except OSError:
        return False
    return True


@contextmanager
def going_first() -> Iterator[None]:
    """Let the threads of this process run before all others while the block lasts.

    On a busy machine a new thread otherwise waits beside its parent, on the same
    processor, until the kernel balances them, longer than a small model takes to
    open.  Without the right to do this, it changes nothing.
    """
    _schedule(os.SCHED_RR, 1)
    try:
        yield
    finally:
        _schedule(os.SCHED_OTHER, 0)


def _schedule(policy: int, priority: int) -> None:
    for thread in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # it ended, or we may not
            os.sched_setscheduler(int(thread.name), policy, os.sched_param(priority))


def load() -> float:
    """Return how many processes want a processor, over the last minute."""
    return round(os.getloadavg()[0], 1)


def _ratio(times: dict[str, list[float]], peer: str, ours: str) -> float:
    pairs = zip(times[peer], times[ours], strict=True)
    return round(statistics.median(theirs / mine for theirs, mine in pairs), 3)
