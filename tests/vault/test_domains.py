"""What one domain reveals is as little as the number of domains allows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import InputError, SetupError
from strongroom.vault.domains import assign_custodians, assign_domains
from strongroom.vault.plans import default_plan
from strongroom.vault.segments import Plan
from strongroom.vault.sources import SourceFile
from tests.vault.models import models, tensor_file

PLAN = default_plan(
    [
        tensor_file(
            "m.safetensors",
            [
                *((f"h.{i}.w", "F32", [100, 100]) for i in range(10)),
                ("norm", "F32", [100]),
            ],
        )
    ]
)


def parts(plan: Plan, domains: list[str]) -> dict[str, set[str]]:
    assigned = assign_domains(plan, domains)
    found: dict[str, set[str]] = {domain: set() for domain in domains}
    for segment in plan.segments:
        found[assigned[segment.name]].add(segment.part)
    return found


def test_three_domains_hold_one_part_each() -> None:
    assert parts(PLAN, ["a", "b", "c"]) == {
        "a": {"architecture"},
        "b": {"biases"},
        "c": {"weights"},
    }


def test_with_two_domains_weights_are_apart() -> None:
    assert parts(PLAN, ["a", "b"]) == {
        "a": {"architecture", "biases"},
        "b": {"weights"},
    }


def test_one_domain_holds_all() -> None:
    assert parts(PLAN, ["a"]) == {"a": {"architecture", "biases", "weights"}}


def test_with_five_domains_weights_are_spread_over_three() -> None:
    assigned = assign_domains(PLAN, list("abcde"))
    lengths = dict.fromkeys("abcde", 0)
    for segment in PLAN.segments:
        lengths[assigned[segment.name]] += segment.length

    assert max(lengths[domain] for domain in "cde") < PLAN.length / 2
    assert (assigned["architecture"], assigned["biases"]) == ("a", "b")


@given(models(), st.integers(1, 6))
def test_every_segment_lies_in_one_of_the_domains(
    files: tuple[SourceFile, ...], count: int
) -> None:
    plan = default_plan(files)
    domains = [f"d{number}" for number in range(count)]
    assigned = assign_domains(plan, domains)

    assert set(assigned) == {segment.name for segment in plan.segments}
    assert set(assigned.values()) <= set(domains)


@pytest.mark.parametrize("domains", [[], ["a", "a"]])
def test_no_domain_or_the_same_twice_is_refused(domains: list[str]) -> None:
    with pytest.raises(SetupError):
        assign_domains(PLAN, domains)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_every_segment_has_as_many_custodians_as_were_asked_for(count: int) -> None:
    domains = list("abcde")
    assigned = assign_custodians(PLAN, domains, count)
    first = assign_domains(PLAN, domains)

    for name, custodians in assigned.items():
        assert len(set(custodians)) == len(custodians) == count
        assert custodians[0] == first[name]
    assert set(assigned) == {segment.name for segment in PLAN.segments}


def test_more_custodians_than_there_are_cannot_be_asked_for() -> None:
    with pytest.raises(SetupError, match="the room has 1"):
        assign_custodians(PLAN, ["a"], 2)
    with pytest.raises(InputError):
        assign_custodians(PLAN, ["a"], 0)
