"""Every kind of event, its fields, and where OCSF 1.8 files it.

Facts stand in the clear and for ever: random ids, numbers, digests and words
from our own lists.  What names a person or was typed freely is *private*: it
goes to an erasable side table behind a salted commitment.

Source: OCSF 1.8.0 class and activity ids; DESIGN section 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from strongroom import canonical
from strongroom.database.guards import RowChange
from strongroom.database.tables import format_time
from strongroom.errors import InputError
from strongroom.types import AccountId, SessionId

MAX_ENTRY_BYTES = 4096
"""Longer lists stand in an attached document that the entry names by digest."""

MAX_ATTACHED_BYTES = 4 << 20
MAX_PRIVATE_BYTES = 16 << 10


@dataclass(frozen=True, slots=True)
class Kind:
    """What an event of this kind says, and how OCSF classifies it.

    Attributes:
        summary: One sentence for the reference page.
        facts: Names of the clear fields; all must be given.
        private: Names of the erasable fields; any may be given.
        ocsf: Class and activity id of OCSF 1.8.
    """

    summary: str
    facts: tuple[str, ...]
    private: tuple[str, ...] = ()
    ocsf: tuple[int, int] = (6003, 99)


_RELEASED = ("permit", "artifact", "version", "generation", "segments", "bytes")

KINDS: Mapping[str, Kind] = {
    "room.created": Kind("The room exists.", ("profile", "domains"), (), (3004, 1)),
    "policy.loaded": Kind(
        "The rules in force changed.", ("digest", "profile"), (), (3004, 3)
    ),
    "team.created": Kind("A team exists.", ("team",), ("name",), (3006, 99)),
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
        (3001, 10),
    ),
    "account.changed": Kind(
        "Its state changed.", ("account", "state"), ("reason",), (3001, 99)
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
    "pointer.moved": Kind(
        "A reference such as main or prod names another version.",
        ("artifact", "pointer", "version", "previous"),
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
        ("request", "approval", "digest", "team", "factor", "valid_until"),
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
        (),
        (6003, 99),
    ),
    "ledger.exported": Kind(
        "Somebody took a copy of the ledger.", ("size", "private"), (), (6005, 1)
    ),
    "reconcile.failed": Kind(
        "Rows differ from what the ledger recorded.", ("rows",), (), (2004, 1)
    ),
}
"""Every kind by name; ``docs/reference/events.md`` is checked against it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened, before it has a place in the ledger.

    Attributes:
        kind: A key of ``KINDS``.
        actor: Who did it; ``None`` for the room itself and for strangers.
        session: The login it was done in.
        facts: The clear fields that the kind demands.
        private: The erasable fields, if any.
        subject: Whom the private fields are about; erasing goes by account.
    """

    kind: str
    actor: AccountId | None
    session: SessionId | None = None
    facts: Mapping[str, canonical.Json]
    private: Mapping[str, str] = field(default_factory=dict)
    subject: AccountId | None = None

    def __post_init__(self) -> None:
        """Refuse fields that the kind does not have.

        Raises:
            InputError: The kind is unknown, a fact is missing, or one is extra.
        """
        kind = KINDS.get(self.kind)
        if kind is None:
            raise InputError(f"there is no event {self.kind!r}")
        if set(self.facts) != set(kind.facts) or not set(self.private) <= set(
            kind.private
        ):
            raise InputError(f"the fields of {self.kind} are not what it demands")


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """An entry as the tree hashes it, and what hangs on it.

    Attributes:
        body: Canonical JSON, at most ``MAX_ENTRY_BYTES``.
        attached: Canonical JSON that ``body`` names by digest, or ``None``.
        private: Canonical JSON that ``body`` commits to with ``salt``, or ``None``.
    """

    body: bytes
    attached: bytes | None
    private: bytes | None
    salt: bytes


def encode(
    event: Event, *, at: datetime, rows: list[RowChange], salt: bytes
) -> Encoded:
    """Return the bytes of the entry for ``event``.

    Args:
        event: What happened.
        at: When, aware UTC.
        rows: The guarded rows that changed with it.
        salt: 32 random bytes for the commitment to the private fields.

    Raises:
        InputError: It does not fit even with its lists attached.
    """
    private = canonical.to_json(dict(event.private)) if event.private else None
    if private is not None and len(private) > MAX_PRIVATE_BYTES:
        raise InputError(
            f"free text has {len(private)} bytes of {MAX_PRIVATE_BYTES}",
            hint="say it shorter, and put the long form into the ticket",
        )
    document: dict[str, canonical.Json] = {
        "v": 1,
        "kind": event.kind,
        "at": format_time(at),
        "actor": event.actor,
        "session": event.session,
        "facts": dict(event.facts),
        "rows": [[r.table, r.id, r.revision, r.mac.hex()] for r in rows],
    }
    if private is not None:
        document["private"] = commitment(salt, private).hex()
    body = canonical.to_json(document)
    if len(body) <= MAX_ENTRY_BYTES:
        return Encoded(body=body, attached=None, private=private, salt=salt)
    body, attached = _with_lists_attached(document)
    return Encoded(body=body, attached=attached, private=private, salt=salt)


def commitment(salt: bytes, private: bytes) -> bytes:
    """Return the 32-byte commitment to private fields under a 32-byte salt."""
    return canonical.digest("strongroom/v1/private", salt, private)


def attached_digest(attached: bytes) -> bytes:
    """Return the 32-byte digest by which an entry names its attached lists."""
    return canonical.digest("strongroom/v1/attached", attached)


def _with_lists_attached(
    document: dict[str, canonical.Json],
) -> tuple[bytes, bytes]:
    facts = document["facts"]
    if not isinstance(facts, Mapping):
        raise AssertionError("facts are a mapping")
    lists = {k: v for k, v in facts.items() if isinstance(v, list | tuple)}
    attached = canonical.to_json({"rows": document["rows"], "facts": lists})
    if len(attached) > MAX_ATTACHED_BYTES:
        raise InputError("an event names more than fits its attached document")
    body = canonical.to_json(
        {
            **document,
            "rows": [],
            "facts": {k: v for k, v in facts.items() if k not in lists},
            "attached": attached_digest(attached).hex(),
        }
    )
    if len(body) > MAX_ENTRY_BYTES:
        raise InputError(f"an event has {len(body)} bytes of {MAX_ENTRY_BYTES}")
    return body, attached
