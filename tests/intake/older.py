"""Readers of a version before ours, whose reports say so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from strongroom.intake.examining import Examine
from strongroom.intake.receiving import ReceivedFile
from strongroom.intake.reports import FileReport, OutputFile, SnapshotReport
from strongroom.intake.rewriting import Options
from tests.intake.readers import read_here

Change = Callable[[SnapshotReport, Path], SnapshotReport]


@dataclass
class Older:
    """Readers of a version before ours: as they would have reported it.

    Attributes:
        change: How they saw things otherwise, or wrote them.
        blind: Names of files that they took for text, and left out.
        read: What reads, as today.
    """

    change: Change = lambda report, _: report
    blind: frozenset[str] = frozenset()
    read: Examine = read_here
    given: list[Options] = field(default_factory=list)

    def __call__(
        self,
        descriptor: int,
        files: Sequence[ReceivedFile],
        options: Options,
        output: Path,
    ) -> SnapshotReport:
        self.given.append(options)
        seen = [file for file in files if file.path not in self.blind]
        report = self.read(descriptor, seen, options, output)
        by_path = {file.path: file for file in report.files}
        report = replace(
            report,
            reader="strongroom-readers 0",
            files=tuple(
                by_path.get(file.path) or FileReport(path=file.path, kind="text")
                for file in files
            ),
        )
        return self.change(report, output)


def longer_json(report: SnapshotReport, output: Path) -> SnapshotReport:
    """Return a report of readers that ended JSON with an empty line."""
    return replace(report, files=tuple(_longer(f, output) for f in report.files))


def _longer(file: FileReport, output: Path) -> FileReport:
    if file.kind != "json":
        return file
    place = output / file.outputs[0].name
    data = place.read_bytes() + b"\n"
    place.write_bytes(data)
    longer = OutputFile(
        name=place.name, length=len(data), sha256=sha256(data).hexdigest()
    )
    return replace(file, outputs=(longer,))
