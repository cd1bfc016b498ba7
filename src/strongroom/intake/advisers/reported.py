"""Parses what an adviser left behind, as if the adviser were the attacker."""

from __future__ import annotations

from strongroom.canonical import from_json
from strongroom.errors import InputError, IntegrityError
from strongroom.intake.advisers.remarks import MOST_REMARKS, MOST_TEXT, Remark

MOST_LINE = MOST_REMARKS * (2 * MOST_TEXT + 32)
"""Bytes about one file: a backslash takes two in JSON."""


def parse_remarks(data: bytes, *, files: int) -> list[tuple[Remark, ...]]:
    """Return what was said of the first files of a job, as many as were answered.

    Args:
        data: The report: a line for each file, the last of them perhaps cut.
        files: How many files the job has.

    Raises:
        IntegrityError: It has another form, or more lines than there are files.
    """
    lines = data.split(b"\n")[:-1]
    if len(lines) > files:
        raise IntegrityError(f"answers for {len(lines)} files, and {files} were asked")
    try:
        return [_line(line) for line in lines]
    except InputError as error:
        raise IntegrityError(f"answers are malformed: {error}") from None


def _line(line: bytes) -> tuple[Remark, ...]:
    match from_json(line, at_most_bytes=MOST_LINE):
        case [*remarks] if len(remarks) <= MOST_REMARKS:
            return tuple(Remark.from_json(remark) for remark in remarks)
    raise InputError("a line has another form")
