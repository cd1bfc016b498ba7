"""What runs inside the sandbox: reads a job, writes files and a report, and ends.

    python -I -S -c "..." OUTPUT SOURCE JOB

OUTPUT is an empty folder, SOURCE and JOB are descriptors open for reading.

It trusts what the host says and nothing else.  It imports the standard library and our
readers only, those when a file needs them, so that it starts in milliseconds.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Sequence

from strongroom.canonical import Json, to_json
from strongroom.intake.findings import Finding
from strongroom.intake.jobs import MOST_BYTES, ReadingJob
from strongroom.intake.rewriting import Rewritten, Workplace
from strongroom.intake.snapshots import read_sources
from strongroom.intake.sources import Source

FILES = "files"
"""Folder below the output folder for what is re-written."""

REPORT = "report.json"
VERSION = 1


def main(words: Sequence[str]) -> None:
    """Do the job that two descriptors give.

    Args:
        words: Output folder, number of the descriptor with the files, and number of
            the one with the job.
    """
    # numpy's library starts a thread for each processor, and aborts where it may not.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    collect_seldom()
    output, source, job = words[0], int(words[1]), int(words[2])
    with os.fdopen(job, "rb") as file:
        order = ReadingJob.from_bytes(file.read(MOST_BYTES + 1))
    files = os.path.join(output, FILES)
    os.mkdir(files)
    report = read_all(order, source, Workplace(files, output))
    with open(os.path.join(output, REPORT), "xb") as file:
        file.write(to_json(report))


def collect_seldom() -> None:
    """Look for cycles after each million of new objects, not after each 700.

    What 100,000 tensors are described with is looked through again and again
    otherwise, a third of the time; a million of lost objects are about 100 MB.
    """
    gc.set_threshold(1_000_000)


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
    return report_of(
        entry(result, seen.findings)
        for seen, result in read_sources(sources, workplace, job.options)
    )


def report_of(entries: Iterable[Json]) -> Json:
    """Return the report with what is said of each file; see ``entry``."""
    return {"v": VERSION, "files": list(entries)}


def entry(done: Rewritten, more: Sequence[Finding]) -> Json:
    """Return what a report says of one file.

    Args:
        done: What became of it.
        more: What was found beside.
    """
    return {
        "kind": str(done.kind),
        "outputs": list(done.outputs),
        "facts": done.facts,
        "changes": list(done.changes),
        "findings": [
            [f.rule, f.level.value, f.message, f.place] for f in (*more, *done.findings)
        ],
    }
