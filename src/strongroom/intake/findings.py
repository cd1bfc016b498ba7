"""What a reader found in a file: a sentence for a person, a rule for a machine.

A reader that refuses raises ``RefusedError``; everything else that somebody should know
is a ``Finding`` on its way out with the re-written bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from strongroom.errors import InputError

MOST_MESSAGE = 600
"""Characters of a message; what a hostile file puts into it is cut before."""

MOST_QUOTED = 120
"""Characters of one piece of a file that stand in a message."""

_RULE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*(?:/[a-z0-9]+(?:-[a-z0-9]+)*)?")


class Level(StrEnum):
    """How much it matters, in SARIF's words."""

    ERROR = "error"  # refused
    WARNING = "warning"  # a person has to look before it is accepted
    NOTE = "note"  # changed or lost, and harmless


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing about one place of one file.

    Attributes:
        rule: What was looked for, such as ``pickle/global``; stable, in the docs.
        level: How much it matters.
        message: A lower-case sentence with the facts in it, at most 600 characters.
        place: Where in the file: a tensor, a member, an offset; may be empty.
    """

    rule: str
    level: Level
    message: str
    place: str = ""

    def __post_init__(self) -> None:
        """Refuse what could not be shown.

        Raises:
            InputError: The rule is no name, or the message is empty or too long.
        """
        if not _RULE.fullmatch(self.rule):
            raise InputError(f"finding has the rule {self.rule[:80]!a}")
        if not 0 < len(self.message) <= MOST_MESSAGE:
            raise InputError(f"finding of {self.rule} has no message of fitting length")


class RefusedError(InputError):
    """A file, or a part of it, that does not leave quarantine.

    Attributes:
        rule: As in ``Finding``.
        place: Where in the file; may be empty.
    """

    def __init__(
        self, rule: str, message: str, *, place: str = "", hint: str = ""
    ) -> None:
        super().__init__(message[:MOST_MESSAGE], hint=hint)
        self.rule = rule
        self.place = place

    def finding(self) -> Finding:
        """Return it as a finding of level ``error``, the hint with it."""
        message = f"{self}; {self.hint}" if self.hint else str(self)
        return Finding(
            rule=self.rule,
            level=Level.ERROR,
            message=message[:MOST_MESSAGE],
            place=self.place,
        )


@contextmanager
def refusing(rule: str, *, place: str = "", hint: str = "") -> Iterator[None]:
    """Turn the errors of code that knows no rules into refusals by this one.

    Args:
        rule: As in ``Finding``.
        place: Where in the file; may be empty.
        hint: Where the error has none.

    Raises:
        RefusedError: In place of any other InputError.
    """
    try:
        yield
    except RefusedError:
        raise
    except InputError as error:
        raise RefusedError(
            rule, str(error), place=place, hint=error.hint or hint
        ) from None


def counted(count: int, noun: str) -> str:
    """Return ``1 file`` or ``3 files``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(names: Iterable[str], *, at_most: int = 5) -> str:
    """Return some pieces of a hostile file in a row, and how many more there are."""
    every = list(names)
    shown = ", ".join(quoted(name) for name in every[:at_most])
    left = len(every) - at_most
    return f"{shown} and {left} more" if left > 0 else shown


def quoted(text: str) -> str:
    """Return a piece of a hostile file for a message: ASCII, in quotes, cut."""
    shown = text[:MOST_QUOTED].encode("ascii", "backslashreplace").decode()
    return repr(shown if len(text) <= MOST_QUOTED else shown + "...")
