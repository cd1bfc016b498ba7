"""Asks advisers about files in a sandbox, each in its own, and believes none of them.

private copy ──▶ sandbox: worker ──▶ lines ──▶ looked at here ──▶ Advice

Whatever goes wrong with an adviser is noted in what it returns, and stops nothing.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from strongroom.errors import InputError, IntegrityError
from strongroom.intake.advisers.advice import Advice, Answer
from strongroom.intake.advisers.known import ADVISERS, Adviser, verify_known
from strongroom.intake.advisers.reported import MOST_LINE, parse_remarks
from strongroom.intake.advisers.worker import REPORT
from strongroom.intake.findings import quoted
from strongroom.intake.jobs import ReadingJob, Stretch
from strongroom.intake.outputs import read_plain_file
from strongroom.intake.private_folders import scratch_folder
from strongroom.intake.rewriting import Options
from strongroom.intake.workers import Start, run_worker
from strongroom.sandboxes.port import Ending, Limits, Outcome, Sandbox

_LEAST_SECONDS = 120
_SLOWEST = 8 << 20  # bytes a second; both as for our readers
_MEMORY_BYTES = 4 << 30
_SCRATCH_BYTES = 256 << 20  # what they unpack
_MOST_REPORT = 64 << 20

_ANSWERS: Final[Mapping[Ending, Answer]] = {
    Ending.DONE: Answer.DONE,
    Ending.FAILED: Answer.CRASHED,
    Ending.KILLED: Answer.CRASHED,
    Ending.OVER_TIME: Answer.OVER_TIME,
    Ending.OVER_CPU: Answer.OVER_TIME,
    Ending.OVER_OUTPUT: Answer.OVER_OUTPUT,
}


class SandboxAdvisers:
    """Advisers that a house wants to hear."""

    def __init__(
        self,
        sandbox: Sandbox,
        names: Iterable[str],
        known: Mapping[str, Adviser] = ADVISERS,
    ) -> None:
        """Use a sandbox for each of them.

        Args:
            sandbox: Where they run.
            names: Of those that the house wants, in order.
            known: Those that are made.

        Raises:
            SetupError: One of the names is none.
        """
        self._names = tuple(dict.fromkeys(names))
        verify_known(self._names, known)
        self._sandbox = sandbox
        self._known = known

    def __call__(
        self, descriptor: int, files: Sequence[Stretch], output: Path
    ) -> tuple[Advice, ...]:
        """Return what each adviser said, in order.

        Args:
            descriptor: Of the private copy, open for reading and for nothing else.
            files: Where each lies in it.
            output: A folder of ours; what they write lies beside it meanwhile.

        Raises:
            InputError: The descriptor could be written to, or there are too many files.
            SetupError: The sandbox lacks something.
            OSError: As for ``Examine``.
        """
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY:
            raise InputError("what a sandbox reads is open for writing")
        return tuple(self._ask(n, descriptor, files, output) for n in self._names)

    def _ask(
        self, name: str, descriptor: int, files: Sequence[Stretch], output: Path
    ) -> Advice:
        version = self._known[name].version()
        if version is None:
            return Advice(
                name=name,
                version="",
                answer=Answer.ABSENT,
                trouble="is not installed; pip install 'strongroom[advisers]'",
            )
        limits = _limits(files)
        if shutil.disk_usage(output).free < limits.spare_bytes + limits.output_bytes:
            return Advice(
                name=name,
                version=version,
                answer=Answer.NO_ROOM,
                trouble="was not asked: the disk has no room for another copy",
            )
        start = Start(
            module="advisers.worker",
            word=f"{descriptor} {name}",
            packages=self._known[name].packages,
            descriptors=(descriptor,),
        )
        job = ReadingJob.of(files, Options())
        with scratch_folder(output.parent) as folder:
            stage = folder / "out"
            stage.mkdir(mode=0o700)
            outcome = run_worker(self._sandbox, start, job, stage, limits)
            return _heard(Advice(
                name=name, version=version, answer=_ANSWERS[outcome.ending],
                trouble=_trouble(outcome),
            ), files, stage)  # fmt: skip


def _limits(files: Sequence[Stretch]) -> Limits:
    """Return what asking about these files may take."""
    total = sum(file.length for file in files)
    seconds = _LEAST_SECONDS + total // _SLOWEST
    largest = max((file.length for file in files), default=0)
    return Limits(
        memory_bytes=_MEMORY_BYTES,
        cpu_seconds=2 * seconds,
        wall_seconds=seconds,
        open_files=256,
        output_bytes=largest + _MOST_REPORT,
        output_files=16,
        scratch_bytes=_SCRATCH_BYTES,
    )


def _trouble(outcome: Outcome) -> str:
    """Return how the sandbox ended if not well, with the last line that was printed."""
    if outcome.ending is Ending.DONE:
        return ""
    printed = outcome.printed.decode("ascii", "replace").strip()
    last = printed.rpartition("\n")[2]
    said = f"; it said {quoted(last)}" if last else ""
    return f"{outcome.sentence()}{said}"


def _heard(advice: Advice, files: Sequence[Stretch], stage: Path) -> Advice:
    """Return the advice with what was said of each file, as far as it came."""
    most = min(_MOST_REPORT, (MOST_LINE + 1) * len(files))
    try:
        lines = parse_remarks(
            read_plain_file(stage, REPORT, at_most_bytes=most), files=len(files)
        )
    except IntegrityError as error:
        if advice.trouble:  # it says why already
            return advice
        return replace(advice, answer=Answer.GARBLED, trouble=f"{error}")
    trouble = advice.trouble
    if len(lines) < len(files):
        answer = Answer.GARBLED if advice.answer is Answer.DONE else advice.answer
        why = trouble or "ended early"
        trouble = f"{why}; it had answered for {len(lines)} of {len(files)} files"
        advice = replace(advice, answer=answer, trouble=trouble)
    return replace(
        advice,
        answered=len(lines),
        remarks=tuple(
            (file.path, remark)
            for file, remarks in zip(files, lines, strict=False)
            for remark in remarks
        ),
    )
