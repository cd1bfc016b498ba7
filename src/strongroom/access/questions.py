"""What policy is asked: who wants to do what to which thing, and the facts.

The facts are read by the caller inside the transaction that acts on the answer.
``policies/schema.cedarschema`` is their specification; the dictionaries below
are those of it that code names, for mypy.  A fact too many or too few is a refusal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NotRequired, TypedDict

from strongroom.errors import InputError
from strongroom.types import AccountId, AccountKind, ProjectId, Role, TeamId

NAMESPACE = "Strongroom"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks.

    Attributes:
        account: Their account.
        kind: Person, service or agent.
        roles: What the account is for.
        team: Their team.
        state: Where it is between joining and leaving; only ``active`` may act.
        owner: The person behind a service or agent; None for a person.
        projects: The projects they belong to now.
    """

    account: AccountId
    kind: AccountKind
    roles: frozenset[Role]
    team: TeamId
    state: str
    owner: AccountId | None = None
    projects: frozenset[ProjectId] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What it is about.

    Attributes:
        kind: Model, Request, Permit, Account, Project, or Room for the rest.
        id: Its id.
        attributes: A Model has ``class`` and ``project``; the others have none.
    """

    kind: str
    id: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """May this principal do this to that?

    Attributes:
        principal: Who asks.
        action: Such as ``segment:release``.
        resource: What it is about.
        context: The facts; which ones an action needs, the schema says.
    """

    principal: Principal
    action: str
    resource: Resource
    context: Mapping[str, object]


class FactorFact(TypedDict):
    """The second factor of the session; left out when there was none."""

    kind: str
    at: datetime


class PermitFact(TypedDict):
    """What the desk found out about the permit; left out when there is none."""

    active: bool
    notYet: bool
    expired: bool
    revoked: bool
    matches: bool


class BreakGlassFact(TypedDict):
    """Going past the approvals; left out when somebody asks in the usual way."""

    offered: bool
    reasonStated: bool
    signed: bool
    lasts: timedelta
    longest: timedelta


class Asked(TypedDict):
    """Facts of every question; the terms give all but now, factor and counts."""

    now: datetime
    factor: NotRequired[FactorFact]
    factorRequired: bool
    factorMaxAge: timedelta
    approvalsRequired: int
    teamsRequired: int
    approvals: NotRequired[int]
    approverTeams: NotRequired[int]
    ledgerHealthy: NotRequired[bool]


class Wanted(Asked):
    """Facts of ``request:create``."""

    purposeStated: bool
    purposeRequired: bool
    personBytesAfter: int
    personCapBytes: NotRequired[int]
    pairBytesAfter: int
    pairCapBytes: NotRequired[int]
    whole: bool
    wholeAllowed: bool
    backdoorReportRequired: bool
    backdoorReport: NotRequired[bool]
    sealer: bool
    wait: timedelta
    breakGlass: NotRequired[BreakGlassFact]
    reviewsOverdue: int
    reviewsRejected: int
    coursesLacking: list[str]


class Released(Wanted):
    """Facts of ``permit:issue`` and ``segment:release``.

    For these, ``approvals``, ``approverTeams`` and ``ledgerHealthy`` are
    required too.
    """

    requestedAt: datetime
    permit: NotRequired[PermitFact]


def request_json(question: Question) -> dict[str, object]:
    """Return the question in the form that Cedar reads, context as JSON text.

    Raises:
        InputError: A fact has no Cedar form, such as a naive time.
    """
    try:
        context = json.dumps(question.context, default=_extension, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise InputError("a fact has no form in a policy") from None
    return {
        "principal": _uid(_kind(question.principal), question.principal.account),
        "action": _uid("Action", question.action),
        "resource": _uid(question.resource.kind, question.resource.id),
        "context": context,
    }


def entities_json(question: Question) -> str:
    """Return the principal and the resource as Cedar entities, as JSON text."""
    who, what = question.principal, question.resource
    principal = {
        "uid": _uid(_kind(who), who.account),
        "attrs": {
            "account": who.account,
            "team": who.team,
            "state": who.state,
            "owner": who.owner or who.account,
            "projects": sorted(who.projects),
        },
        "parents": [_uid("Role", role.value) for role in who.roles],
    }
    resource = {
        "uid": _uid(what.kind, what.id),
        "attrs": {**what.attributes, "id": what.id},
        "parents": [],
    }
    return json.dumps([principal, resource])


def _kind(principal: Principal) -> str:
    return principal.kind.value.capitalize()


def _uid(kind: str, identifier: str) -> dict[str, str]:
    return {"type": f"{NAMESPACE}::{kind}", "id": identifier}


def _extension(value: object) -> object:
    """Return what JSON has no form for: a time, a duration, a set."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        moment = value.astimezone(UTC).replace(tzinfo=None)
        return _call("datetime", moment.isoformat(timespec="milliseconds") + "Z")
    if isinstance(value, timedelta):
        return _call("duration", f"{value // timedelta(milliseconds=1)}ms")
    raise TypeError(type(value).__name__)


def _call(function: str, argument: str) -> dict[str, dict[str, str]]:
    return {"__extn": {"fn": function, "arg": argument}}
