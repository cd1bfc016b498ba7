"""Parses what the worker says, as if the worker were the attacker.

The file that it read may have taken it over.  So its report is bounded before it is
parsed, has one exact form, and every text in it can be shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from strongroom.canonical import Json, from_json
from strongroom.errors import InputError, IntegrityError
from strongroom.intake.findings import Finding, Level
from strongroom.intake.names import is_plain_name, verify_paths
from strongroom.intake.rewriting import MOST_OUTPUTS

MOST_BYTES = 48 << 20
"""Of a report: 100,000 tensors with long names, and their digests."""

MOST_VALUES = 2_000_000
"""In a report: each takes about 100 bytes once it is parsed."""

_MOST_SENTENCES = 10_000
_MOST_KIND = 40
_KIND = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What the worker says of one file; nothing of it is known to be true.

    Attributes:
        kind: A short lower-case word.
        outputs: Plain relative names.
        facts: Canonical JSON whose texts can be shown.
        changes: Sentences that can be shown.
        findings: As in ``Rewritten``, errors too.
    """

    kind: str
    outputs: tuple[str, ...]
    facts: Mapping[str, Json]
    changes: tuple[str, ...]
    findings: tuple[Finding, ...]


def parse_report(data: bytes, *, files: int) -> tuple[Reported, ...]:
    """Return what a report says of each file of a job.

    Args:
        data: The report.
        files: How many files the job has.

    Raises:
        IntegrityError: It has another form, or is longer than any honest one.
    """
    if len(data) > MOST_BYTES:
        raise IntegrityError(f"report has more than {MOST_BYTES} bytes")
    if sum(map(data.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise IntegrityError(f"report has more than {MOST_VALUES} values")
    document = from_json(data, at_most_bytes=MOST_BYTES)
    match document:
        case {"v": 1, "files": [*entries], **rest} if not rest:
            pass
        case _:
            raise IntegrityError("report has another form")
    if len(entries) != files:
        raise IntegrityError(f"report has {len(entries)} files instead of {files}")
    try:
        parsed = tuple(_file(entry) for entry in entries)
        outputs = [name for each in parsed for name in each.outputs]
        if len(outputs) > MOST_OUTPUTS:
            raise IntegrityError(f"report has more than {MOST_OUTPUTS} outputs")
        verify_paths(outputs)
    except InputError as error:
        raise IntegrityError(f"report is malformed: {error}") from None
    return parsed


def _file(entry: Json) -> Reported:
    match entry:
        case {
            "kind": str(kind),
            "outputs": [*outputs],
            "facts": Mapping() as facts,
            "changes": [*changes],
            "findings": [*findings],
            **rest,
        } if not rest and len(kind) <= _MOST_KIND and _KIND.fullmatch(kind):
            _verify_texts(facts)
            if len(findings) > _MOST_SENTENCES:
                raise InputError("a list of findings is too long")
            return Reported(
                kind=kind,
                outputs=_texts(outputs),
                facts=facts,
                changes=_texts(changes),
                findings=tuple(_finding(each) for each in findings),
            )
    raise InputError("a file's part has another form")


def _texts(items: Sequence[Json]) -> tuple[str, ...]:
    """Return a list of texts, all of which can be shown."""
    if len(items) > _MOST_SENTENCES:
        raise InputError("a list is too long")
    return tuple(_text(item) for item in items)


def _text(item: Json) -> str:
    if not isinstance(item, str) or not is_plain_name(item):
        raise InputError("a text cannot be shown")
    return item


def _finding(item: Json) -> Finding:
    match item:
        case [str(rule), str(level), str(message), str(place)] if level in set(Level):
            return Finding(
                rule=rule,
                level=Level(level),
                message=_text(message),
                place=_text(place) if place else "",
            )
    raise InputError("a finding has another form")


def _verify_texts(facts: Mapping[str, Json]) -> None:
    """Check every text among facts, without recursion.

    Raises:
        InputError: One cannot be shown.
    """
    waiting: list[Json] = [facts]
    while waiting:
        match waiting.pop():
            case str(text):
                if text:
                    _text(text)
            case Mapping() as members:
                for name in members:
                    _text(name)
                waiting.extend(members.values())
            case [*items]:
                waiting.extend(items)
            case _:  # a number, a truth value, nothing
                pass
