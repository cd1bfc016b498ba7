"""What a person asks for, before anybody looked at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from strongroom import canonical
from strongroom.access.terms import Terms
from strongroom.errors import InputError
from strongroom.permits.selection import Selection

DEFAULT_DURATION = timedelta(hours=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestDraft:
    """What a person asks for.

    Attributes:
        target: ``NAME``, ``NAME@3`` or ``NAME@prod``.
        segments: Names of segments; empty for all of them.
        purpose: What for, in words.
        ticket: Where more is written about it.
        duration: How long the permit is to last, from when it is issued.
        lineage: Whether it is to cover every version of the lineage.
        at_most_bytes: Of plaintext; all of the segments if ``None``.
    """

    target: str
    segments: tuple[str, ...] = ()
    purpose: str = ""
    ticket: str = ""
    duration: timedelta = DEFAULT_DURATION
    lineage: bool = False
    at_most_bytes: int | None = None


def check_draft(draft: RequestDraft, terms: Terms) -> None:
    """Refuse a draft that makes no sense for this class.

    Raises:
        InputError: Its duration or its bytes are out of bounds.
    """
    if not timedelta(0) < draft.duration <= terms.max_duration:
        raise InputError(
            f"a permit of this class lasts up to {terms.max_duration},"
            f" not {draft.duration}",
            hint="--for 4h",
        )
    if draft.at_most_bytes is not None and draft.at_most_bytes < 1:
        raise InputError("a permit for less than one byte opens nothing")


def payload_of(draft: RequestDraft, chosen: Selection) -> dict[str, canonical.Json]:
    """Return what approvals bind to."""
    return {
        "artifact": chosen.artifact.id,
        "version": chosen.version.number,
        "manifest": chosen.manifest.digest,
        "segments": [s.name for s in chosen.segments],
        "lineage": draft.lineage,
        "seconds": int(draft.duration.total_seconds()),
        "bytes": draft.at_most_bytes or chosen.plain_bytes,
        "purpose": bool(draft.purpose.strip()),
        "words": private_words(draft),
    }


def private_words(draft: RequestDraft) -> dict[str, str]:
    """Return the free text, for the erasable side table."""
    words = {"purpose": draft.purpose.strip(), "ticket": draft.ticket.strip()}
    return {key: text for key, text in words.items() if text}
