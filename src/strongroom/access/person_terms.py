"""What a profile asks of a person, beside what a class asks of a request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

from strongroom.errors import SetupError
from strongroom.types import Classification, Role

_LONGEST = timedelta(hours=1)
_COURSE = re.compile(r"[a-z][a-z0-9-]{0,40}")
_TEXT = re.compile(r"[0-9a-f]{64}")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingTerms:
    """Which courses, and which texts, people have to know.

    A text is named by its SHA-256, hexadecimal; people acknowledge it themselves.

    Attributes:
        classes: What a class of artifact asks of whoever wants its weights.
        roles: What a role asks of whoever uses it.
    """

    classes: Mapping[Classification, frozenset[str]] = field(default_factory=dict)
    roles: Mapping[Role, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the names, and that a stricter class asks for no less.

        Raises:
            SetupError: A name is neither a course nor a digest, or the order is wrong.
        """
        for name in self.known:
            if not (_COURSE.fullmatch(name) or is_text(name)):
                raise SetupError(
                    f"{name[:80]!r} is neither a course nor the digest of a text"
                )
        for less, more in pairwise(Classification):
            gone = self.classes.get(less, frozenset()) - self.classes.get(
                more, frozenset()
            )
            if gone:
                raise SetupError(
                    f"{less} asks for {min(gone)}, and {more} does not",
                    hint=f"name it under {more} too: stricter classes ask for no less",
                )

    @property
    def known(self) -> frozenset[str]:
        """Every course and text that is asked for somewhere."""
        return frozenset().union(*self.classes.values(), *self.roles.values())

    def asked_of(
        self, roles: Iterable[Role], classification: Classification | None
    ) -> frozenset[str]:
        """Return what somebody with these roles has to know, for weights of a class."""
        found = [self.roles.get(role, frozenset()) for role in roles]
        if classification is not None:
            found.append(self.classes.get(classification, frozenset()))
        return frozenset().union(*found)


def is_text(name: str) -> bool:
    """Return whether a name is the digest of a text, not a course."""
    return _TEXT.fullmatch(name) is not None


def training_terms(table: object) -> TrainingTerms:
    """Return the terms in ``[PROFILE.training]``; none if it is absent.

    Raises:
        SetupError: A key is neither a class nor a role, or a value no list of names.
    """
    if table is None:
        return TrainingTerms()
    if not isinstance(table, dict):
        raise SetupError("training is a table")
    unknown = set(table) - {*Classification, *Role}
    if unknown:
        raise SetupError(f"training names {min(unknown)}, no class and no role")
    return TrainingTerms(
        classes={c: _names(c, table[c]) for c in Classification if c in table},
        roles={r: _names(r, table[r]) for r in Role if r in table},
    )


def _names(key: str, value: object) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise SetupError(f"training.{key} is a list of courses and digests")
    return frozenset(value)


def flag(table: Mapping[str, object], name: str) -> bool:
    """Return a value of ``table`` that has to be true or false.

    Raises:
        SetupError: It is absent, or something else.
    """
    value = table.get(name)
    if not isinstance(value, bool):
        raise SetupError(f"{name} is not bool")
    return value
