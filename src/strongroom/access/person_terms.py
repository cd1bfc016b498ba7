"""What a profile asks of a person, beside what a class asks of a request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from strongroom.errors import SetupError

_LONGEST = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlassTerms:
    """How weights may be opened before anybody agreed.

    Attributes:
        longest: How long such a permit may last; an hour at most.
        review_within: How soon somebody else has to review it.
    """

    longest: timedelta
    review_within: timedelta

    def __post_init__(self) -> None:
        """Check the durations.

        Raises:
            SetupError: One of them is nothing, or a permit lasts over an hour.
        """
        if not timedelta(0) < self.longest <= _LONGEST:
            raise SetupError("a permit past the approvals lasts up to an hour")
        if self.review_within <= timedelta(0):
            raise SetupError("a review needs some time")
