"""What entries say of an intake on its way to a verdict."""

from __future__ import annotations

from strongroom.access.sessions import Actor
from strongroom.database.times import format_time
from strongroom.intake.additions import Addition
from strongroom.intake.intakes import Intake
from strongroom.intake.verdicts import Verdict
from strongroom.ledger.events import Event, typed

_MOST_TYPED = 1000


def received_event(actor: Actor, row: Intake, addition: Addition) -> Event:
    """Return the entry on a copy that was made."""
    private = {
        "path": str(addition.path),
        "origin": addition.origin,
        "name": addition.name,
    }
    return actor.event(
        "intake.received",
        {
            "intake": row.id,
            "digest": row.digest,
            "files": row.files,
            "bytes": row.plain_bytes,
            "vouched": row.source,
            "expires": format_time(row.expires_at),
        },
        private={
            name: typed(text, at_most=_MOST_TYPED)
            for name, text in private.items()
            if text
        },
    )


def examined_event(actor: Actor, row: Intake, verdict: Verdict) -> Event:
    """Return the entry on what an examination found."""
    return actor.event(
        "intake.examined",
        {
            "intake": row.id,
            "verdict": verdict.word,
            "report": row.report,
            "vouched": row.source,
            "review": list(verdict.review),
            **verdict.facts,
        },
    )
