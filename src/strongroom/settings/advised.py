"""Whose advisories a room takes: the table ``[advisories]`` of ``room.toml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from strongroom.errors import InputError
from strongroom.settings.parts import quoted

_KEY = re.compile(r"[0-9a-f]{64}")
_MOST_DAYS = 3650


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisorySettings:
    """Whose bundles of advisories the room takes.

    Attributes:
        key: Their Ed25519 public key, 64 hexadecimal digits.
        at_most_age_days: Of a bundle; an older one is a finding.
    """

    key: str
    at_most_age_days: int = 30

    def __post_init__(self) -> None:
        """Check both.

        Raises:
            InputError: One of them makes no sense.
        """
        if not _KEY.fullmatch(self.key):
            raise InputError("the key of advisories has 64 hex digits")
        if not 1 <= self.at_most_age_days <= _MOST_DAYS:
            raise InputError(
                f"a bundle of advisories is 1 to {_MOST_DAYS} days old at most"
            )

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> AdvisorySettings:
        """Return what this part of the file states.

        Raises:
            KeyError: The key is missing.
            ValueError: What should be a number is none.
            InputError: A value makes no sense.
        """
        return cls(
            key=str(table["key"]),
            at_most_age_days=int(str(table.get("at_most_age_days", 30))),
        )

    def to_toml(self) -> list[str]:
        """Return the lines of this part of ``room.toml``."""
        return [
            "",
            "[advisories]",
            f"key = {quoted(self.key)}",
            f"at_most_age_days = {self.at_most_age_days}",
        ]
