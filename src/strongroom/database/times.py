"""Times in the database and in every document: aware UTC, one fixed form."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time as fixed-width text, so that it sorts and reads well."""

    impl = sa.String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: object) -> str | None:
        """Return ``2026-11-22T03:04:05.000006Z``."""
        if value is None:
            return None
        return format_time(value)

    def process_result_value(
        self, value: str | None, dialect: object
    ) -> datetime | None:
        """Return the aware UTC time."""
        return None if value is None else parse_time(value)


def format_time(value: datetime) -> str:
    """Return the time as ``2026-11-22T03:04:05.000006Z``."""
    # A tenth of what ``strftime`` costs, and years below 1000 have four digits.
    utc = value.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds") + "Z"


def parse_time(text: str) -> datetime:
    """Return the aware UTC time that ``format_time`` wrote.

    Raises:
        ValueError: ``text`` has another form.
        TypeError: It is no text.
    """
    if text[-1:] == "Z":
        value = datetime.fromisoformat(text)  # it reads many forms, so compare
        if format_time(value) == text:
            return value
    raise ValueError("not a time in the one form that is written")
