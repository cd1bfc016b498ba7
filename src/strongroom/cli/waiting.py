"""What is said at the next use of a room: openings that wait a day there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strongroom.cli import words

if TYPE_CHECKING:
    from strongroom.canonical import Json
    from strongroom.client.notices import Notice


def lines(notice: Notice) -> tuple[str, str]:
    """Return what opens when, and how to stop it."""
    opens = words.when(notice.opens_at)
    return (
        f"{notice.asker} asked for {notice.model}; it opens from {opens}",
        f"  not you? strongroom revoke {words.short(notice.permit)}",
    )


def note(notice: Notice) -> dict[str, Json]:
    """Return the same for programs."""
    said, _ = lines(notice)
    return {"note": said, "waiting": document(notice)}


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
