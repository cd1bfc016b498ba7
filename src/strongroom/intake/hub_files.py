"""Files as a hub lists them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from strongroom.errors import InputError, IntegrityError

_DIGEST: Final = re.compile(r"[0-9A-Fa-f]+")
_SHA256_DIGITS: Final = 64
_SHA1_DIGITS: Final = 40
_MOST_BYTES: Final = 1 << 63  # no file system has a longer file
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
        IntegrityError: Its length is none, or a digest.
    """
    path = answer.get("path")
    if not isinstance(path, str) or path.startswith(f"{NOTES}/"):
        raise InputError("the hub lists a file without a name that can be written")
    return HubFile(
        path=path,
        length=number(answer.get("bytes")),
        sha256=_digest(answer.get("sha256"), _SHA256_DIGITS),
        blob=_digest(answer.get("blob"), _SHA1_DIGITS),
    )


def _digest(value: object, digits: int) -> str:
    """Return a digest, or nothing where none is said."""
    if value is None or value == "":
        return ""
    is_digest = isinstance(value, str) and _DIGEST.fullmatch(value)
    if not is_digest or len(str(value)) != digits:
        raise IntegrityError("the hub lists a file with a digest that is none")
    return str(value)


def number(value: object) -> int:
    """Return a number that the program says.

    Raises:
        IntegrityError: It is none.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise IntegrityError("the hub named no length of a file")
    if value >= _MOST_BYTES:
        raise IntegrityError("the hub named no length of a file")
    return value
