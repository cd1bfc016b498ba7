"""What an adviser says of one file, on its way from the sandbox to the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from strongroom.canonical import Json
from strongroom.errors import InputError
from strongroom.intake.names import is_plain_name
from strongroom.intake.sources import Source

MOST_REMARKS = 20
"""Of one adviser about one file: enough to know where to look."""

MOST_TEXT = 400
"""Characters of a remark; what a hostile file puts into it is cut before."""


class Weight(StrEnum):
    """How much an adviser makes of what it says."""

    ALARM = "alarm"  # it calls the file malicious
    REMARK = "remark"  # it saw something, and calls it less than that
    UNREAD = "unread"  # it could not read the file, or not all of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing that an adviser says of one file.

    Attributes:
        weight: How much it makes of it.
        text: In its own words, printable ASCII.
    """

    weight: Weight
    text: str

    def __post_init__(self) -> None:
        """Refuse what could not be shown.

        Raises:
            InputError: The text is empty, too long, or has more than ASCII in it.
        """
        shown = self.text.isascii() and is_plain_name(self.text)
        if not shown or len(self.text) > MOST_TEXT:
            raise InputError("a remark cannot be shown")

    @classmethod
    def of(cls, weight: Weight, text: str) -> Remark:
        """Return a remark of whatever a program said, made fit to be shown."""
        line = " ".join(text[:MOST_TEXT].split()) or "it said nothing"
        shown = line.encode("ascii", "backslashreplace").decode()
        plain = "".join(c if c.isprintable() else "?" for c in shown)
        return cls(weight=weight, text=plain[:MOST_TEXT])

    @classmethod
    def from_json(cls, value: Json) -> Remark:
        """Return the remark that a report states.

        Raises:
            InputError: It states none.
        """
        match value:
            case [str(weight), str(text)] if weight in set(Weight):
                return cls(weight=Weight(weight), text=text)
        raise InputError("a remark has another form")

    def to_json(self) -> Json:
        """Return it as a report states it."""
        return [self.weight.value, self.text]


Ask: TypeAlias = Callable[[Source, str], Iterable[Remark]]
"""Has an adviser look at a file: what it says, given an empty folder to write to.

It runs in the sandbox.  Whatever it raises is counted as a remark that says so.
"""
