"""Every kind of event, its fields, and where OCSF 1.8 files it.

Facts stand in the clear and for ever: random ids, numbers, digests and words
from our own lists.  What names a person or was typed freely is *private*: it
goes to an erasable side table behind a salted commitment.

Source: OCSF 1.8.0 class and activity ids; ``docs/specification/ledger.md``.
"""

from __future__ import annotations

from collections.abc import Mapping

from strongroom.ledger.intake_kinds import INTAKE_KINDS
from strongroom.ledger.key_kinds import KEY_KINDS
from strongroom.ledger.kind import Kind
from strongroom.ledger.passkey_kinds import PASSKEY_KINDS
from strongroom.ledger.people_kinds import PEOPLE_KINDS

_RELEASED = ("permit", "artifact", "version", "generation", "segments", "bytes")

KINDS: Mapping[str, Kind] = {
    "room.created": Kind("The room exists.", ("profile", "domains"), (), (3004, 1)),
    "policy.loaded": Kind(
        "The rules in force changed.", ("digest", "profile"), (), (3004, 3)
    ),
    "witnesses.changed": Kind(
        "Other witnesses keep the checkpoints, or nobody does.",
        ("digest", "witnesses", "needed", "releases_wait"),
        (),
        (3004, 3),
    ),
    "team.created": Kind("A team exists.", ("team",), ("name",), (3006, 6)),
    "account.created": Kind(
        "An account exists; its owner must still enrol.",
        ("account", "kind", "team", "owner", "roles", "request"),
        ("name",),
        (3001, 1),
    ),
    "account.enrolled": Kind(
        "Its owner set a password and a second factor.",
        ("account", "factor"),
        (),
        (3001, 2),
    ),
    "account.changed": Kind(
        "Its state changed.", ("account", "state"), ("reason",), (3001, 99)
    ),
    "person.erased": Kind(
        "Name and free text of somebody who left were erased with their salts.",
        ("account", "request", "count", "entries"),
        (),
        (3001, 6),
    ),
    "role.changed": Kind(
        "Its roles or team changed.",
        ("account", "team", "roles", "request"),
        (),
        (3005, 1),
    ),
    "factor.changed": Kind(
        "A second factor was begun or confirmed.", ("account", "step"), (), (3001, 10)
    ),
    "project.created": Kind("A project exists.", ("project",), ("name",), (3004, 1)),
    "project.member": Kind(
        "Who belongs to a project changed.",
        ("project", "account", "state"),
        (),
        (3006, 99),
    ),
    "session.opened": Kind(
        "Somebody logged in.", ("session", "factor", "expires"), ("source",), (3002, 1)
    ),
    "session.refused": Kind(
        "A login failed.", ("account", "why"), ("name", "source"), (3002, 1)
    ),
    "session.closed": Kind("A session ended.", ("session", "why"), (), (3002, 2)),
    "version.begun": Kind(
        "Somebody began to seal a version.",
        ("artifact", "version", "classification", "project", "parent", "roots"),
        ("name",),
        (6005, 6),
    ),
    "version.abandoned": Kind(
        "Sealing did not end; the number stays unused.",
        ("artifact", "version"),
        (),
        (6005, 7),
    ),
    "artifact.sealed": Kind(
        "A version was sealed; nobody can open it before it is published.",
        (
            "artifact",
            "version",
            "generation",
            "classification",
            "project",
            "parent",
            "roots",
            "manifest",
            "segments",
            "bytes",
            "origin",
        ),
        (),
        (6005, 9),
    ),
    "version.published": Kind(
        "The version can be requested.",
        ("artifact", "version", "manifest", "request"),
        (),
        (6005, 6),
    ),
    "version.verified": Kind(
        "Every byte of the stored version was checked.",
        ("artifact", "version", "generation", "manifest", "deep"),
        (),
        (6005, 1),
    ),
    "reference.moved": Kind(
        "A reference such as main or prod names another version.",
        ("artifact", "reference", "version", "previous"),
        ("reason",),
        (6005, 2),
    ),
    "cap.changed": Kind(
        "The exposure caps of a lineage changed.",
        ("root", "person_percent", "pair_percent", "request"),
        (),
        (3005, 99),
    ),
    "request.created": Kind(
        "Somebody asks for something that others may have to approve.",
        ("request", "action", "digest", "approvals", "teams", "expires"),
        ("purpose", "ticket"),
        (6003, 1),
    ),
    "request.approved": Kind(
        "Somebody agreed to exactly this request.",
        (
            "request",
            "approval",
            "digest",
            "team",
            "factor",
            "valid_until",
            "assertion",
        ),
        (),
        (6003, 3),
    ),
    "request.declined": Kind(
        "Somebody refused the request.", ("request", "digest"), ("reason",), (6003, 3)
    ),
    "request.withdrawn": Kind("Its asker took it back.", ("request",), (), (6003, 4)),
    "permit.issued": Kind(
        "These segments, for this account, until then, at most so many bytes.",
        (
            "permit",
            "request",
            "account",
            "roots",
            "artifact",
            "version",
            "segments",
            "lineage",
            "bytes",
            "not_before",
            "expires",
            "policy",
            "reserved",
        ),
        (),
        (3005, 1),
    ),
    "permit.revoked": Kind(
        "No further key is released on this permit.",
        ("permit", "account"),
        ("reason",),
        (3005, 2),
    ),
    "key.released": Kind(
        "Keys of these segments leave the desk for one reader.",
        (*_RELEASED, "roots", "reader", "charged", "exposure", "worst_pair"),
        (),
        (6005, 10),
    ),
    "key.refused": Kind(
        "The desk refused to release keys.",
        ("permit", "artifact", "segments", "rules"),
        (),
        (6005, 10),
    ),
    "action.refused": Kind(
        "Policy refused something other than a release.",
        ("action", "resource", "rules"),
        ("named",),
        (6003, 99),
    ),
    "recovery.created": Kind(
        "New shares are wrapped to this recovery key too.",
        ("key", "public", "domains", "set", "shares", "threshold", "request"),
        (),
        (3004, 1),
    ),
    "recovery.wrapped": Kind(
        "Shares, or the room's own keys, are wrapped to a recovery key.",
        ("key", "artifact", "version", "generation", "segments", "digest"),
        (),
        (6005, 9),
    ),
    "recovery.begun": Kind(
        "A copy of the room is being restored from papers, past its custodians.",
        ("account", "keys", "sets", "papers", "size", "seen", "drill"),
        (),
        (6005, 10),
    ),
    "recovery.moved": Kind(
        "Shares of a version were unwrapped and wrapped for new custodians.",
        ("artifact", "version", "generation", "segments"),
        (),
        (6005, 10),
    ),
    "recovery.restored": Kind(
        "The room works under new custodians; older wraps are deleted.",
        ("roots", "moved", "lost", "removed"),
        (),
        (3004, 1),
    ),
    "recovery.tried": Kind(
        "Papers were put together for a drill; its result follows.",
        ("keys", "sets", "papers"),
        (),
        (6005, 99),
    ),
    "recovery.drilled": Kind(
        "Papers restored a copy of the room, which was then thrown away.",
        (
            "keys",
            "sets",
            "papers",
            "size",
            "models",
            "segments",
            "bytes",
            "lost",
            "passed",
        ),
        (),
        (6005, 1),
    ),
    "recovery.removed": Kind(
        "Wraps to a replaced recovery key were deleted.",
        ("key", "wraps"),
        (),
        (6005, 4),
    ),
    **INTAKE_KINDS,
    **KEY_KINDS,
    **PEOPLE_KINDS,
    **PASSKEY_KINDS,
    "ledger.exported": Kind(
        "Somebody took a copy of the ledger.", ("size", "private"), (), (6005, 1)
    ),
    "reconcile.failed": Kind(
        "Rows differ from what the ledger recorded.",
        ("count", "digest", "rows"),
        (),
        (2004, 1),
    ),
}
"""Every kind by name; ``docs/reference/events.md`` is checked against it."""
