"""What one adviser said of an addition, and what is shown of it.

Advice refuses nothing.  Where an adviser calls malicious what our readers re-wrote,
that is said beside it, for whoever accepts it; where the class asks for it, as a
warning, and then somebody else has to accept it, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from strongroom import canonical
from strongroom.intake.advisers.remarks import Remark, Weight
from strongroom.intake.findings import MOST_MESSAGE, Finding, Level, listed

MOST_FINDINGS = 1000
"""Of one adviser about one addition; an archive of many has no end of them."""


class Answer(StrEnum):
    """How an adviser came back."""

    DONE = "done"
    ABSENT = "absent"  # not installed
    NO_ROOM = "no-room"  # on the disk, for the copy it wants
    CRASHED = "crashed"
    OVER_TIME = "over-time"
    OVER_OUTPUT = "over-output"
    GARBLED = "garbled"  # its report has another form


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What one adviser said.

    Attributes:
        name: As in ``ADVISERS``.
        version: That is installed; empty if none is.
        answer: How it came back.
        trouble: Why not for every file; empty if it did.
        answered: Of how many files it said something, or that there is nothing.
        remarks: Path of a file, and what was said of it.
    """

    name: str
    version: str
    answer: Answer
    trouble: str = ""
    answered: int = 0
    remarks: tuple[tuple[str, Remark], ...] = ()

    @property
    def title(self) -> str:
        """Name and version."""
        return f"{self.name} {self.version}".rstrip()

    @property
    def alarming(self) -> tuple[str, ...]:
        """Paths of the files that it calls malicious, once each."""
        alarms = (p for p, remark in self.remarks if remark.weight is Weight.ALARM)
        return tuple(dict.fromkeys(alarms))

    def document(self) -> Mapping[str, canonical.Json]:
        """Return what the report and the entry say of it, beside the findings."""
        return {
            "name": self.name,
            "version": self.version,
            "answer": self.answer.value,
            "answered": self.answered,
            "alarming": len(self.alarming),
        }


_RULES: Final = {
    Weight.ALARM: "adviser/alarm",
    Weight.REMARK: "adviser/remark",
    Weight.UNREAD: "adviser/unread",
}


def advised(
    given: Sequence[Advice], *, refused: bool, reviewed: bool = False
) -> Iterator[tuple[str, Finding]]:
    """Yield path and finding for all that was said; an error is none of it.

    Args:
        given: By each adviser that was asked.
        refused: Whether our own readers refuse the addition.
        reviewed: Whether a second person has to look where an adviser sees it
            otherwise, or was asked and did not answer.
    """
    level = Level.WARNING if reviewed and not refused else Level.NOTE
    for advice in given:
        if advice.trouble:
            words = f"{advice.title} {advice.trouble}"
            yield "", _finding("adviser/failed", words, level)
        if advice.alarming and not refused:
            words = (
                f"{advice.title} calls {listed(advice.alarming)} malicious; it was"
                " re-written all the same: find out why before you accept it"
            )
            yield "", _finding("adviser/disagrees", words, level)
        # The grave ones first: what is over the most is left out.
        ordered = sorted(
            advice.remarks, key=lambda one: list(Weight).index(one[1].weight)
        )
        for path, remark in ordered[:MOST_FINDINGS]:
            yield (
                path,
                _finding(_RULES[remark.weight], f"{advice.title}: {remark.text}"),
            )
        if len(ordered) > MOST_FINDINGS:
            left = len(ordered) - MOST_FINDINGS
            words = f"{advice.title} said {left} things more"
            yield "", _finding("adviser/remark", words)


def _finding(rule: str, message: str, level: Level = Level.NOTE) -> Finding:
    return Finding(rule=rule, level=level, message=message[:MOST_MESSAGE])
