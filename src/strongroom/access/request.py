"""A request and the answers to it, as rows; ``approvals`` is what moves them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa

from strongroom import canonical
from strongroom.access.quorum import Decision, QuorumRule
from strongroom.database import tables
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.errors import ConflictError, IntegrityError, MissingError
from strongroom.ledger.log import Writing
from strongroom.types import (
    AccountId,
    ApprovalId,
    Factor,
    RequestId,
    TeamId,
    check_says_which,
)

REQUEST_TTL = timedelta(days=7)
"""How long a request waits for approvals."""

MAX_BODY_BYTES = 256 << 10

ERASED_BODY = '{"erased":true}'
"""In place of what somebody asked for whose text was erased; the digest stays."""


class RequestState(StrEnum):
    """Where a request stands; time turns a pending one into an expired one."""

    PENDING = "pending"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Something somebody asks for, frozen.

    Attributes:
        body: Canonical JSON of what is asked for, with a random salt, so that
            the digest in the ledger does not give free text away.
        digest: Hexadecimal SHA-256 that approvals bind to.
        approvals: How many people have to agree; frozen when asked.
        distinct_teams: From how many teams other than the asker's; 0 if anybody
            else may, where the profile lets the asker's own team count.
    """

    id: RequestId
    revision: int = 1
    action: str
    asker: AccountId
    asker_team: TeamId
    body: str
    digest: str
    approvals: int
    distinct_teams: int
    state: RequestState
    created_at: datetime
    expires_at: datetime

    @property
    def rule(self) -> QuorumRule:
        """Who has to agree; ``tally`` adds which teams do not count."""
        return QuorumRule(
            approvals=self.approvals,
            distinct_teams=self.distinct_teams,
            excluded_accounts=frozenset({self.asker}),
        )

    def payload(self) -> Mapping[str, canonical.Json]:
        """Return what is asked for.

        Raises:
            MissingError: It was erased with the text of whom it was about.
            IntegrityError: The stored body does not have its digest.
        """
        if self.body == ERASED_BODY:
            raise MissingError(f"what {self.id} asked for was erased")
        body = self.body.encode()
        if request_digest(self.id, self.action, self.asker, body) != self.digest:
            raise IntegrityError(f"{self.id} is not what was asked for")
        document = canonical.from_json(body, at_most_bytes=MAX_BODY_BYTES)
        payload = document.get("payload") if isinstance(document, Mapping) else None
        if not isinstance(payload, Mapping):
            raise IntegrityError(f"{self.id} asks for nothing")
        return payload


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One person's answer to one request.

    One with a code is the desk's statement; one with a passkey is signed by its
    approver, and what they signed is in the row of the same id in ``tally.SIGNED``.
    """

    id: ApprovalId
    revision: int = 1
    request: RequestId
    digest: str
    approver: AccountId
    team: TeamId
    decision: Decision
    factor: Factor
    factor_at: datetime | None
    at: datetime
    valid_until: datetime


REQUESTS: GuardedTable[Request] = GuardedTable(tables.requests, Request)
APPROVALS: GuardedTable[Approval] = GuardedTable(tables.approvals, Approval)


def request_digest(
    request: RequestId, action: str, asker: AccountId, body: bytes
) -> str:
    """Return the hexadecimal digest that approvals of a request bind to."""
    return canonical.digest("strongroom/v1/request", request, action, asker, body).hex()


def pending_request(writing: Writing, id_or_start: str) -> Request:
    """Return a request that still waits, locked; its id as in ``find_request``.

    Raises:
        MissingError: There is no such request.
        ConflictError: It is decided already, or its time is over.
    """
    request = find_request(writing, id_or_start, lock=True)
    if request.state is not RequestState.PENDING:
        raise ConflictError(
            f"{request.id} is {request.state} already",
            hint=f"strongroom requests {request.id}",
        )
    if writing.now >= request.expires_at:
        raise ConflictError(f"{request.id} has expired", hint="ask again")
    return request


def valid_until(request: Request) -> datetime:
    """Return how long an answer counts: as long as what it agrees to can last."""
    seconds = request.payload().get("seconds", 0)
    lasts = timedelta(seconds=seconds if isinstance(seconds, int) else 0)
    return request.expires_at + lasts


def find_request(
    transaction: Transaction, id_or_start: str, *, lock: bool = False
) -> Request:
    """Return the request of this id, or of the only id that starts like this.

    Raises:
        MissingError: None or several start like this.
        InputError: It is too short to name one.
    """
    check_says_which(id_or_start, "request")
    columns = REQUESTS.columns
    found = REQUESTS.find(
        transaction,
        sa.or_(
            columns.id == id_or_start,
            columns.id.startswith(id_or_start, autoescape=True),
            columns.id.startswith(f"request-{id_or_start}", autoescape=True),
        ),
        lock=lock,
    )
    if len(found) != 1:
        raise MissingError(
            f"{len(found) or 'no'} requests start with {id_or_start[:80]!r}",
            hint="strongroom requests",
        )
    return found[0]
