"""What is said at the next use of a room: openings that wait a day there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from strongroom.cli import words

if TYPE_CHECKING:
    from strongroom.canonical import Json
    from strongroom.client.notices import Notice


def lines(found: Sequence[Notice]) -> list[str]:
    """Return two lines for each permit: what opens when, and how to stop it."""
    said = []
    for notice in found:
        opens = words.when(notice.opens_at)
        said += [
            f"{notice.asker} asked for {notice.model}; it opens from {opens}",
            f"  not you? strongroom revoke {words.short(notice.permit)}",
        ]
    return said


def document(notice: Notice) -> dict[str, Json]:
    """Return a permit that waits, for programs."""
    return {
        "permit": notice.permit,
        "model": notice.model,
        "asker": notice.asker,
        "asked": words.stamp(notice.asked_at),
        "opens": words.stamp(notice.opens_at),
        "expires": words.stamp(notice.expires_at),
    }
