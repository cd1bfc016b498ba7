"""Every algorithm in use, its source, and until when it was reviewed.

The table is a file of the package, ``algorithms.toml``, so that a review is a change
that people can read.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources

from strongroom.errors import SetupError
from strongroom.settings.small_files import read_small

FILE = "algorithms.toml"
MAX_FILE_BYTES = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Algorithm:
    """One algorithm.

    Attributes:
        id: As inventories name it.
        name: As people do.
        source: What says how it works, and what limits its life.
        reviewed: When somebody last looked at what is known of it.
        review_by: When that has to happen again.
        note: What matters about its use here.
    """

    id: str
    name: str
    source: str
    reviewed: date
    review_by: date
    note: str

    def is_overdue(self, today: date) -> bool:
        """Return whether its review date has passed."""
        return today > self.review_by


def load_algorithms() -> Mapping[str, Algorithm]:
    """Return the table of the package, by id.

    Raises:
        SetupError: The file is absent or not understood.
    """
    path = resources.files("strongroom.crypto") / FILE
    data = read_small(path, MAX_FILE_BYTES, error=SetupError)
    if data is None:
        raise SetupError(f"{FILE} is not in the package", hint="install it again")
    return parse_algorithms(data)


def parse_algorithms(data: bytes) -> Mapping[str, Algorithm]:
    """Return the table that the bytes of a file state, by id.

    Raises:
        SetupError: It is too long, no TOML, or a field is missing or of another kind.
    """
    if len(data) > MAX_FILE_BYTES:
        raise SetupError(f"{FILE} is over {MAX_FILE_BYTES} bytes")
    try:
        document = tomllib.loads(data.decode())
        reviewed = _date(document.pop("reviewed"))
        return {
            id_: Algorithm(
                id=id_,
                name=_text(table["name"]),
                source=_text(table["source"]),
                reviewed=reviewed,
                review_by=_date(table["review_by"]),
                note=_text(table["note"]),
            )
            for id_, table in document.items()
        }
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise SetupError(f"{FILE} is not understood: {error}") from None


def _date(value: object) -> date:
    if type(value) is not date:
        raise TypeError("a date was expected")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    return value
