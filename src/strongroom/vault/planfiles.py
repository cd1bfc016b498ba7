"""Plans that a person wrote: the file of ``strongroom seal --plan``.

Format: ``docs/reference/plans.md``.
"""

from __future__ import annotations

import fnmatch
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from strongroom.errors import InputError
from strongroom.vault.plans import (
    DEFAULT_MOST_PERCENT,
    cut_group,
    default_segments,
    segment_limit,
)
from strongroom.vault.segments import (
    ARCHITECTURE,
    Part,
    Piece,
    Plan,
    PlannedSegment,
    pieces_of,
    verify_segment_name,
)
from strongroom.vault.sources import SourceFile

MOST_TEXT_BYTES = 2**20
MOST_RULES = 1000
MOST_PATTERNS = 1000
MOST_PATTERN_LETTERS = 256

_PLAN_KEYS = {"most_percent", "rest", "segment"}
_RULE_KEYS = {"name", "part", "match", "most_percent"}
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One ``[[segment]]`` of a plan file."""

    name: str
    part: Part
    patterns: tuple[str, ...]
    most_percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFile:
    """A parsed plan file.

    Attributes:
        rules: In order; the first that matches takes a tensor or a file.
        most_percent: For what no rule takes.
        rest: ``default`` plans what no rule takes like the default plan does,
            ``refuse`` refuses it.
    """

    rules: tuple[Rule, ...]
    most_percent: int
    rest: Literal["default", "refuse"]


def plan_from_toml(text: str, files: Sequence[SourceFile]) -> Plan:
    """Return the plan that a plan file makes of scanned files.

    Args:
        text: The plan file, at most 1 MiB.
        files: The scanned files.

    Raises:
        InputError: The text is malformed, a pattern matches nothing, a segment is
            made twice, or with ``rest = "refuse"`` something is left over.
    """
    return apply_plan_file(parse_plan_file(text), files)


def parse_plan_file(text: str) -> PlanFile:
    """Return the rules in a plan file.

    Raises:
        InputError: It is no TOML, is too large, or holds an unknown key or a bad
            value.
    """
    if len(text) > MOST_TEXT_BYTES:
        raise InputError(f"plan file is longer than {MOST_TEXT_BYTES} characters")
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"plan file is no TOML: {str(error)[:120]}") from None
    _verify_keys(document, _PLAN_KEYS, "plan file")
    percent = _percent(document, DEFAULT_MOST_PERCENT, "plan file")
    rest = document.get("rest", "default")
    if rest not in ("default", "refuse"):  # a tuple: rest may be a list
        raise InputError("plan file: rest is neither 'default' nor 'refuse'")
    tables = document.get("segment", [])
    if not isinstance(tables, list) or len(tables) > MOST_RULES:
        raise InputError(f"plan file needs [[segment]] tables, at most {MOST_RULES}")
    rules = tuple(_rule(table, percent) for table in tables)
    return PlanFile(rules=rules, most_percent=percent, rest=rest)


def apply_plan_file(plan_file: PlanFile, files: Sequence[SourceFile]) -> Plan:
    """Return the plan that rules make of scanned files.

    Headers always go to ``architecture``.  Patterns are compared with the names
    of tensors and with the paths of files that are not safetensors.

    Raises:
        InputError: A pattern matches nothing that is left, a segment is made
            twice, or something is left over that may not be.
    """
    pieces = pieces_of(files)
    total = sum(piece.length for piece in pieces)
    left = [p for p in pieces if not _is_header(p, files)]
    segments: list[PlannedSegment] = []
    for rule in plan_file.rules:
        taken, left = _take(rule, left)
        limit = segment_limit(total, rule.most_percent)
        segments.extend(cut_group(rule.name, rule.part, taken, limit))
    if left and plan_file.rest == "refuse":
        names = ", ".join(f"{piece.item[:80]!a}" for piece in left[:_SHOWN])
        raise InputError(
            f"the plan file leaves {len(left)} tensors and files over: {names}",
            hint="add a pattern that matches them, or rest = 'default'",
        )
    rest = [*(p for p in pieces if _is_header(p, files)), *left]
    limit = segment_limit(total, plan_file.most_percent)
    first, *others = default_segments(rest, files, limit)
    return Plan(segments=(first, *segments, *others))


def _take(rule: Rule, pieces: Sequence[Piece]) -> tuple[list[Piece], list[Piece]]:
    """Return the pieces that a rule matches, and the others."""
    names = {piece.item for piece in pieces}
    matched: set[str] = set()
    for pattern in rule.patterns:
        # re.compile and not fnmatch.filter, whose cache is a module's state.
        found = set(filter(re.compile(fnmatch.translate(pattern)).match, names))
        if not found:
            raise InputError(
                f"pattern {pattern!a} of segment {rule.name!r} matches nothing that "
                "is left",
                hint="the first segment that matches takes a tensor",
            )
        matched |= found
    taken = [piece for piece in pieces if piece.item in matched]
    return taken, [piece for piece in pieces if piece.item not in matched]


def _is_header(piece: Piece, files: Sequence[SourceFile]) -> bool:
    return piece.tensor is None and files[piece.file].header is not None


def _rule(table: object, most_percent: int) -> Rule:
    if not isinstance(table, dict):
        raise InputError("plan file: each segment is a [[segment]] table")
    name = table.get("name")
    if not isinstance(name, str):
        raise InputError("plan file: a segment has no name")
    verify_segment_name(name)
    where = f"segment {name!r}"
    _verify_keys(table, _RULE_KEYS, where)
    if name == ARCHITECTURE:
        raise InputError(
            f"{where} is where headers and the map go",
            hint="choose another name; part = 'architecture' is possible",
        )
    part = table.get("part", "weights")
    if part not in get_args(Part):
        raise InputError(f"{where}: part is none of {', '.join(get_args(Part))}")
    return Rule(
        name=name,
        part=part,
        patterns=_patterns(table, where),
        most_percent=_percent(table, most_percent, where),
    )


def _patterns(table: Mapping[str, object], where: str) -> tuple[str, ...]:
    patterns = table.get("match")
    if not isinstance(patterns, list) or not 1 <= len(patterns) <= MOST_PATTERNS:
        raise InputError(
            f"{where} needs match, a list of 1 to {MOST_PATTERNS} patterns"
        )
    for pattern in patterns:
        if not isinstance(pattern, str) or not 0 < len(pattern) <= MOST_PATTERN_LETTERS:
            raise InputError(
                f"{where}: a pattern is text of 1 to {MOST_PATTERN_LETTERS} letters"
            )
    return tuple(patterns)


def _percent(table: Mapping[str, object], default: int, where: str) -> int:
    percent = table.get("most_percent", default)
    if type(percent) is not int or not 1 <= percent <= 100:  # noqa: PLR2004  percent
        raise InputError(f"{where}: most_percent is a whole number from 1 to 100")
    return percent


def _verify_keys(table: Mapping[str, object], known: set[str], where: str) -> None:
    for key in table:
        if key not in known:
            raise InputError(
                f"{where} has the unknown key {key[:80]!a}",
                hint=f"known are {', '.join(sorted(known))}",
            )
