"""An event before it has a place in the ledger, and the bytes of its entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from strongroom import canonical
from strongroom.database.basis import Basis
from strongroom.database.guards import RowChange
from strongroom.errors import InputError
from strongroom.ledger.kinds import KINDS
from strongroom.ledger.tree import leaf_hash
from strongroom.types import AccountId, SessionId

MAX_ENTRY_BYTES = 4096
"""Longer lists stand in an attached document that the entry names by digest."""

MAX_ATTACHED_BYTES = 4 << 20
MAX_PRIVATE_BYTES = 16 << 10

MOST_TYPED = 200
"""Characters kept of a name that somebody typed; the longest real one has 64."""


def typed(text: str, *, at_most: int = MOST_TYPED) -> str:
    """Return what somebody typed as an entry can keep it: bounded, and Unicode."""
    return text[:at_most].encode(errors="replace").decode()


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
        private = set(self.private)
        if self.facts.keys() != set(kind.facts) or private.difference(kind.private):
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

    @property
    def leaf(self) -> bytes:
        """The 32-byte leaf hash."""
        return leaf_hash(self.body)


def encode(
    event: Event,
    *,
    at: str,
    rows: Sequence[RowChange],
    salt: bytes,
    basis: Basis | None = None,
) -> Encoded:
    """Return the bytes of the entry for ``event``.

    Args:
        event: What happened.
        at: When, as ``format_time`` writes it.
        rows: The guarded rows that changed with it.
        salt: 32 random bytes for the commitment to the private fields.
        basis: The guarded rows that were read for it, if any.

    Raises:
        InputError: It does not fit even with its lists attached.
    """
    private = canonical.to_json(event.private) if event.private else None
    if private is not None and len(private) > MAX_PRIVATE_BYTES:
        raise InputError(
            f"free text has {len(private)} bytes of {MAX_PRIVATE_BYTES}",
            hint="say it shorter, and put the long form into the ticket",
        )
    document: dict[str, canonical.Json] = {
        "v": 1,
        "kind": event.kind,
        "at": at,
        "actor": event.actor,
        "session": event.session,
        "facts": event.facts,
        "rows": [[r.table, r.id, r.revision, r.mac.hex()] for r in rows],
    }
    if basis:
        document["basis"] = basis.to_json()
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
    moved = {key: v for key, v in document.items() if key in ("rows", "basis")}
    attached = canonical.to_json({**moved, "facts": lists})
    if len(attached) > MAX_ATTACHED_BYTES:
        raise InputError("an event names more than fits its attached document")
    rest = {key: value for key, value in document.items() if key != "basis"}
    body = canonical.to_json(
        {
            **rest,
            "rows": [],
            "facts": {k: v for k, v in facts.items() if k not in lists},
            "attached": attached_digest(attached).hex(),
        }
    )
    if len(body) > MAX_ENTRY_BYTES:
        raise InputError(f"an event has {len(body)} bytes of {MAX_ENTRY_BYTES}")
    return body, attached
