"""Where a program runs that may turn against us.

    Job ──▶ run ──▶ Outcome        and, in the job's folder, what the program wrote

The program reads hostile bytes, so it counts as hostile itself.  It gets open
descriptors, folders it may read, and one folder it may write; it has no network, no
other process to look at, and no name to call itself by.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Protocol

from strongroom.errors import InputError

PYTHON = "python"
"""First word of ``argv`` for the Python that runs us; the adapter knows where it is."""

OUTPUT = "/out"
"""Where the program finds the folder that it may write."""

SCRATCH = "/tmp"  # noqa: S108  # inside, a file system of its own in memory
"""Where it may write what ends with it."""

MOST_DESCRIPTORS = 16
_STANDARD = 3  # input, output and error are the adapter's


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of the machine a job may use; over any of them it ends.

    Attributes:
        memory_bytes: Address space of each process.
        cpu_seconds: Of each process, its threads together.
        wall_seconds: From start to end.
        processes: How many at once; 1 means that it cannot start another one.
        threads: How many at once, of all its processes together.
        open_files: Descriptors of each process.
        output_bytes: What its folder takes on the disk, and the most one file has.
        output_files: Files and folders in its folder.
        scratch_bytes: What it keeps under ``/tmp``, in memory.
        printed_bytes: What is kept of its output and error; the rest is dropped.
        spare_bytes: What stays free on the disk of its folder.
    """

    memory_bytes: int = 2 << 30
    cpu_seconds: int = 600
    wall_seconds: int = 900
    processes: int = 1
    threads: int = 16
    open_files: int = 64
    output_bytes: int = 64 << 30
    output_files: int = 20_000
    scratch_bytes: int = 1 << 30
    printed_bytes: int = 8 << 10
    spare_bytes: int = 512 << 20

    def __post_init__(self) -> None:
        """Refuse what would mean no limit.

        Raises:
            InputError: A limit is not positive.
        """
        for name in self.__slots__:
            if getattr(self, name) < 1:
                raise InputError(f"a sandbox's limit {name} is not positive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Readable:
    """A file or folder of ours that a job sees, and cannot change.

    Attributes:
        source: Where it lies.
        target: Where the job sees it; absolute.
    """

    source: Path
    target: str

    def __post_init__(self) -> None:
        """Refuse a target that leads elsewhere.

        Raises:
            InputError: It is relative, or has a part ``..``.
        """
        target = PurePosixPath(self.target)
        if not target.is_absolute() or ".." in target.parts or target == target.parent:
            raise InputError(f"{self.target[:80]!r} is no place in a sandbox")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A program to run once.

    Attributes:
        argv: Its words; the first is ``PYTHON``, or an absolute path inside.
        descriptors: Open files of ours that it gets, under the same numbers.
        readable: What it sees beside the interpreter and its libraries.
        output: A folder of ours that nothing else uses, seen as ``/out``.
        limits: How much it may use.
    """

    argv: tuple[str, ...]
    descriptors: tuple[int, ...] = ()
    readable: tuple[Readable, ...] = ()
    output: Path | None = None
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        """Refuse a job that no sandbox could run as it is meant.

        Raises:
            InputError: There is no program, or the descriptors are no list of few.
        """
        if not self.argv or any("\0" in word for word in self.argv):
            raise InputError("a sandbox's job names no program")
        numbers = set(self.descriptors)
        if len(numbers) != len(self.descriptors) or len(numbers) > MOST_DESCRIPTORS:
            raise InputError("a sandbox's job has too many descriptors, or one twice")
        if numbers and min(numbers) < _STANDARD:
            raise InputError("descriptors 0 to 2 of a job are not for others")


class Ending(StrEnum):
    """Why a job ended."""

    DONE = "done"
    FAILED = "failed"  # it said so itself: an exit status that is not 0
    KILLED = "killed"  # by a signal: it crashed, or something ended it
    OVER_TIME = "over-time"
    OVER_CPU = "over-cpu"
    OVER_OUTPUT = "over-output"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a job ended; nothing of it runs any more.

    Attributes:
        ending: Why.
        status: Exit status for ``FAILED``, number of the signal for ``KILLED``.
        printed: The first of what it wrote to output and error: hostile bytes.
    """

    ending: Ending
    status: int = 0
    printed: bytes = b""

    def sentence(self) -> str:
        """Return how it ended, in words that it did not choose."""
        return {
            Ending.DONE: "ended well",
            Ending.FAILED: f"failed with status {self.status}",
            Ending.KILLED: f"was ended by signal {self.status}",
            Ending.OVER_TIME: "took longer than it may",
            Ending.OVER_CPU: "used more CPU time than it may",
            Ending.OVER_OUTPUT: "wrote more than it may",
        }[self.ending]


class Sandbox(Protocol):
    """Run programs that may be hostile, and end them.

    Trust: the adapter is trusted, the program is not, nor is anything it printed or
    left in its folder: links, devices and names that lead elsewhere included.

    Failure: whatever the program does is an ``Outcome``.  What the machine lacks is
    a ``SetupError``: there is no weaker sandbox to fall back to.  When ``run`` returns
    or raises, no process of the job is left.

    Concurrency: ``run`` may be called from several threads.

    Adapters prove themselves by passing ``tests/contracts/test_sandbox.py``.
    """

    def run(self, job: Job) -> Outcome:
        """Run the job to its end and return how it ended.

        Raises:
            InputError: The output folder is none.
            SetupError: The sandbox cannot be had here; says which part is missing.
        """

    def verify(self) -> None:
        """Check that jobs can be run here, by running one that does nothing.

        Raises:
            SetupError: The sandbox cannot be had here; says which part is missing.
        """
