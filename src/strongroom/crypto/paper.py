"""A share of a recovery key as it is printed, and as it is read again.

    One share of a Strongroom recovery key
    room: room-...
    key: recovery-...
    set: 18423
    share: 2 of 5, any 3 restore
    date: 2026-11-25

     1 duckling    2 enlarge     3 academic    4 always

Only the words restore anything.  The lines above them tell people which paper
they hold; what they say must agree with the words.

Source: ``docs/specification/recovery-share.md``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from strongroom.crypto.slip39 import Share, from_words, to_words
from strongroom.errors import InputError

MOST_TEXT = 4096
"""Characters of a printed share, at most."""

TITLE = "One share of a Strongroom recovery key"
_A_LINE = 4
_LINE = re.compile(r"\s*([a-z]+):\s*(\S.*?)\s*")
_COUNT = re.compile(r"([0-9]{1,2}) of ([0-9]{1,2}), any ([0-9]{1,2}) restore")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A share, and what its paper says beside the words.

    Attributes:
        share: What the words say.
        room: Which room it restores; empty if only words were given.
        key: Id of the recovery key; empty likewise.
        shares: How many the set has; 0 likewise.
        made: When; ``None`` likewise.
    """

    share: Share
    room: str = ""
    key: str = ""
    shares: int = 0
    made: date | None = None

    def to_text(self) -> str:
        """Return what is printed."""
        share = self.share
        head = [
            TITLE,
            f"room: {self.room}",
            f"key: {self.key}",
            f"set: {share.set_id}",
            f"share: {share.number} of {self.shares}, any {share.threshold} restore",
            f"date: {self.made.isoformat() if self.made else ''}",
            "",
        ]
        cells = [f"{i:>2} {word:<9}" for i, word in enumerate(to_words(share), 1)]
        lines = [
            "  ".join(cells[i : i + _A_LINE]).rstrip()
            for i in range(0, len(cells), _A_LINE)
        ]
        return "\n".join([*head, *lines]) + "\n"


def read_paper(text: str) -> Paper:
    """Return the share that a printed text, or only its words, says.

    Capitals, numbers before the words, and the breaks of lines do not matter.

    Raises:
        InputError: It is no share, or the lines above contradict the words.
        IntegrityError: A word is not the one that was printed.
    """
    if len(text) > MOST_TEXT:
        raise InputError(f"a paper does not have {len(text)} characters")
    facts: dict[str, str] = {}
    words: list[str] = []
    for line in text.lower().splitlines():
        matched = _LINE.fullmatch(line)
        if matched:
            facts[matched[1]] = matched[2]
        elif line.strip() != TITLE.lower():
            words += (w for w in line.split() if not w.strip(".)").isdecimal())
    if not words:
        raise InputError("there are no words of a paper")
    share = from_words(words)
    return _with_facts(share, facts) if facts else Paper(share=share)


def _with_facts(share: Share, facts: Mapping[str, str]) -> Paper:
    counted = _COUNT.fullmatch(facts.get("share", ""))
    try:
        made = date.fromisoformat(facts["date"])
        paper = Paper(
            share=share,
            room=facts["room"],
            key=facts["key"],
            shares=int(counted[2]) if counted else 0,
            made=made,
        )
    except (KeyError, ValueError):
        raise InputError(
            "the lines above the words are not those of a paper",
            hint="give the words alone",
        ) from None
    printed = (facts.get("set"), counted and (int(counted[1]), int(counted[3])))
    if printed != (str(share.set_id), (share.number, share.threshold)):
        raise InputError(
            "the words are of another paper than the lines above them say",
            hint=f"the words are paper {share.number} of set {share.set_id}",
        )
    return paper
