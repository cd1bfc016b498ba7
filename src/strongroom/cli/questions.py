"""Questions to the rules with the answers that are expected, from a TOML file.

    [[question]]
    name = "an administrator does not open"
    roles = ["administrator"]
    action = "segment:release"
    expect = "deny"
    because = ["administrator-reads-no-weights"]

What a question leaves out has a value with which everything else would be
allowed: an active person in the model's project with a fresh second factor.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from strongroom.access.policy import Allow, Policy, Principal, Question, Resource
from strongroom.cli.files import read_file
from strongroom.errors import InputError
from strongroom.types import AccountId, AccountKind, ProjectId, Role, TeamId

if TYPE_CHECKING:
    from strongroom.canonical import Json

MOST_BYTES: Final = 1 << 20
NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Any moment: a question is about differences of time."""

_KEYS: Final = frozenset(
    ("name", "roles", "action", "expect", "because", "kind", "class", "state")
) | {"member", "factor_age_seconds", "facts", "resource"}
_WEIGHTS: Final = frozenset(("request:create", "permit:issue", "segment:release"))
_OTHERS: Final = frozenset(
    (
        "request:approve",
        "request:decline",
        "request:withdraw",
        "permit:revoke",
        "breakglass:review",
        "breakglass:resume",
        "access:answer",
    )
)


def read_questions(path: Path) -> list[Mapping[str, Any]]:
    """Return the questions in a file.

    Raises:
        MissingError: There is no such file.
        InputError: It is too long, no TOML, or a question has an unknown key.
        UnavailableError: It cannot be read.
    """
    data = read_file(path, at_most_bytes=MOST_BYTES)
    try:
        document = tomllib.loads(data.decode())
    except (ValueError, RecursionError):
        raise InputError(f"{path} is not TOML") from None
    found = document.get("question")
    if not isinstance(found, list) or not found:
        raise InputError(f"{path} has no question", hint="begin one with [[question]]")
    for number, question in enumerate(found, 1):
        unknown = set(question) - _KEYS if isinstance(question, dict) else {"no table"}
        if unknown or question.get("expect") not in ("allow", "deny"):
            raise InputError(
                f"question {number} of {path} has {min(unknown, default='no expect')}",
                hint="keys: " + ", ".join(sorted(_KEYS)),
            )
    return found


def ask_all(
    policy: Policy, questions: Sequence[Mapping[str, Any]]
) -> list[dict[str, Json]]:
    """Return one row per question: whether the answer is as expected, and why."""
    return [_ask(policy, q, number) for number, q in enumerate(questions, 1)]


def _ask(policy: Policy, asked: Mapping[str, Any], number: int) -> dict[str, Json]:
    try:
        question = _question(asked)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"question {number} is not understood: {error}") from None
    decision = policy.decide(question)
    allowed = isinstance(decision, Allow)
    rules = decision.rules if isinstance(decision, Allow) else decision.reasons
    wanted = {str(rule) for rule in asked.get("because", ())}
    said = "allowed" if isinstance(decision, Allow) else decision.sentence
    return {
        "name": str(asked.get("name", f"question {number}")),
        "ok": allowed == (asked["expect"] == "allow") and wanted <= set(rules),
        "expect": str(asked["expect"]),
        "allowed": allowed,
        "rules": list(rules),
        "why": f"{said} ({', '.join(rules) or 'no rule'})",
    }


def _question(asked: Mapping[str, Any]) -> Question:
    action = str(asked["action"])
    kind = AccountKind(asked.get("kind", "person"))
    project = ProjectId("project-1")
    return Question(
        principal=Principal(
            account=AccountId("account-1"),
            kind=kind,
            roles=frozenset(Role(role) for role in asked.get("roles", ())),
            team=TeamId("team-1"),
            state=str(asked.get("state", "active")),
            owner=None if kind is AccountKind.PERSON else AccountId("account-2"),
            projects=frozenset({project} if asked.get("member", True) else ()),
        ),
        action=action,
        resource=_resource(action, asked, project),
        context={**_facts(action, asked), **asked.get("facts", {})},
    )


def _resource(action: str, asked: Mapping[str, Any], project: str) -> Resource:
    noun = action.partition(":")[0]
    kinds = {"request": "Request", "permit": "Permit", "model": "Model"}
    kinds |= {"breakglass": "Permit", "training": "Account"}
    kinds |= {"access": "Account"} if action == "access:answer" else {}
    kind = str(asked.get("resource", kinds.get(noun, "Room")))
    if action in _WEIGHTS or action in ("exposure:read", "cap:change"):
        kind = "Model"
    attributes = (
        {"class": str(asked.get("class", "restricted")), "project": project}
        if kind == "Model"
        else {}
    )
    return Resource(kind=kind, id=f"{kind.lower()}-1", attributes=attributes)


def _facts(action: str, asked: Mapping[str, Any]) -> dict[str, object]:
    """Return facts with which nothing but the question itself is in the way."""
    age = int(asked.get("factor_age_seconds", 60))
    facts: dict[str, object] = {
        "now": NOW,
        "factorRequired": True,
        "factorMaxAge": timedelta(minutes=15),
        "approvalsRequired": 2 if action in _WEIGHTS else 0,
        "teamsRequired": 2 if action in _WEIGHTS else 0,
    }
    if age >= 0:
        facts["factor"] = {"kind": "totp", "at": NOW - timedelta(seconds=age)}
    if action in _OTHERS:
        facts |= {
            "asker": "account-3",
            "askerTeam": "team-3",
            "askerOwner": "account-3",
        }
    if action in _WEIGHTS:
        facts |= {
            "purposeStated": True,
            "purposeRequired": True,
            "personBytesAfter": 0,
            "personCapBytes": 25,
            "pairBytesAfter": 0,
            "pairCapBytes": 45,
            "whole": False,
            "wholeAllowed": False,
            "backdoorReportRequired": True,
            "sealer": False,
            "wait": timedelta(0),
            "reviewsOverdue": 0,
            "reviewsRejected": 0,
            "coursesLacking": [],
        }
    if action == "request:approve":
        facts["coursesLacking"] = []
    if action in _WEIGHTS - {"request:create"}:
        facts |= {
            "approvals": 2,
            "approverTeams": 2,
            "requestedAt": NOW,
            "ledgerHealthy": True,
        }
    if action == "segment:release":
        facts["permit"] = {
            "active": True,
            "notYet": False,
            "expired": False,
            "revoked": False,
            "matches": True,
        }
    return facts
