"""What runs inside the sandbox: reads a job, writes files and a report, and ends.

    python -I -S -c "..." SOURCE JOB      two descriptors, both open for reading

It trusts what the host says and nothing else.  It imports the standard library and our
readers only, those when a file needs them, so that it starts in milliseconds.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from strongroom.canonical import Json, to_json
from strongroom.errors import InputError
from strongroom.intake.findings import Finding, Level, RefusedError
from strongroom.intake.identify import Identified, identify
from strongroom.intake.jobs import MOST_BYTES, ReadingJob
from strongroom.intake.kinds import Kind
from strongroom.intake.readers import (
    BESIDE,
    LATE,
    late_reader_for,
    reader_beside,
    reader_for,
)
from strongroom.intake.rewriting import Options, Rewritten, Workplace
from strongroom.intake.sources import Source

FILES = "files"
"""Folder below the output folder for what is re-written."""

REPORT = "report.json"
VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """What every reader of a job shares.

    Attributes:
        workplace: Where the new files go.
        options: Of the job.
        beside: Every file by its path.
        done: What became of those that were read, by path; it grows.
    """

    workplace: Workplace
    options: Options
    beside: Mapping[str, Source]
    done: dict[str, Rewritten] = field(default_factory=dict)


def main(words: Sequence[str]) -> None:
    """Do the job that two descriptors give.

    Args:
        words: Output folder, number of the descriptor with the files, and number of
            the one with the job.
    """
    output, source, job = words[0], int(words[1]), int(words[2])
    with os.fdopen(job, "rb") as file:
        order = ReadingJob.from_bytes(file.read(MOST_BYTES + 1))
    files = os.path.join(output, FILES)
    os.mkdir(files)
    report = read_all(order, source, Workplace(files, output))
    with open(os.path.join(output, REPORT), "xb") as file:
        file.write(to_json(report))


def read_all(job: ReadingJob, descriptor: int, workplace: Workplace) -> Json:
    """Return the report on every file of a job, all of them re-written.

    Args:
        job: Which files, each path once.
        descriptor: In which they lie.
        workplace: Where the new ones go.
    """
    sources = [
        Source(descriptor=descriptor, start=f.offset, length=f.length, path=f.path)
        for f in job.files
    ]
    known = [_identified(source) for source in sources]
    around = _Around(
        workplace=workplace,
        options=job.options,
        beside={source.path: source for source in sources},
    )
    done = around.done
    # What takes others in comes before them, what speaks of others after them; else
    # the order stays.
    for at in sorted(range(len(sources)), key=lambda at: _turn(known[at].kind)):
        done[sources[at].path] = _rewritten(sources[at], known[at], around)
        workplace.tidy()
    entries: list[Json] = [
        _entry(done[source.path], seen.findings)
        for source, seen in zip(sources, known, strict=True)
    ]
    return {"v": VERSION, "files": entries}


def _identified(source: Source) -> Identified:
    """Return what a file is; of one that is refused, why."""
    try:
        return identify(source)
    except RefusedError as error:
        return Identified(kind=Kind.UNKNOWN, findings=(error.finding(),))


def _turn(kind: Kind) -> int:
    return (kind in LATE) - (kind in BESIDE)


def _is_taken_in(path: str, done: Mapping[str, Rewritten]) -> bool:
    """Return whether a file before this one took its bytes in."""
    for result in done.values():
        external = result.facts.get("external", ())
        if isinstance(external, list) and path in external:
            return True
    return False


def _rewritten(source: Source, seen: Identified, around: _Around) -> Rewritten:
    """Return what became of a file; a refusal is a finding in it."""
    if any(finding.level is Level.ERROR for finding in seen.findings):
        return Rewritten(kind=seen.kind)
    try:
        if seen.kind in LATE:
            return late_reader_for(seen.kind)(source, around.workplace, around.done)
        if seen.kind in BESIDE:
            read = reader_beside(seen.kind, around.beside.get)
            return read(source, around.workplace, around.options)
        if seen.kind is Kind.UNKNOWN and _is_taken_in(source.path, around.done):
            return Rewritten(
                kind=seen.kind, changes=("left out: the model beside it took it in",)
            )
        return reader_for(seen.kind)(source, around.workplace, around.options)
    except RefusedError as error:
        refusal = error
    except MemoryError:
        refusal = RefusedError(
            "file/memory", "reading it takes more memory than it may"
        )
    except InputError as error:
        refusal = RefusedError("file/malformed", str(error))
    return Rewritten(kind=seen.kind, findings=(refusal.finding(),))


def _entry(done: Rewritten, more: Sequence[Finding]) -> Json:
    return {
        "kind": str(done.kind),
        "outputs": list(done.outputs),
        "facts": done.facts,
        "changes": list(done.changes),
        "findings": [
            [f.rule, f.level.value, f.message, f.place] for f in (*more, *done.findings)
        ],
    }


if __name__ == "__main__":
    main(sys.argv[1:])
