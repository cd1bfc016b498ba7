"""Decide whether keys may leave, beside bare cedarpy on the same question.

Bare cedarpy gets the same prepared policy set and schema, and the request and
the entities as ready JSON text; ours builds both from the facts, checks for rules
that could not be evaluated, and names the rules.  Interleaved rounds, median of
per-round ratios.  A refusal is measured too: it carries its sentences.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import cedarpy

from strongroom.access.policy import Policy, Principal, Question, Resource
from strongroom.access.questions import entities_json, request_json
from strongroom.access.rules import read_sources
from strongroom.access.terms import load_terms
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


def main() -> None:
    """Measure and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--decisions", type=int, default=300)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.rounds, arguments.decisions)))


def measure(rounds: int, decisions: int) -> dict[str, object]:
    """Return the ratios of our decisions to bare cedarpy's."""
    policy = Policy.load(Profile.STANDARD)
    schema_text, rules_text = read_sources(Profile.STANDARD, None)
    rules = cedarpy.PolicySet.from_str(rules_text)
    schema = cedarpy.Schema.from_str(schema_text)
    allowed = question()
    refused = replace(allowed, context={**allowed.context, "personBytesAfter": 999})
    request, entities = request_json(allowed), entities_json(allowed)

    def bare() -> object:
        return cedarpy.is_authorized(request, rules, entities, schema)

    timed: dict[str, list[float]] = {"bare": [], "allow": [], "deny": []}
    calls: dict[str, Callable[[], object]] = {
        "bare": bare,
        "allow": lambda: policy.decide(allowed),
        "deny": lambda: policy.decide(refused),
    }
    for _ in range(rounds):
        for name, call in calls.items():
            timed[name].append(seconds_each(call, decisions))
    return {
        "bench": "decide",
        "rules": len(policy.rules),
        "ratio_to_cedarpy": ratio(timed["allow"], timed["bare"]),
        "ratio_to_cedarpy_refused": ratio(timed["deny"], timed["bare"]),
        "target": 1.5,
        "microseconds": round(1e6 * statistics.median(timed["allow"]), 1),
        "microseconds_cedarpy": round(1e6 * statistics.median(timed["bare"]), 1),
        "rounds": rounds,
    }


def question() -> Question:
    """Return a release of a restricted model with every fact in order."""
    terms = load_terms(Profile.STANDARD).of(Classification.RESTRICTED)
    flags = {"notYet": False, "expired": False, "revoked": False}
    return Question(
        principal=Principal(
            account=AccountId("account-ana"),
            kind=AccountKind.PERSON,
            roles=frozenset({Role.RESEARCHER}),
            team=TeamId("team-alpha"),
            state="active",
            projects=frozenset({ProjectId("project-llm")}),
        ),
        action="segment:release",
        resource=Resource(
            kind="Model",
            id="artifact-m",
            attributes={"class": "restricted", "project": "project-llm"},
        ),
        context={
            **terms.release_facts(1000),
            "now": NOW,
            "factor": {"kind": "totp", "at": NOW - timedelta(minutes=5)},
            "ledgerHealthy": True,
            "purposeStated": True,
            "personBytesAfter": 100,
            "pairBytesAfter": 200,
            "whole": False,
            "sealer": False,
            "approvals": 2,
            "approverTeams": 2,
            "requestedAt": NOW - timedelta(hours=1),
            "permit": {"active": True, "matches": True, **flags},
        },
    )


def seconds_each(call: Callable[[], object], times: int) -> float:
    """Return the CPU seconds of one call, over ``times`` of them."""
    begin = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - begin) / times


def ratio(ours: list[float], theirs: list[float]) -> float:
    """Return the median of per-round ratios; above 1 is slower than theirs."""
    pairs = zip(ours, theirs, strict=True)
    return round(statistics.median(a / b for a, b in pairs), 3)


if __name__ == "__main__":
    main()
