"""What people were told before a process was killed."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Promises:
    """What was acknowledged.

    Attributes:
        sealed: Versions of the model.
        asked: Requests.
        approved: Requests.
        opened: Bytes opened, by name of the segment.
        others: What else was said, by its first word.
    """

    sealed: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    approved: list[str] = field(default_factory=list)
    opened: dict[str, int] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)

    def note(self, line: str) -> str:
        """Remember one thing that was said, and return its first word."""
        word, _, rest = line.strip().partition(" ")
        if word == "sealed":
            self.sealed.append(int(rest))
        elif word == "asked":
            self.asked.append(rest)
        elif word == "approved":
            self.approved.append(rest)
        elif word == "opened":
            segment, _, size = rest.partition(" ")
            self.opened[segment] = int(size)
        else:
            self.others[word] = rest
        return word
