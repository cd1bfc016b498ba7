"""Decide whether keys may leave: beside bare cedarpy, and from end to end.

Bare cedarpy gets the same prepared policy set and schema, and the request and
the entities as ready JSON text; ours builds both from the facts, checks for rules
that could not be evaluated, and names the rules.  Interleaved rounds, median of
per-round ratios.  A refusal is measured too: it carries its sentences.

From end to end is one release of one segment's key on a permit, in a room with
teams: session, policy, exposure, entry, checkpoint, the custodian's anchor, unwrap,
HPKE, signature.  What it waits beyond all CPU, ours and the server's, is given as
a multiple of one flush of 4 KiB on the same disk, taken beside it in every round.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cedarpy

from benchmarks.costs import cost_of, flush_seconds, flushes_of, go_first
from strongroom.access.policy import Policy, Principal, Question, Resource
from strongroom.access.questions import entities_json, request_json
from strongroom.access.rules import read_sources
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
from tests import postgresql
from tests.journeys.rooms import found_house, write_small_model
from tests.permits.openings import Reader
from tests.postgresql import Server

COUNTED = 10
"""Releases under ``strace``; a server flushes now and then on its own."""

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def main() -> None:
    """Measure and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--decisions", type=int, default=300)
    arguments = parser.parse_args()
    first = go_first()
    result = measure(arguments.rounds, arguments.decisions)
    print(json.dumps({**result, **end_to_end(arguments.rounds), "goes_first": first}))


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


def end_to_end(rounds: int) -> dict[str, object]:
    """Return what one release costs on each database."""
    found: dict[str, object] = {"target_flushes_waited": 4}
    with tempfile.TemporaryDirectory() as folder:
        url = "sqlite+pysqlite:///room.db"
        found["sqlite"] = releases(Path(folder), url, rounds)
    programs = postgresql.programs()
    if programs is None:
        return found
    with postgresql.running(programs, within=None) as server:
        url = server.create_database()
        with tempfile.TemporaryDirectory() as folder:
            found["postgresql"] = releases(Path(folder), url, rounds, server)
    return found


def releases(
    folder: Path, url: str, rounds: int, server: Server | None = None
) -> dict[str, object]:
    """Return what one release costs in a new room in ``folder``."""
    house = found_house(folder / "room", url)
    house.publish(write_small_model(folder / "model"))
    row = house.permit("ana", "blocks.0.1")
    for _ in range(3):  # connections, and statements that are compiled once
        Reader.of(house, "ana", row).release()
    serving = server.processes(connections_only=True) if server else []
    costs, flushes = [], []
    for _ in range(rounds):
        costs.append(cost_of(Reader.of(house, "ana", row).release, serving))
        flushes.append(flush_seconds(folder))
    readers = [Reader.of(house, "ana", row) for _ in range(COUNTED)]
    processes = server.processes() if server else []
    counted = flushes_of(lambda: [reader.release() for reader in readers], processes)
    house.room.close()
    pairs = list(zip(costs, flushes, strict=True))
    return {
        "flushes": counted and counted / COUNTED,
        "flushes_waited": median(c.waited / f for c, f in pairs),
        "milliseconds": milliseconds(cost.wall for cost in costs),
        "milliseconds_cpu": milliseconds(cost.cpu for cost in costs),
        "milliseconds_server_cpu": milliseconds(cost.server_cpu for cost in costs),
        "milliseconds_a_flush": milliseconds(flushes),
    }


def median(values: Iterable[float]) -> float:
    """Return the median with two digits."""
    return round(statistics.median(values), 2)


def milliseconds(seconds: Iterable[float]) -> float:
    """Return the median in milliseconds."""
    return round(1000 * statistics.median(seconds), 3)


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
