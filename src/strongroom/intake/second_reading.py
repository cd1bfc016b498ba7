"""Has what a worker wrote read again, by another one in a sandbox of its own.

A file can take over the worker that reads it, if that has a fault; then the files and
the report are the file's.  The second worker sees only the files, in the few forms that
our writers write, and none of the native libraries that the first one needs.
"""

from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from strongroom.canonical import Json
from strongroom.errors import IntegrityError
from strongroom.intake.facts import PAIRS, flat, pairs, strings
from strongroom.intake.findings import Finding, Level, quoted
from strongroom.intake.jobs import Item, ReadingJob
from strongroom.intake.outputs import read_plain_file
from strongroom.intake.readers import OWN_MODULES
from strongroom.intake.reported import MOST_BYTES, Reported, parse_report
from strongroom.intake.reports import OutputFile
from strongroom.intake.rereading import RULE
from strongroom.intake.rewriting import Options
from strongroom.intake.worker import REPORT
from strongroom.intake.workers import Start, crash, run_worker
from strongroom.sandboxes.port import Ending, Limits, Outcome, Readable, Sandbox

_WRITTEN = "/written"
_OUTPUT_BYTES = 64 << 20  # it writes a report
_SPARE_FILES = 64


def read_again(
    sandbox: Sandbox,
    files: Sequence[OutputFile],
    said: Sequence[Reported],
    folders: tuple[Path, Path],
    limits: Limits,
    *,
    options: Options,
) -> tuple[Finding, ...]:
    """Return why what a worker wrote cannot be taken; nothing if it can.

    Args:
        sandbox: Where it is read.
        files: What was written.
        said: The worker's report.
        folders: Where the files lie, plain files that everybody may read; and an empty
            one for the second report.
        limits: As for the first worker.
        options: As for the first worker; nothing is salvaged twice.

    Raises:
        IntegrityError: The second report is not what an honest worker leaves.
        SetupError: The sandbox lacks something.
    """
    items = [Item(path=f.name, offset=0, length=f.length) for f in files if f.length]
    seen: Sequence[Reported] = ()
    if items:  # else there is nothing to be read, and a start costs 40 ms
        again = replace(options, salvage=False)
        outcome = _run(sandbox, ReadingJob.of(items, again), folders, limits)
        if outcome.ending is not Ending.DONE:
            return (crash(outcome),)
        data = read_plain_file(folders[1], REPORT, at_most_bytes=MOST_BYTES + 1)
        seen = parse_report(data, files=len(items))
    by_name = dict(zip((item.path for item in items), seen, strict=True))
    return (*_refusals(by_name), *_lies(said, by_name))


def _run(
    sandbox: Sandbox, job: ReadingJob, folders: tuple[Path, Path], limits: Limits
) -> Outcome:
    """Have the second worker do its job.

    Raises:
        StrongroomError: As ``read_again``.
    """
    written, output = folders
    start = Start(
        module="rereading",
        word=_WRITTEN,
        packages=OWN_MODULES,
        readable=(Readable(source=written, target=_WRITTEN),),
    )
    return run_worker(sandbox, start, job, output, _limits(limits, len(job.files)))


def _limits(first: Limits, files: int) -> Limits:
    """Return what reading again may take.

    Raises:
        IntegrityError: The machine lets nobody open as many files.
    """
    wanted = files + _SPARE_FILES
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and wanted > most:
        raise IntegrityError(f"{files} files come out, and {most} may be open at once")
    return Limits(
        memory_bytes=first.memory_bytes,
        cpu_seconds=first.cpu_seconds,
        wall_seconds=first.wall_seconds,
        open_files=wanted,
        output_bytes=_OUTPUT_BYTES,
        scratch_bytes=first.scratch_bytes,
    )


def _refusals(seen: Mapping[str, Reported]) -> Iterator[Finding]:
    """Yield what the second worker refuses."""
    for name, each in seen.items():
        for finding in each.findings:
            if finding.level is Level.ERROR:
                yield _unlike(name, f"{finding.rule}: {finding.message}")


def _lies(said: Sequence[Reported], seen: Mapping[str, Reported]) -> Iterator[Finding]:
    """Yield where the first report is not true of the files."""
    for file in said:
        name = file.outputs[0] if file.outputs else ""
        found = [seen[name] for name in file.outputs if name in seen]
        warned = {f.rule for f in file.findings if f.level is Level.WARNING}
        for each in found:
            for finding in each.findings:
                if finding.level is Level.WARNING and finding.rule not in warned:
                    yield _unlike(name, f"nobody said {finding.rule}")
        outside = _outside(found)
        held = [seen[n] for n in file.outputs if n in seen and n not in outside]
        for fact in _counted([file.facts], held):
            yield _unlike(name, f"the report has other {fact}")


def _outside(found: Iterable[Reported]) -> set[str]:
    """Return the files whose bytes count as those of the model beside them."""
    return {name for each in found for name in strings(each.facts.get("external"))}


def _counted(
    said: Sequence[Mapping[str, Json]], held: Sequence[Reported]
) -> Iterator[str]:
    """Yield the names of facts that differ between a report and the files."""
    for fact, keys in _FACTS.items():
        told = Counter(_values(keys, said))
        if told != Counter(_values(keys, [each.facts for each in held])):
            yield fact


_FACTS: Mapping[str, tuple[str, ...]] = {
    "tensors": PAIRS,
    "templates": ("templates",),
    "operators": ("operators",),
}
"""What can be seen in the files, and under which names readers list it."""


def _values(
    keys: Iterable[str], facts: Iterable[Mapping[str, Json]]
) -> Iterator[tuple[str, str]]:
    for each in facts:
        for _, part in flat("", each):
            for key in keys:
                yield from pairs(part.get(key))
                yield from ((word, "") for word in strings(part.get(key)))


def _unlike(name: str, what: str) -> Finding:
    file = quoted(name) if name else "nothing"
    return Finding(
        rule=RULE,
        level=Level.ERROR,
        message=f"{file} was written, and read again: {what}"[:600],
        place=name[:200],
    )
