"""Everything Strongroom can refuse, in one tree.

    StrongroomError
    ├── InputError         the caller sent something malformed
    ├── IntegrityError     what was read is not what was written
    │   └── ForkError      two histories that cannot both be true
    ├── DeniedError        policy said no
    ├── MissingError       no such model, segment, permit, or entry
    ├── ConflictError      it already exists, or someone else got there first
    │   └── StaleError     a newer state is known; fetch it and try again
    ├── UnavailableError   a backend did not answer; trying again may work
    └── SetupError         Strongroom itself is configured wrongly

Each says what happened in its message and what to do next in ``hint``.
``cli.output`` maps classes to exit statuses; a test fails if a class here is
missing from that map.
"""

from __future__ import annotations


class StrongroomError(Exception):
    """Base of every error Strongroom raises on purpose; never raised itself."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class InputError(StrongroomError):
    """The caller sent something malformed."""


class IntegrityError(StrongroomError):
    """What was read is not what was written."""


class ForkError(IntegrityError):
    """Two histories that cannot both be true; somebody rewrote one of them."""


class DeniedError(StrongroomError):
    """Policy said no.

    Attributes:
        reasons: Ids of the rules that refused; empty when no rule allowed it.
    """

    def __init__(
        self, message: str, *, hint: str = "", reasons: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message, hint=hint)
        self.reasons = reasons


class MissingError(StrongroomError):
    """No such model, segment, permit, or entry.

    Attributes:
        noun: What was looked for by its name, such as ``model``; empty otherwise.
        named: The name that nothing has.
    """

    def __init__(
        self, message: str, *, hint: str = "", noun: str = "", named: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.noun = noun
        self.named = named


class ConflictError(StrongroomError):
    """It already exists, or someone else got there first."""


class StaleError(ConflictError):
    """A newer state of the same history is known; fetch it and try again."""


class UnavailableError(StrongroomError):
    """A backend did not answer; trying again may work."""


class SetupError(StrongroomError):
    """Strongroom itself is configured wrongly."""
