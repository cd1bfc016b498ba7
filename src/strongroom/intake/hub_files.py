"""Files as a hub lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from strongroom.errors import InputError, IntegrityError

NOTES: Final = ".cache"
"""Where the library keeps notes below the folder that it fetches to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFile:
    """A file of a commit, as the hub lists it.

    Attributes:
        sha256: Of its bytes, hexadecimal; empty if the hub does not know it.
        blob: SHA-1 that git names its bytes by; of a large file, its pointer.
    """

    path: str
    length: int
    sha256: str
    blob: str


def parse_file(answer: Mapping[str, Any]) -> HubFile:
    """Return a file that the program says of.

    Raises:
        InputError: Nothing can be written under its name.
        IntegrityError: Its length is none.
    """
    path, sha256, blob = (answer.get(name) for name in ("path", "sha256", "blob"))
    if not isinstance(path, str) or path.startswith(f"{NOTES}/"):
        raise InputError("the hub lists a file without a name that can be written")
    return HubFile(
        path=path,
        length=number(answer.get("bytes")),
        sha256=str(sha256 or ""),
        blob=str(blob or ""),
    )


def number(value: object) -> int:
    """Return a number that the program says.

    Raises:
        IntegrityError: It is none.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise IntegrityError("the hub named no length of a file")
    return value
