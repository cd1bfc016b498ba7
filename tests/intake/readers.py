"""Reads files in this process: for tests of what comes before and after reading."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

from strongroom.canonical import to_json
from strongroom.intake.findings import RefusedError
from strongroom.intake.formats import safetensors_files
from strongroom.intake.jobs import ReadingJob
from strongroom.intake.leaving_out import read_others
from strongroom.intake.readers import READER
from strongroom.intake.receiving import ReceivedFile
from strongroom.intake.reported import parse_report
from strongroom.intake.reports import FileReport, OutputFile, SnapshotReport
from strongroom.intake.rewriting import Options, Workplace
from strongroom.intake.sources import Source
from strongroom.intake.worker import read_all


def examine(
    descriptor: int, files: Sequence[ReceivedFile], options: Options, output: Path
) -> SnapshotReport:
    """Re-write every file as safetensors, as ``Examine`` asks."""
    reports = tuple(_report(descriptor, file, options, output) for file in files)
    return SnapshotReport(reader=READER, files=reports)


def _report(
    descriptor: int, file: ReceivedFile, options: Options, output: Path
) -> FileReport:
    source = Source(
        descriptor=descriptor, start=file.offset, length=file.length, path=file.path
    )
    try:
        done = safetensors_files.rewrite(source, Workplace(output, output), options)
    except RefusedError as error:
        return FileReport(path=file.path, kind="unknown", findings=(error.finding(),))
    return FileReport(
        path=file.path,
        kind=done.kind,
        outputs=tuple(output_file(output, name) for name in done.outputs),
        facts=done.facts,
        changes=done.changes,
        findings=done.findings,
    )


def output_file(folder: Path, name: str) -> OutputFile:
    """Return what the host says of a file that was written."""
    data = (folder / name).read_bytes()
    return OutputFile(
        name=name, length=len(data), sha256=hashlib.sha256(data).hexdigest()
    )


def read_here(
    descriptor: int, files: Sequence[ReceivedFile], options: Options, output: Path
) -> SnapshotReport:
    """Read with every reader, as the worker does, in this process."""
    return read_others(
        files,
        options.left_out,
        lambda others: _read_here(descriptor, others, options, output),
    )


def _read_here(
    descriptor: int, files: Sequence[ReceivedFile], options: Options, output: Path
) -> SnapshotReport:
    job = ReadingJob.of(files, options)
    with tempfile.TemporaryDirectory() as scratch:
        said = read_all(job, descriptor, Workplace(output, Path(scratch)))
    reported = parse_report(to_json(said), files=len(files))
    return SnapshotReport(
        reader=READER,
        files=tuple(
            FileReport(
                path=file.path,
                kind=each.kind,
                outputs=tuple(output_file(output, name) for name in each.outputs),
                facts=each.facts,
                changes=each.changes,
                findings=each.findings,
            )
            for file, each in zip(files, reported, strict=True)
        ),
    )
