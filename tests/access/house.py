"""A small house for questions to policy: who lives there, and facts in order."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from strongroom.access.policy import Policy, Principal, Question, Resource
from strongroom.access.terms import TermsTable
from strongroom.access.terms_file import load_terms
from strongroom.types import (
    AccountId,
    AccountKind,
    Classification,
    Profile,
    ProjectId,
    Role,
    TeamId,
)

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
TOTAL_BYTES = 1000
POLICIES: dict[str, Policy] = {p.value: Policy.load(p) for p in Profile}
TERMS: dict[str, TermsTable] = {p.value: load_terms(p) for p in Profile}


def person(name: str, team: str, *roles: Role, projects: str = "") -> Principal:
    """Return an active person; ``projects`` are separated by spaces."""
    return Principal(
        account=AccountId(name),
        kind=AccountKind.PERSON,
        roles=frozenset(roles),
        team=TeamId(team),
        state="active",
        projects=frozenset(ProjectId(project) for project in projects.split()),
    )


PEOPLE = {
    who.account: who
    for who in (
        person("ana", "alpha", Role.RESEARCHER, projects="llm"),
        person("bob", "alpha", Role.RESEARCHER, Role.APPROVER, projects="llm"),
        person("cy", "beta", Role.APPROVER),
        person("dee", "sec", Role.APPROVER, Role.ANALYST),
        person("eve", "beta", Role.RESEARCHER, projects="vision"),
        person("root", "ops", Role.ADMINISTRATOR),
        person("mix", "ops", Role.ADMINISTRATOR, Role.RESEARCHER, projects="llm"),
        person("aud", "sec", Role.AUDITOR),
        person("audres", "sec", Role.AUDITOR, Role.RESEARCHER, projects="llm"),
        person("key", "ops", Role.KEY_HOLDER),
        person("ops", "ops", Role.OPERATOR, projects="llm"),
        person("new", "alpha", projects="llm"),
        person("me", "home", *Role, projects="llm"),
    )
}
PEOPLE |= {
    AccountId("gone"): replace(PEOPLE[AccountId("ana")], state="left"),
    AccountId("away"): replace(PEOPLE[AccountId("ana")], state="suspended"),
    AccountId("invited"): replace(PEOPLE[AccountId("ana")], state="invited"),
    AccountId("pipeline"): replace(
        PEOPLE[AccountId("ana")],
        account=AccountId("pipeline"),
        kind=AccountKind.SERVICE,
        roles=frozenset({Role.RESEARCHER, Role.APPROVER, Role.ADMINISTRATOR}),
        owner=AccountId("ana"),
    ),
    AccountId("batch"): replace(
        PEOPLE[AccountId("ana")],
        account=AccountId("batch"),
        kind=AccountKind.SERVICE,
        owner=AccountId("ana"),
    ),
    AccountId("agent"): replace(
        PEOPLE[AccountId("ana")],
        account=AccountId("agent"),
        kind=AccountKind.AGENT,
        owner=AccountId("ana"),
    ),
}

WEIGHTS = ("request:create", "permit:issue", "segment:release")
VOTES = (
    "request:approve",
    "request:decline",
    "request:withdraw",
    "permit:revoke",
    "breakglass:review",
    "breakglass:resume",
    "access:answer",
)
BREAK_GLASS = {
    "offered": True,
    "reasonStated": True,
    "signed": False,
    "lasts": timedelta(hours=1),
    "longest": timedelta(hours=1),
}
_KINDS = {"request": "Request", "permit": "Permit", "account": "Account"}
_KINDS |= {
    "breakglass": "Permit",
    "training": "Account",
    "role": "Account",
    "project": "Project",
}
_ROOM = {"ledger", "policy", "key", "profile", "session", "access"}
_ROOM |= {"requests", "openings"}
_FACTORS = {"solo": "totp", "small": "totp", "standard": "totp", "hardened": "passkey"}


def ask(
    who: str,
    action: str,
    *,
    profile: str = "standard",
    classification: str = "restricted",
    **changes: object,
) -> Question:
    """Return a question whose facts are all in order, apart from ``changes``.

    Args:
        who: Key of ``PEOPLE``.
        action: What they want to do.
        profile: Whose terms apply.
        classification: Class of the model.
        **changes: Facts to replace; None leaves a fact out.  ``permit_…``
            changes one fact of the permit, ``glass_…`` one of break-glass,
            ``kind`` and ``id`` the resource.
    """
    terms = TERMS[profile]
    context: dict[str, object] = {
        "now": NOW,
        "factor": {"kind": _FACTORS[profile], "at": NOW - timedelta(minutes=5)},
        "ledgerHealthy": True,
        **terms.of_action(action).facts(),
    }
    if action in VOTES:
        context |= {"asker": "ana", "askerOwner": "ana", "askerTeam": "alpha"}
    if action == "request:approve":
        context["coursesLacking"] = []
        context["signed"] = profile == "hardened"
    if action in WEIGHTS:
        context |= {
            **terms.of(Classification(classification)).release_facts(TOTAL_BYTES),
            "purposeStated": True,
            "personBytesAfter": 100,
            "pairBytesAfter": 200,
            "whole": False,
            "sealer": False,
            "reviewsOverdue": 0,
            "reviewsRejected": 0,
            "coursesLacking": [],
        }
    if action in WEIGHTS[1:]:
        context |= {
            "approvals": context["approvalsRequired"],
            "approverTeams": context["teamsRequired"],
            "requestedAt": NOW - timedelta(days=2),
        }
    if action == "segment:release":
        flags = {"notYet": False, "expired": False, "revoked": False}
        context["permit"] = {"active": True, "matches": True, **flags}
    resource = _resource(action, classification, changes)
    for name, value in changes.items():
        _change(context, name, value)
    return Question(
        principal=PEOPLE[AccountId(who)],
        action=action,
        resource=resource,
        context=context,
    )


def _resource(action: str, classification: str, changes: dict[str, object]) -> Resource:
    noun = action.partition(":")[0]
    kind = _KINDS.get(noun, "Room" if noun in _ROOM else "Model")
    kind = "Account" if action == "access:answer" else kind
    if action in WEIGHTS:
        kind = "Model"
    kind = str(changes.pop("kind", kind))
    attributes = {"class": classification, "project": "llm"} if kind == "Model" else {}
    return Resource(
        kind=kind, id=str(changes.pop("id", "thing")), attributes=attributes
    )


def _change(context: dict[str, object], name: str, value: object) -> None:
    if name.startswith("glass_"):
        glass = context.setdefault("breakGlass", dict(BREAK_GLASS))
        assert isinstance(glass, dict)
        context["breakGlass"] = {**glass, name.removeprefix("glass_"): value}
    elif name.startswith("permit_"):
        permit = context["permit"]
        assert isinstance(permit, dict)
        context["permit"] = {**permit, name.removeprefix("permit_"): value}
    elif value is None:
        context.pop(name, None)
    else:
        context[name] = value


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One row of ``scenarios.md``."""

    profile: str
    what: str
    question: Question
    allowed: bool
    refusals: frozenset[str]
    nearest: str | None


def read_scenarios(text: str) -> list[Scenario]:
    """Return the rows of the tables under the name of each profile."""
    found, profile = [], ""
    for line in text.splitlines():
        if line.startswith("## "):
            profile = line.removeprefix("## ")
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 6 and cells[1] not in {"", "who", "---"}:
            found.append(_scenario(profile, cells))
    return found


def _scenario(profile: str, cells: list[str]) -> Scenario:
    what, who, action, classification, changes, answer = cells
    words = [] if answer == "allow" else answer.split()
    facts = dict(part.split("=") for part in changes.split(", ") if part)
    return Scenario(
        profile=profile,
        what=what,
        question=ask(
            who,
            action,
            profile=profile,
            classification=classification,
            **{name: _value(text) for name, text in facts.items()},
        ),
        allowed=answer == "allow",
        refusals=frozenset(word for word in words if word[0] != "+"),
        nearest=next((word[1:] for word in words if word[0] == "+"), None),
    )


def _value(text: str) -> object:
    """Return a fact such as ``251``, ``true``, ``2h ago`` or ``totp 15m 1s ago``."""
    words = {"absent": None, "true": True, "false": False}
    if text in words:
        return words[text]
    if text.isdigit() or text.startswith("["):
        return int(text) if text.isdigit() else [text]
    if text.startswith(("totp ", "password ", "recovery-code ", "passkey ")):
        kind, _, when = text.partition(" ")
        return {"kind": kind, "at": _value(when)}
    amounts = re.findall(r"(\d+)([dhms])(?= |$)", text)
    units = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
    length = timedelta(**{units[unit]: int(amount) for amount, unit in amounts})
    if text.endswith(" ago"):
        return NOW - length
    if text.endswith(" ahead"):
        return NOW + length
    return length if amounts else text
