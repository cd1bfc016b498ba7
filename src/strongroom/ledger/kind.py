"""What is known of one kind of event."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """What an event of this kind says, and how OCSF classifies it.

    Attributes:
        summary: One sentence for the reference page.
        facts: Names of the clear fields; all must be given.
        private: Names of the erasable fields; any may be given.
        ocsf: Class and activity id of OCSF 1.8.
    """

    summary: str
    facts: tuple[str, ...]
    private: tuple[str, ...]
    ocsf: tuple[int, int]
