"""Reads files in this process: for tests of what comes before and after reading."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats import safetensors_files
from strongroom.intake.receiving import ReceivedFile
from strongroom.intake.reports import FileReport, OutputFile, SnapshotReport
from strongroom.intake.rewriting import Options, Workplace
from strongroom.intake.sources import Source

READER = "in this process"


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
        outputs=tuple(
            OutputFile(name=name, length=(output / name).stat().st_size)
            for name in done.outputs
        ),
        facts=done.facts,
        changes=done.changes,
        findings=done.findings,
    )
