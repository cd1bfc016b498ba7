"""Reads several files that belong together: a folder, or what lies in an archive.

A refusal is a finding of its file and stops no other; what a refused file had written
already is taken back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from strongroom.errors import InputError
from strongroom.intake.facts import strings
from strongroom.intake.findings import Level, RefusedError
from strongroom.intake.identify import Identified, identify
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

_ARCHIVES = frozenset({Kind.ZIP, Kind.TAR})
_RENAMED = frozenset({
    Kind.TORCH_ZIP, Kind.TORCH_LEGACY, Kind.TORCH_TAR,
    Kind.NUMPY, Kind.NUMPY_ZIP, Kind.KERAS,
})  # fmt: skip
"""Those come out under another ending, after the files that have it already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """What every reader of a job shares.

    Attributes:
        workplace: Where the new files go.
        options: Of the job.
        beside: Every file by its path.
        in_archive: Whether the files lie in an archive.
        done: What became of those that were read, by path; it grows.
        taken_in: Paths of those whose bytes are in a result by now; it grows.
    """

    workplace: Workplace
    options: Options
    beside: Mapping[str, Source]
    in_archive: bool
    done: dict[str, Rewritten] = field(default_factory=dict)
    taken_in: set[str] = field(default_factory=set)

    def note(self, path: str, result: Rewritten) -> None:
        """Keep what became of a file."""
        self.done[path] = result
        self.taken_in.update(strings(result.facts.get("external")))


def read_sources(
    sources: Sequence[Source],
    workplace: Workplace,
    options: Options,
    *,
    in_archive: bool = False,
) -> list[tuple[Identified, Rewritten]]:
    """Return what each file is, and what became of it, in their order.

    Args:
        sources: Each under a path of its own.
        workplace: Where the new files go.
        options: For every reader.
        in_archive: Whether they lie in one; then archives are refused.
    """
    known = [_identified(source) for source in sources]
    around = _Around(
        workplace=workplace,
        options=options,
        beside={source.path: source for source in sources},
        in_archive=in_archive,
    )
    # What takes others in comes before them, what speaks of others after them; else
    # the order stays.
    for at in sorted(range(len(sources)), key=lambda at: _turn(known[at].kind)):
        path = sources[at].path
        around.note(path, _rewritten(sources[at], known[at], around))
        if not in_archive:  # where rooms hold what was unpacked
            workplace.tidy()
    return [
        (seen, around.done[source.path])
        for source, seen in zip(sources, known, strict=True)
    ]


def _identified(source: Source) -> Identified:
    """Return what a file is; of one that is refused, why."""
    try:
        return identify(source)
    except RefusedError as error:
        return Identified(kind=Kind.UNKNOWN, findings=(error.finding(),))


def _turn(kind: Kind) -> int:
    if kind in LATE:
        return 2
    return (kind in _RENAMED) - (kind in BESIDE)


def _rewritten(source: Source, seen: Identified, around: _Around) -> Rewritten:
    """Return what became of a file; a refusal is a finding in it."""
    if any(finding.level is Level.ERROR for finding in seen.findings):
        return Rewritten(kind=seen.kind)
    kept = len(around.workplace.names)
    try:
        if around.in_archive and seen.kind in _ARCHIVES:
            raise RefusedError("archive/deep", "an archive lies in an archive")
        if seen.kind in LATE:
            return late_reader_for(seen.kind)(source, around.workplace, around.done)
        if seen.kind in BESIDE:
            read = reader_beside(seen.kind, around.beside.get)
            return read(source, around.workplace, around.options)
        if seen.kind is Kind.UNKNOWN and source.path in around.taken_in:
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
    around.workplace.take_back(kept)
    return Rewritten(kind=seen.kind, findings=(refusal.finding(),))
