"""Where a model is from, as a hub names it: publisher, repository and commit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from strongroom.canonical import Json
from strongroom.errors import InputError

_HUB: Final = "hf://"
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A place on a hub, or a part of it; what is empty is not said.

    Attributes:
        publisher: The person or organisation.
        repository: Of theirs.
        commit: 40 hexadecimal digits.
    """

    publisher: str = ""
    repository: str = ""
    commit: str = ""

    def __post_init__(self) -> None:
        for what, name in (
            ("publisher", self.publisher),
            ("repository", self.repository),
        ):
            if name and (not _NAME.fullmatch(name) or "--" in name or ".." in name):
                raise InputError(f"{name[:80]!a} is no name of a {what}")
        if self.commit and not _COMMIT.fullmatch(self.commit):
            raise InputError(
                f"{self.commit[:80]!a} is no commit of 40 hexadecimal digits",
                hint="a branch or a tag says something else tomorrow",
            )
        if (self.commit and not self.repository) or (
            self.repository and not self.publisher
        ):
            raise InputError(
                "a commit is one of a repository, and a repository one of a publisher",
                hint="--publisher ORG --repository NAME --commit HEX",
            )

    @property
    def full_name(self) -> str:
        """``ORG/NAME``; empty unless both are said."""
        return f"{self.publisher}/{self.repository}" if self.repository else ""

    @property
    def address(self) -> str:
        """``hf://ORG/NAME@COMMIT``, as far as it is said; empty for nothing."""
        if not self.publisher:
            return ""
        place = "/".join(part for part in (self.publisher, self.repository) if part)
        return f"{_HUB}{place}" + (f"@{self.commit}" if self.commit else "")

    def covers(self, other: Origin) -> bool:
        """Return whether another says the same, wherever this says something."""
        return all(
            mine in ("", theirs)
            for mine, theirs in (
                (self.publisher, other.publisher),
                (self.repository, other.repository),
                (self.commit, other.commit),
            )
        )

    def to_json(self) -> dict[str, Json]:
        """Return the parts by their names."""
        return {
            "publisher": self.publisher,
            "repository": self.repository,
            "commit": self.commit,
        }


NOWHERE: Final = Origin()
"""Of something whose origin is words, or not said."""


def is_on_hub(text: str) -> bool:
    """Return whether somebody names a place on a hub."""
    return text.startswith(_HUB)


def parse_origin(text: str) -> Origin:
    """Return the place on a hub that somebody names; ``NOWHERE`` for words.

    Args:
        text: ``hf://ORG/NAME@COMMIT``, or where something is from in words.

    Raises:
        InputError: It begins like a place on a hub, and is none, or says no commit.
    """
    if not is_on_hub(text):
        return NOWHERE
    place, _, commit = text.removeprefix(_HUB).partition("@")
    publisher, _, repository = place.partition("/")
    if not publisher or not repository or not commit:
        raise InputError(
            f"{text[:200]!a} is no place on a hub with its commit",
            hint="hf://ORG/NAME@COMMIT, a commit of 40 hexadecimal digits",
        )
    return Origin(publisher=publisher, repository=repository, commit=commit)
