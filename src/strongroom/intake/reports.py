"""What the sandbox says of files, once the host has checked it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from strongroom.canonical import Json
from strongroom.intake.advisers.advice import Advice
from strongroom.intake.findings import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFile:
    """A file that was re-written, and that the host looked at.

    Attributes:
        name: Relative to the output folder, ``/`` between its parts.
        length: Bytes.
        sha256: Hexadecimal, of what the host took; the worker is not asked.
    """

    name: str
    length: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """What became of one file.

    Attributes:
        path: What the supplier calls it.
        kind: What it truly is, such as ``torch-zip``; ``unknown`` if nobody knows.
        outputs: What was written instead of it; none if it was dropped or refused.
        facts: As in ``Rewritten``.
        changes: Sentences on what was changed or lost.
        findings: One of level ``error`` refuses the file, and with it the snapshot.
    """

    path: str
    kind: str
    outputs: tuple[OutputFile, ...] = ()
    facts: Mapping[str, Json] = field(default_factory=dict)
    changes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotReport:
    """What became of everything that was added together.

    Attributes:
        reader: Name and version of what read it.
        files: In the order of the job.
        findings: About the whole: a reader that crashed, or took too long.
        advice: Of each adviser that was asked.
        types: That the house lets in, as the readers were told; from the host alone.
    """

    reader: str
    files: tuple[FileReport, ...]
    findings: tuple[Finding, ...] = ()
    advice: tuple[Advice, ...] = ()
    types: tuple[str, ...] = ()
