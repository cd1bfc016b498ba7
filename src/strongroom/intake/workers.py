"""Starts a worker of ours in a sandbox, with a job that nobody can change."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from strongroom.intake.findings import Finding, Level, quoted
from strongroom.intake.jobs import ReadingJob
from strongroom.sandboxes.port import (
    OUTPUT,
    PYTHON,
    Ending,
    Job,
    Limits,
    Outcome,
    Readable,
    Sandbox,
)

_PLACE = "/readers"
_BEGIN = (
    f"import gc, sys; gc.disable(); sys.path.append('{_PLACE}'); "
    "from strongroom.intake.starting import start; start({module!r}, sys.argv[1:])"
)
_FLAGS = ("-I", "-S", "-B", "-c")
"""Nothing of an environment, no packages but those shown, no byte code written."""

_RULES = {
    Ending.FAILED: "sandbox/crash",
    Ending.KILLED: "sandbox/crash",
    Ending.OVER_TIME: "sandbox/time",
    Ending.OVER_CPU: "sandbox/time",
    Ending.OVER_OUTPUT: "sandbox/output",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What a worker is started with.

    Attributes:
        module: Of ``intake``, whose ``main`` runs.
        word: The second of its words; the output folder is the first.
        packages: What it may import beside the standard library and our own.
        descriptors: Open for reading, that it gets under the same numbers.
        readable: What it sees beside.
    """

    module: str
    word: str
    packages: Sequence[str]
    descriptors: tuple[int, ...] = ()
    readable: tuple[Readable, ...] = ()


def run_worker(
    sandbox: Sandbox, start: Start, job: ReadingJob, output: Path, limits: Limits
) -> Outcome:
    """Run a worker to its end.

    Args:
        sandbox: Where.
        start: What it is.
        job: What it is to do.
        output: An empty folder for what it leaves.
        limits: How much it may use.

    Raises:
        InputError: The output folder is none.
        SetupError: The sandbox lacks something.
    """
    begin = _BEGIN.format(module=start.module)
    with _in_memory(job.to_bytes()) as told:
        return sandbox.run(
            Job(
                argv=(PYTHON, *_FLAGS, begin, OUTPUT, start.word, str(told)),
                descriptors=(*start.descriptors, told),
                readable=(*_readable(start.packages), *start.readable),
                output=output,
                limits=limits,
            )
        )


def crash(outcome: Outcome) -> Finding:
    """Return why a worker did not end well, with the last line that it printed."""
    printed = outcome.printed.decode("ascii", "replace").strip()
    last = printed.rpartition("\n")[2]
    said = f"; it said {quoted(last)}" if last else ""
    return failure(_RULES[outcome.ending], f"the reader {outcome.sentence()}{said}")


def failure(rule: str, message: str) -> Finding:
    """Return the finding that refuses everything that was added together."""
    return Finding(rule=rule, level=Level.ERROR, message=message[:600])


def _readable(packages: Iterable[str]) -> tuple[Readable, ...]:
    """Return our own package, and those that some reader needs."""
    package = Path(__file__).parents[1]
    seen = [Readable(source=package, target=f"{_PLACE}/strongroom")]
    for name in packages:
        spec = find_spec(name)
        for place in (spec and spec.submodule_search_locations) or ():
            for folder in (Path(place), Path(f"{place}.libs")):
                if folder.is_dir():
                    target = f"{_PLACE}/{folder.name}"
                    seen.append(Readable(source=folder, target=target))
    return tuple(seen)


@contextmanager
def _in_memory(data: bytes) -> Iterator[int]:
    """Give a descriptor of these bytes that nobody can change."""
    descriptor = os.memfd_create("job", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(data)
        seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals | fcntl.F_SEAL_SEAL)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)
