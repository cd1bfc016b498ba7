"""What advisories say of things that were admitted: pure, of facts found before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from typing import TypeAlias

from strongroom.intake.advisories import Advisory
from strongroom.intake.differences import known_finding
from strongroom.intake.findings import MOST_MESSAGE, Finding, Level
from strongroom.intake.intakes import Intake
from strongroom.intake.later_readings import LaterReading, Outcome
from strongroom.intake.readers import VERSION

Found: TypeAlias = tuple[str, Finding]
"""Id of an intake, or nothing for the feed, and what was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One intake, and what concerns it now.

    Attributes:
        advisories: In force, and about it.
        reader: Version of the newest readers that read it; 0 if none of ours did.
        later: What they came to, if it was read again.
    """

    intake: Intake
    advisories: tuple[Advisory, ...]
    reader: int
    later: LaterReading | None = None

    @property
    def outgrown(self) -> bool:
        """Whether the readers see more today than those that read it last."""
        return self.reader < VERSION


def hit_id(intake: Intake, advisory: Advisory) -> str:
    """Return the id under which it is kept that an advisory concerned an intake."""
    return f"{intake.id}/{advisory.id}"


def new_hits(found: Iterable[Judged], known: Set[str]) -> list[tuple[Intake, Advisory]]:
    """Return what concerns an intake and did not before.

    Args:
        found: Every intake.
        known: Ids of hits of before.
    """
    return [
        (one.intake, advisory)
        for one in found
        for advisory in one.advisories
        if hit_id(one.intake, advisory) not in known
    ]


def judge_again(found: Iterable[Judged], known: Set[str]) -> Iterator[Found]:
    """Yield what there is to say of each intake.

    Args:
        found: Every intake.
        known: Ids of hits of before: somebody decides on them, or did.
    """
    for one in found:
        for advisory in one.advisories:
            if hit_id(one.intake, advisory) in known:
                yield one.intake.id, _known(advisory)
            else:
                yield one.intake.id, hit_finding(advisory)
        if one.outgrown:
            yield one.intake.id, _outgrown(one)
        elif one.later is not None and one.later.outcome is not Outcome.SAME:
            yield one.intake.id, known_finding(one.later)


def hit_finding(advisory: Advisory) -> Finding:
    """Return that an advisory concerns something, and nobody has seen that yet."""
    return Finding(
        rule="advisory/hit", level=Level.ERROR, message=_words(advisory)[:MOST_MESSAGE]
    )


def _known(advisory: Advisory) -> Finding:
    words = f"{_words(advisory)}; it was found before"
    return Finding(
        rule="advisory/known", level=Level.NOTE, message=words[:MOST_MESSAGE]
    )


def _words(advisory: Advisory) -> str:
    return f"{advisory.id}: {advisory.summary or 'concerns it'}"


def _outgrown(one: Judged) -> Finding:
    """Return that the readers see more today than those that read something."""
    left = (
        "strongroom intake reaudit --reread reads it again"
        if one.intake.original
        else "its original expired, so get it again from where it came"
    )
    return Finding(
        rule="advisory/reader",
        level=Level.WARNING,
        message=f"readers of version {one.reader} read it, and {VERSION} is in"
        f" force; {left}",
    )
