"""What a person asks for, before anybody looked at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from strongroom import canonical
from strongroom.access.explain import spell
from strongroom.access.terms import Terms
from strongroom.errors import InputError, IntegrityError
from strongroom.permits.selection import Selection

DEFAULT_DURATION = timedelta(hours=4)
PAST_APPROVALS_DURATION = timedelta(hours=1)


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
        break_glass: Why it cannot wait for approvals; ``None`` if it can.
    """

    target: str
    segments: tuple[str, ...] = ()
    purpose: str = ""
    ticket: str = ""
    duration: timedelta = DEFAULT_DURATION
    lineage: bool = False
    at_most_bytes: int | None = None
    break_glass: str | None = None


def default_duration(break_glass: str | None) -> timedelta:
    """Return how long a permit lasts unless its asker says otherwise."""
    return DEFAULT_DURATION if break_glass is None else PAST_APPROVALS_DURATION


def check_draft(draft: RequestDraft, terms: Terms) -> None:
    """Refuse a draft that makes no sense for this class.

    Raises:
        InputError: Its duration or its bytes are out of bounds.
    """
    if not timedelta(0) < draft.duration <= terms.max_duration:
        raise InputError(
            f"a permit of this class lasts up to {spell(terms.max_duration)}, not "
            + (spell(draft.duration) if draft.duration > timedelta(0) else "no time"),
            hint="--for 4h",
        )
    if draft.break_glass is not None and not terms.approvals:
        raise InputError(
            "nobody has to approve this, so there is nothing to go past",
            hint="ask without --break-glass",
        )
    if draft.at_most_bytes is not None and draft.at_most_bytes < 1:
        raise InputError("a permit for less than one byte opens nothing")


def payload_of(draft: RequestDraft, chosen: Selection) -> dict[str, canonical.Json]:
    """Return what approvals bind to."""
    past: dict[str, canonical.Json] = (
        {} if draft.break_glass is None else {"break_glass": True}
    )
    return {
        "artifact": chosen.artifact.id,
        "version": chosen.version.number,
        "manifest": chosen.manifest.digest,
        "segments": [s.name for s in chosen.segments],
        "lineage": draft.lineage,
        "seconds": int(draft.duration.total_seconds()),
        "bytes": draft.at_most_bytes or chosen.plain_bytes,
        "purpose": bool(draft.purpose.strip()),
        "words": {**private_words(draft), **_reason(draft)},
        **past,
    }


def private_words(draft: RequestDraft) -> dict[str, str]:
    """Return the free text, for the erasable side table."""
    words = {"purpose": draft.purpose.strip(), "ticket": draft.ticket.strip()}
    return {key: text for key, text in words.items() if text}


def _reason(draft: RequestDraft) -> dict[str, str]:
    reason = (draft.break_glass or "").strip()
    return {"reason": reason} if reason else {}


def stored_number(value: object) -> int:
    """Return a number of a payload.

    Raises:
        IntegrityError: It is none.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise IntegrityError("a request holds something else than a number")
    return value


def stored_texts(value: object) -> tuple[str, ...]:
    """Return a list of a payload.

    Raises:
        IntegrityError: It is none.
    """
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise IntegrityError("a request holds something else than a list")
    return tuple(value)
