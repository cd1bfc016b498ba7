"""Numbers, times and ids as people read and type them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from strongroom.errors import InputError

_UNITS: Final = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_SIZES: Final = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_DURATION = re.compile(r"(?:[0-9]{1,6}[smhd])+")
_SIZE = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,6}))? ?([kmgt]?)b?", re.ASCII)
_SHORT_ID = 8  # of 26 characters: 40 random bits tell a room's requests apart


def size(count: int) -> str:
    """Return a number of bytes such as ``90.9 MB``."""
    if count < 1000:  # noqa: PLR2004  decimal units
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.95:  # noqa: PLR2004  rounds to 1000.0 from there
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"


def percent(part: int, whole: int) -> str:
    """Return a part in percent such as ``9.8 %``."""
    found = 100 * part / whole if whole else 0.0
    return "<0.1 %" if 0 < found < 0.05 else f"{found:.1f} %"  # noqa: PLR2004


def elapsed(seconds: float) -> str:
    """Return how long something took, such as ``3.2 s`` or ``40 ms``."""
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def when(moment: datetime) -> str:
    """Return a time such as ``2026-11-22 03:51 UTC``."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def stamp(moment: datetime) -> str:
    """Return a time for programs, ISO 8601 in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def waits(identifier: str, approvals: int, teams: int) -> str:
    """Return who has to agree to a request, and what they type.

    Args:
        identifier: Of the request.
        approvals: How many have to agree.
        teams: Of how many teams other than the asker's; 0 if of any.
    """
    people = many(approvals, "approval")
    whose = "another team" if teams else "somebody else"
    return (
        f"{identifier} waits for {people} from {whose}:"
        f" strongroom approve {short(identifier)}"
    )


def short(identifier: str) -> str:
    """Return the start of an id, enough to type it back; other words as they are."""
    kind, dash, rest = identifier.rpartition("-")
    return f"{kind}{dash}{rest[:_SHORT_ID]}" if dash else identifier


def many(count: int, noun: str, plural: str = "") -> str:
    """Return ``1 segment`` or ``3 segments``; ``plural`` where an s is not enough."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def duration(text: str) -> timedelta:
    """Return the duration that ``4h``, ``30m`` or ``1d12h`` says.

    Raises:
        InputError: It says none.
    """
    if _DURATION.fullmatch(text) is None:
        raise InputError(f"{text[:40]!r} is no duration", hint="such as 30m, 4h, 2d")
    parts = re.findall(r"([0-9]+)([smhd])", text)
    return sum((int(n) * _UNITS[unit] for n, unit in parts), timedelta())


def end_of_day(text: str) -> datetime:
    """Return when the day that ``2027-06-30`` says is over, in UTC.

    Raises:
        InputError: It says none.
    """
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
        return day + timedelta(days=1)
    except (ValueError, OverflowError):
        raise InputError(
            f"{text[:40]!r} is no date", hint="such as 2027-06-30"
        ) from None


def byte_count(text: str) -> int:
    """Return how many bytes ``5000``, ``10MB`` or ``1.5GB`` says.

    Raises:
        InputError: It says none.
    """
    found = _SIZE.fullmatch(text.strip().lower())
    if found is None:
        raise InputError(f"{text[:40]!r} is no size", hint="such as 5000, 10MB, 1.5GB")
    whole, fraction, unit = found.groups()
    scale = _SIZES[unit]
    part = int(fraction) * scale // 10 ** len(fraction) if fraction else 0
    return int(whole) * scale + part
