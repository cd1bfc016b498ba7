"""Kinds of events about what people owe and are asked."""

from __future__ import annotations

from collections.abc import Mapping

from strongroom.ledger.kind import Kind

PEOPLE_KINDS: Mapping[str, Kind] = {
    "breakglass.opened": Kind(
        "A permit was issued past the approvals; somebody else has to review it.",
        (
            "permit",
            "request",
            "account",
            "team",
            "artifact",
            "expires",
            "due",
            "digest",
            "assertion",
        ),
        ("reason",),
        (3005, 1),
    ),
    "breakglass.reviewed": Kind(
        "Somebody else reviewed what was opened past the approvals.",
        ("permit", "account", "verdict", "overdue"),
        ("text",),
        (3005, 99),
    ),
    "breakglass.resumed": Kind(
        "An administrator let somebody go on whose opening was rejected.",
        ("permit", "account"),
        ("text",),
        (3005, 99),
    ),
    "training.recorded": Kind(
        "Somebody took a course, until then, or no longer counts as having.",
        ("account", "course", "until"),
        (),
        (3001, 99),
    ),
    "training.acknowledged": Kind(
        "Somebody said that they know a text.", ("account", "digest"), (), (3001, 99)
    ),
    "access.started": Kind(
        "Everybody's memberships and roles are to be answered for.",
        ("review", "due", "items", "accounts", "reach"),
        (),
        (3005, 99),
    ),
    "access.answered": Kind(
        "A membership or role is kept, or was taken away; without an actor, because"
        " nobody answered.",
        ("review", "account", "thing", "answer"),
        (),
        (3005, 99),
    ),
    "access.closed": Kind(
        "Every item of an access review is settled.",
        ("review", "answers"),
        (),
        (3005, 99),
    ),
    "revocation.drilled": Kind(
        "A permit was revoked and then used, to see how soon it is refused.",
        ("permit", "microseconds", "revoked"),
        (),
        (6003, 99),
    ),
    "notice.sent": Kind(
        "People were told outside the room, or could not be.",
        ("about", "subject", "reached", "failed"),
        ("why",),
        (6003, 99),
    ),
}
"""Part of ``kinds.KINDS``."""
