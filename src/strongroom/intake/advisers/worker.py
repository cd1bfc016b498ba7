"""What runs inside the sandbox: asks one adviser about each file of a job, and ends.

    python -I -S -c "..." OUTPUT "SOURCE ADVISER" JOB

Its report grows by a line for each file, so that what was said of those before is there
even if the adviser never comes back from the next one.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from itertools import islice

from strongroom.canonical import Json, to_json
from strongroom.intake.advisers.known import ADVISERS
from strongroom.intake.advisers.remarks import MOST_REMARKS, Ask, Remark, Weight
from strongroom.intake.jobs import MOST_BYTES, ReadingJob
from strongroom.intake.sources import Source

REPORT = "report.jsonl"

_FOLDER = "file"
_LEAST_SECONDS = 30
_SLOWEST = 8 << 20
"""Bytes a second, as for our readers."""


def main(words: Sequence[str]) -> None:
    """Do the job that two descriptors give.

    Args:
        words: Output folder; number of the descriptor with the files, and name of the
            adviser; number of the descriptor with the job.
    """
    # numpy's library starts a thread for each processor, and aborts where it may not.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    output, (source, _, name) = words[0], words[1].partition(" ")
    with os.fdopen(int(words[2]), "rb") as file:
        order = ReadingJob.from_bytes(file.read(MOST_BYTES + 1))
    module, _, function = ADVISERS[name].asked.partition(":")
    asked: Ask = getattr(import_module(module), function)
    folder = os.path.join(output, _FOLDER)
    os.mkdir(folder)
    with open(os.path.join(output, REPORT), "xb", buffering=0) as report:
        for one in order.files:
            window = Source(
                descriptor=int(source),
                start=one.offset,
                length=one.length,
                path=one.path,
            )
            seconds = _LEAST_SECONDS + one.length // _SLOWEST
            line = said(asked, window, folder, seconds=seconds)
            report.write(to_json(line) + b"\n")


def said(asked: Ask, source: Source, folder: str, *, seconds: float) -> list[Json]:
    """Return what an adviser says of one file, however it ends.

    Args:
        asked: The adviser.
        source: The file.
        folder: Empty.
        seconds: How long it may take.
    """
    remarks: list[Remark] = []
    try:
        with _at_most(seconds):
            remarks += islice(asked(source, folder), MOST_REMARKS + 1)
    except Exception as error:  # a stranger's program: whatever it raises
        text = f"it failed with {type(error).__name__}: {error}"
        remarks = [*remarks[: MOST_REMARKS - 1], Remark.of(Weight.UNREAD, text)]
    if len(remarks) > MOST_REMARKS:
        remarks = remarks[: MOST_REMARKS - 1]
        remarks.append(Remark.of(Weight.REMARK, "it said more, which is left out"))
    return [remark.to_json() for remark in remarks]


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Interrupt what takes longer, again and again if it does not listen.

    A fault of native code is not interrupted; then the sandbox ends.
    """
    before = signal.signal(signal.SIGALRM, _interrupt(seconds))
    signal.setitimer(signal.ITIMER_REAL, seconds, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _interrupt(seconds: float) -> Callable[[int, object], None]:
    def interrupt(number: int, frame: object) -> None:
        del number, frame
        raise TimeoutError(f"over {seconds} s")

    return interrupt
