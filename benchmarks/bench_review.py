"""Ask the rules who could be handed what, for everybody and every model.

Accounts are spread over roles, teams and projects at random, each in one to three
projects; models over projects and classes.  ``ratio_to_each`` is the time of one
question for each pair of an account and a model, measured on a sample of pairs and
multiplied, beside the time that grouping takes: the answers are compared on the
sample, and must be the same.  No database is read; ``start`` reads one row of each
account and membership besides.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from datetime import UTC, datetime

from benchmarks.costs import go_first
from strongroom.access.policy import Policy, Principal
from strongroom.access.reach import Protected, Reach
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
PROJECTS, TEAMS, SAMPLE = 20, 12, 500
WEIGHTS = (Role.RESEARCHER,) * 8 + (Role.OPERATOR, Role.APPROVER, Role.AUDITOR)


def main() -> None:
    """Measure and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--models", type=int, default=1000)
    arguments = parser.parse_args()
    first = go_first()
    chance = random.Random(7)  # noqa: S311 - a spread that repeats
    people = [somebody(number, chance) for number in range(arguments.accounts)]
    models = [something(chance) for _ in range(arguments.models)]
    groups = sorted(set(models), key=lambda m: (m.classification, m.project))
    grouped = asking()
    started = time.perf_counter()
    found = grouped.of(people, groups)
    seconds = time.perf_counter() - started
    pairs = [(chance.choice(people), chance.choice(models)) for _ in range(SAMPLE)]
    started = time.perf_counter()
    same = all(
        asking().allows(who, model) == (model in found[who.account])
        for who, model in pairs
    )
    each = (time.perf_counter() - started) / SAMPLE * len(people) * len(models)
    result = {
        "bench": "review",
        "goes_first": first,
        "accounts": len(people),
        "models": len(models),
        "questions": grouped.asked,
        "seconds": round(seconds, 2),
        "same_answers": same,
        "ratio_to_each": round(seconds / each, 5),
    }
    print(json.dumps(result))


def asking() -> Reach:
    """Return who asks the rules of ``standard``."""
    return Reach(policy=POLICY, terms=TERMS, now=NOW)


def somebody(number: int, chance: random.Random) -> Principal:
    """Return an account of some team with some roles in some projects."""
    projects = chance.sample(range(PROJECTS), chance.randint(1, 3))
    return Principal(
        account=AccountId(f"account-{number}"),
        kind=AccountKind.PERSON,
        roles=frozenset({chance.choice(WEIGHTS)}),
        team=TeamId(f"team-{chance.randrange(TEAMS)}"),
        state="active",
        projects=frozenset(ProjectId(f"project-{p}") for p in projects),
    )


def something(chance: random.Random) -> Protected:
    """Return a model of some class in some project."""
    return Protected(
        classification=chance.choice(list(Classification)),
        project=ProjectId(f"project-{chance.randrange(PROJECTS)}"),
        models=1,
    )


POLICY, TERMS = Policy.load(Profile.STANDARD), load_terms(Profile.STANDARD)


if __name__ == "__main__":
    main()
