"""Has files read in a sandbox, and believes nothing of what comes back.

job ──▶ sandbox: worker ──▶ report and files ──▶ looked at here ──▶ SnapshotReport
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from strongroom.errors import InputError, IntegrityError, UnavailableError
from strongroom.intake.findings import Finding, Level, quoted
from strongroom.intake.jobs import ReadingJob, Stretch
from strongroom.intake.kinds import Kind
from strongroom.intake.outputs import read_plain_file, take_outputs, verify_outputs
from strongroom.intake.private_folders import scratch_folder
from strongroom.intake.readers import MODULES, READER
from strongroom.intake.reported import MOST_BYTES, Reported, parse_report
from strongroom.intake.reports import FileReport, OutputFile, SnapshotReport
from strongroom.intake.rewriting import MOST_OUTPUTS, Options
from strongroom.intake.worker import FILES, REPORT
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
    f"import sys; sys.path.append('{_PLACE}'); "
    "from strongroom.intake.worker import main; main(sys.argv[1:])"
)

_LEAST_SECONDS = 120
_SLOWEST = 8 << 20
"""Bytes a second that a reader has to keep up, on the slowest machine."""

_MEMORY_BYTES = 4 << 30
_SCRATCH_BYTES = 16 << 20  # what is large lies on the disk, beside the outputs
_GROWTH_BYTES = 8 << 30  # what packed files may unpack to; see ``formats.zips``

_RULES: Mapping[Ending, str] = {
    Ending.FAILED: "sandbox/crash",
    Ending.KILLED: "sandbox/crash",
    Ending.OVER_TIME: "sandbox/time",
    Ending.OVER_CPU: "sandbox/time",
    Ending.OVER_OUTPUT: "sandbox/output",
}


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
            options: What the person who adds them chose.
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
        limits = _limits(files)
        _verify_room(output, limits)
        job = ReadingJob.of(files, options)
        with _stage(output) as stage, _in_memory(job.to_bytes()) as told:
            numbers = (descriptor, told)
            outcome = self._sandbox.run(
                Job(
                    argv=(PYTHON, *_FLAGS, _BEGIN, OUTPUT, *map(str, numbers)),
                    descriptors=numbers,
                    readable=_readable(),
                    output=stage,
                    limits=limits,
                )
            )
            if outcome.ending is not Ending.DONE:
                return _refused(files, _crash(outcome))
            try:
                return _taken(files, stage, output)
            except IntegrityError as error:
                return _refused(files, _finding("sandbox/report", str(error)))


_FLAGS = ("-I", "-S", "-B", "-c")
"""Nothing of an environment, no packages but those shown, no byte code written."""


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
            hint="free some",
        )


def _readable() -> tuple[Readable, ...]:
    """Return our own package, and those that some reader needs."""
    package = Path(__file__).parents[1]
    seen = [Readable(source=package, target=f"{_PLACE}/strongroom")]
    for name in MODULES:
        spec = find_spec(name)
        for place in (spec and spec.submodule_search_locations) or ():
            for folder in (Path(place), Path(f"{place}.libs")):
                if folder.is_dir():
                    target = f"{_PLACE}/{folder.name}"
                    seen.append(Readable(source=folder, target=target))
    return tuple(seen)


@contextmanager
def _stage(output: Path) -> Iterator[Path]:
    """Give a folder for the worker beside the one for what is taken."""
    with scratch_folder(output.parent) as folder:
        stage = folder / "out"
        stage.mkdir(mode=0o700)
        yield stage


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


def _taken(files: Sequence[Stretch], stage: Path, output: Path) -> SnapshotReport:
    """Return the report, once its files were looked at and moved.

    Raises:
        IntegrityError: The report or a file is not what an honest worker leaves.
    """
    data = read_plain_file(stage, REPORT, at_most_bytes=MOST_BYTES + 1)
    parsed = parse_report(data, files=len(files))
    looked_at: dict[str, OutputFile] = {}
    if not any(f.level is Level.ERROR for each in parsed for f in each.findings):
        names = [name for each in parsed for name in each.outputs]
        looked_at = verify_outputs(stage / FILES, names)
        take_outputs(stage / FILES, names, output)
    return SnapshotReport(
        reader=READER,
        files=tuple(
            _file(file, each, looked_at)
            for file, each in zip(files, parsed, strict=True)
        ),
    )


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


def _refused(files: Sequence[Stretch], finding: Finding) -> SnapshotReport:
    """Return the report when nothing is known of any file."""
    return SnapshotReport(
        reader=READER,
        files=tuple(FileReport(path=file.path, kind=Kind.UNKNOWN) for file in files),
        findings=(finding,),
    )


def _crash(outcome: Outcome) -> Finding:
    """Return why the sandbox ended, with the last line that was printed."""
    printed = outcome.printed.decode("ascii", "replace").strip()
    last = printed.rpartition("\n")[2]
    said = f"; it said {quoted(last)}" if last else ""
    return _finding(_RULES[outcome.ending], f"the reader {outcome.sentence()}{said}")


def _finding(rule: str, message: str) -> Finding:
    return Finding(rule=rule, level=Level.ERROR, message=message[:600])
