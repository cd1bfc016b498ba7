"""Leaves files out because somebody asked for it: of what is read, not of what is held.

    received ──▶ files that match no pattern ──▶ readers ──▶ report
        └──────▶ files that match ─────────────────────────▶ into it, by the host

The original stays whole, and so do its digest, its signature and its source.  Readers
are not told of what is left out, and cannot say that something was.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from glob import escape
from typing import TypeVar

from strongroom.canonical import Json
from strongroom.errors import InputError
from strongroom.intake.admitted import options_of
from strongroom.intake.facts import gather
from strongroom.intake.findings import Level, listed
from strongroom.intake.jobs import Stretch
from strongroom.intake.kinds import Kind
from strongroom.intake.reports import FileReport, SnapshotReport

MOST_PATTERNS = 100
MOST_LETTERS = 1000
ASKED_FOR = "left out: asked for"

_HELP = "quote it: --leave-out '*.py' leaves out every such file, in folders too"

File = TypeVar("File", bound=Stretch)


def is_left_out(path: str, patterns: Iterable[str]) -> bool:
    """Return whether a pattern matches a path, or its last part where it has no slash.

    Args:
        path: What the supplier calls the file.
        patterns: As of a shell, upper and lower case apart; ``*`` matches ``/`` too.
    """
    name = path.rpartition("/")[2]
    return any(
        fnmatchcase(path, one) or ("/" not in one and fnmatchcase(name, one))
        for one in patterns
    )


def left_out(paths: Iterable[str], patterns: Collection[str]) -> frozenset[str]:
    """Return the paths that are left out."""
    return frozenset(path for path in paths if is_left_out(path, patterns))


def verify_left_out(paths: Collection[str], patterns: Sequence[str]) -> None:
    """Check that every pattern leaves something out, and that something is left.

    Args:
        paths: Of every file.
        patterns: That somebody wrote down.

    Raises:
        InputError: There are too many, one is too long or cannot be shown, one
            matches nothing, or together they match everything.
    """
    if len(patterns) > MOST_PATTERNS:
        raise InputError(
            f"{len(patterns)} patterns leave files out, and {MOST_PATTERNS} may",
            hint=_HELP,
        )
    for one in patterns:
        if not (0 < len(one) <= MOST_LETTERS and one.isprintable()):
            raise InputError(f"{one[:80]!a} is no pattern of paths", hint=_HELP)
        if not left_out(paths, [one]):
            raise InputError(
                f"--leave-out {one[:80]!a} matches no file",
                hint=f"there are {listed(sorted(paths))}",
            )
    if patterns and len(left_out(paths, patterns)) == len(paths):
        raise InputError(
            "every file is left out, so nothing would come out",
            hint="leave out only what no loader of the model needs",
        )


def read_others(
    files: Sequence[File],
    patterns: Collection[str],
    read: Callable[[Sequence[File]], SnapshotReport],
) -> SnapshotReport:
    """Return the report on all files, of which only those that stay are read.

    Args:
        files: Each path once.
        patterns: Of what is left out.
        read: Reads files, and reports on each.
    """
    away = left_out((file.path for file in files), patterns)
    report = read([file for file in files if file.path not in away])
    said = {file.path: file for file in report.files}
    said |= {path: _asked_for(path) for path in away}
    return replace(report, files=tuple(said[file.path] for file in files))


def _asked_for(path: str) -> FileReport:
    return FileReport(path=path, kind=Kind.LEFT_OUT, changes=(ASKED_FOR,))


def may_be_left_out(report: Json) -> tuple[str, ...]:
    """Return patterns of files, those given included, without which it might pass.

    None where something is wrong with the whole, or no other file holds weights.

    Args:
        report: As it is kept and shown.
    """
    match report:
        case {"files": [*files], "findings": [*findings]}:
            pass
        case _:
            return ()
    refused = {
        str(one["path"])
        for one in findings
        if isinstance(one, Mapping) and one["level"] == Level.ERROR
    }
    others = [
        (str(file["path"]), file["facts"])
        for file in files
        if isinstance(file, Mapping) and file["path"] not in refused
    ]
    if not refused or "" in refused or not gather(others).tensors:
        return ()
    return *options_of(report).left_out, *(escape(path) for path in sorted(refused))
