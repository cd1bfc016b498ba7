"""One thing to tamper with, and who has to notice it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from campaigns._changes import CHANGES, Change
from strongroom.errors import IntegrityError, StrongroomError


class LeftoverError(Exception):
    """Plaintext of what was refused stayed somewhere."""


class SameError(Exception):
    """What was changed means the same, so that nobody has to refuse it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One thing to tamper with.

    Attributes:
        kind: Such as ``object``.
        name: Which one, to find it again.
        read: Gives the honest bytes.
        write: Puts bytes in their place.
        others: Bytes of the same kind from other places and from before.
        use: What somebody does in good faith afterwards; must be refused.
        errors: The classes of errors that may refuse it.
        changes: What is done to it, by name.
    """

    kind: str
    name: str
    read: Callable[[], bytes]
    write: Callable[[bytes], object]
    others: Sequence[bytes]
    use: Callable[[], object]
    errors: tuple[type[StrongroomError], ...] = (IntegrityError,)
    changes: Mapping[str, Change] = field(default_factory=lambda: CHANGES)
