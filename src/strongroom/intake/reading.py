"""Has files read in a sandbox, and believes nothing of what comes back.

job ──▶ sandbox: worker ──▶ report and files ──▶ looked at here
    ──▶ another sandbox: files read again ──▶ both agree ──▶ SnapshotReport
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from strongroom.errors import InputError, IntegrityError, UnavailableError
from strongroom.intake.findings import Finding, Level
from strongroom.intake.jobs import ReadingJob, Stretch
from strongroom.intake.kinds import Kind
from strongroom.intake.leaving_out import read_others
from strongroom.intake.outputs import (
    read_plain_file,
    show_outputs,
    take_outputs,
    verify_outputs,
)
from strongroom.intake.private_folders import MORE_ROOM, scratch_folder
from strongroom.intake.readers import MODULES, READER
from strongroom.intake.reported import MOST_BYTES, Reported, parse_report
from strongroom.intake.reports import FileReport, OutputFile, SnapshotReport
from strongroom.intake.rewriting import MOST_OUTPUTS, Options
from strongroom.intake.second_reading import read_again
from strongroom.intake.worker import FILES, REPORT
from strongroom.intake.workers import Start, crash, failure, run_worker
from strongroom.sandboxes.port import Ending, Limits, Sandbox

_LEAST_SECONDS = 120
_SLOWEST = 8 << 20
"""Bytes a second that a reader has to keep up, on the slowest machine."""

_MEMORY_BYTES = 4 << 30
_SCRATCH_BYTES = 16 << 20  # what is large lies on the disk, beside the outputs
_GROWTH_BYTES = 8 << 30  # what packed files may unpack to; see ``formats.zips``


class SandboxReader:
    """Reads and re-writes files where they can do no harm."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Use a sandbox for each reading."""
        self._sandbox = sandbox

    def __call__(
        self,
        descriptor: int,
        files: Sequence[Stretch],
        options: Options,
        output: Path,
    ) -> SnapshotReport:
        """Identify and re-write files; return what was found, verified.

        Args:
            descriptor: Of the private copy, open for reading and for nothing else.
            files: Where each lies in it.
            options: What the person who adds them chose; what they leave out is
                reported, and neither read nor written.
            output: An empty folder of ours for what is re-written; it stays empty if
                anything is refused.

        Raises:
            InputError: The descriptor could be written to, or there are too many files.
            SetupError: The sandbox lacks something.
            UnavailableError: The disk is nearly full.
            OSError: As for ``Examine``.
        """
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY:
            raise InputError("what a sandbox reads is open for writing")
        return read_others(
            files,
            options.left_out,
            lambda others: self._read(descriptor, others, options, output),
        )

    def _read(
        self,
        descriptor: int,
        files: Sequence[Stretch],
        options: Options,
        output: Path,
    ) -> SnapshotReport:
        """Return what was found in files of which none is left out.

        Raises:
            StrongroomError: As ``__call__``.
        """
        limits = _limits(files)
        _verify_room(output, limits)
        start = Start(
            module="worker",
            word=str(descriptor),
            packages=MODULES,
            descriptors=(descriptor,),
        )
        job = ReadingJob.of(files, options)
        with _stage(output) as (stage, second):
            outcome = run_worker(self._sandbox, start, job, stage, limits)
            if outcome.ending is not Ending.DONE:
                return _refused(files, (crash(outcome),))
            try:
                return self._taken(files, (stage, second), output, limits, options)
            except IntegrityError as error:
                return _refused(files, (failure("sandbox/report", str(error)),))

    def _taken(
        self,
        files: Sequence[Stretch],
        stages: tuple[Path, Path],
        output: Path,
        limits: Limits,
        options: Options,
    ) -> SnapshotReport:
        """Return the report, once its files were read again and moved.

        Raises:
            IntegrityError: The report or a file is not what an honest worker leaves.
        """
        stage, second = stages
        data = read_plain_file(stage, REPORT, at_most_bytes=MOST_BYTES + 1)
        parsed = parse_report(data, files=len(files))
        looked_at: dict[str, OutputFile] = {}
        if not any(f.level is Level.ERROR for each in parsed for f in each.findings):
            names = [name for each in parsed for name in each.outputs]
            looked_at = verify_outputs(stage / FILES, names)
            show_outputs(stage / FILES, names)
            written = list(looked_at.values())
            places = (stage / FILES, second)
            faults = read_again(
                self._sandbox, written, parsed, places, limits, options=options
            )
            if faults:
                return _refused(files, faults)
            take_outputs(stage / FILES, names, output)
        return SnapshotReport(
            reader=READER,
            files=tuple(
                _file(file, each, looked_at)
                for file, each in zip(files, parsed, strict=True)
            ),
        )


def _limits(files: Sequence[Stretch]) -> Limits:
    """Return what reading these files may take."""
    total = sum(file.length for file in files)
    seconds = _LEAST_SECONDS + total // _SLOWEST
    return Limits(
        memory_bytes=_MEMORY_BYTES,
        cpu_seconds=2 * seconds,
        wall_seconds=seconds,
        open_files=256,
        output_bytes=2 * total + _GROWTH_BYTES,
        output_files=2 * MOST_OUTPUTS,
        scratch_bytes=_SCRATCH_BYTES,
    )


def _verify_room(output: Path, limits: Limits) -> None:
    """Check that the disk has room now: a full one is no fault of the files.

    Raises:
        UnavailableError: It has less than always stays free.
    """
    free = shutil.disk_usage(output).free
    if free < limits.spare_bytes:
        raise UnavailableError(
            f"quarantine has {free} bytes free, and {limits.spare_bytes} stay free",
            hint=MORE_ROOM,
        )


@contextmanager
def _stage(output: Path) -> Iterator[tuple[Path, Path]]:
    """Give folders for two workers beside the one for what is taken."""
    with scratch_folder(output.parent) as folder:
        stages = folder / "out", folder / "again"
        for stage in stages:
            stage.mkdir(mode=0o700)
        yield stages


def _file(
    file: Stretch, said: Reported, looked_at: Mapping[str, OutputFile]
) -> FileReport:
    return FileReport(
        path=file.path,
        kind=said.kind,
        outputs=tuple(looked_at[n] for n in said.outputs if n in looked_at),
        facts=said.facts,
        changes=said.changes,
        findings=said.findings,
    )


def _refused(files: Sequence[Stretch], findings: tuple[Finding, ...]) -> SnapshotReport:
    """Return the report when nothing is known of any file."""
    return SnapshotReport(
        reader=READER,
        files=tuple(FileReport(path=file.path, kind=Kind.UNKNOWN) for file in files),
        findings=findings,
    )
