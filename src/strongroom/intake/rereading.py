"""Runs in a second sandbox: reads what the first worker wrote, like a stranger's.

Our writers write what our readers read to the same bytes again.  So each file is given
to the reader of its own kind, whose every write is compared with what lies there.  What
was written by a worker that a file had taken over is refused here, unless it is what an
honest one could have written.

    python -I -S -c "..." OUTPUT WRITTEN JOB

OUTPUT is an empty folder for the report, WRITTEN the folder of the first worker,
read-only, JOB a descriptor.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from strongroom.canonical import Json, to_json
from strongroom.intake.findings import Finding, Level, RefusedError, quoted
from strongroom.intake.jobs import MOST_BYTES, ReadingJob
from strongroom.intake.rewriting import Draft, Options, Rewritten, Workplace
from strongroom.intake.snapshots import read_sources
from strongroom.intake.sources import Source
from strongroom.intake.worker import REPORT, collect_seldom, entry, report_of

RULE = "sandbox/reread"
_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


def main(words: Sequence[str]) -> None:
    """Read again what a folder holds, and say what is not as our writers write it.

    Args:
        words: Output folder, folder with the files, and number of the job's descriptor.
    """
    collect_seldom()
    output, written, job = words[0], words[1], int(words[2])
    with os.fdopen(job, "rb") as file:
        order = ReadingJob.from_bytes(file.read(MOST_BYTES + 1))
    with _sources(written, [item.path for item in order.files]) as sources:
        report = reread(sources, output, order.options)
    with open(os.path.join(output, REPORT), "xb") as file:
        file.write(to_json(report))


def reread(
    sources: Sequence[Source], scratch: str, options: Options | None = None
) -> Json:
    """Return the report on files that a worker wrote; nothing is written.

    Args:
        sources: All of them but empty ones, each under its path.
        scratch: For a file without a name.
        options: What the house lets in.
    """
    workplace = Mirror({source.path: source for source in sources}, scratch)
    results = read_sources(sources, workplace, options or Options())
    return report_of(
        entry(
            # Which files come out is said by what was compared, not by names.
            Rewritten(kind=result.kind, facts=result.facts, findings=result.findings),
            (*seen.findings, *_faults(source, result, workplace)),
        )
        for source, (seen, result) in zip(sources, results, strict=True)
    )


class Mirror(Workplace):
    """A workplace in which everything that would be written lies already."""

    def __init__(self, written: Mapping[str, Source], scratch: str) -> None:
        """Bind it to what was written.

        Args:
            written: Each file by its path.
            scratch: For a file without a name.
        """
        super().__init__(scratch, scratch)
        self._written = written
        self._same: list[str] = []

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the files that came out the same so far."""
        return tuple(self._same)

    def create(self, name: str) -> Draft:
        """Return a draft that compares itself with the file of this name.

        Raises:
            RefusedError: There is none.
        """
        if name not in self._written:
            raise RefusedError(RULE, f"{quoted(name)} would come out, and is not there")
        self._same.append(name)
        return Comparison(self._written[name])

    def take_back(self, kept: int) -> None:
        """Forget the files that came out since there were ``kept`` of them."""
        del self._same[kept:]


class Comparison:
    """A draft that is compared with a file, and never written."""

    def __init__(self, written: Source) -> None:
        """Compare with this file."""
        self._written = written
        self._appended = 0
        self._seen = 0
        self._lock = threading.Lock()

    def append(self, data: bytes | memoryview) -> None:
        """Compare what would stand next."""
        self.put(self._appended, data)
        self._appended += len(data)

    def reserve(self, length: int) -> None:
        """Compare the whole length."""
        if length != self._written.length:
            raise self._other(min(length, self._written.length))

    def put(self, position: int, data: bytes | memoryview) -> None:
        """Compare what would stand at a place; threads may do so at once."""
        if self._written.read(position, len(data)) != data:
            raise self._other(position)
        with self._lock:
            self._seen += len(data)

    def close(self) -> None:
        """Finish it."""

    def __enter__(self) -> Draft:
        return self

    def __exit__(self, *failed: object) -> None:
        if failed[0] is None and self._seen != self._written.length:
            raise self._other(self._seen)

    def _other(self, position: int) -> RefusedError:
        return RefusedError(RULE, f"other bytes come out at {position} or behind it")


def _faults(source: Source, result: Rewritten, workplace: Mirror) -> Iterator[Finding]:
    """Yield why a file that entered is none that our writers write."""
    if any(finding.level is Level.ERROR for finding in result.findings):
        return
    message = ""
    if source.path not in workplace.names:
        message = "it would not come out"
    elif result.changes:
        message = f"it would change: {result.changes[0]}"[:500]
    if message:
        yield Finding(rule=RULE, level=Level.ERROR, message=message)


@contextmanager
def _sources(folder: str, paths: Sequence[str]) -> Iterator[list[Source]]:
    """Give a window on each file of a folder."""
    with ExitStack() as stack:
        sources: list[Source] = []
        for path in paths:
            descriptor = os.open(os.path.join(folder, path), _READING)
            stack.callback(os.close, descriptor)
            length = os.fstat(descriptor).st_size
            sources.append(
                Source(descriptor=descriptor, start=0, length=length, path=path)
            )
        yield sources
