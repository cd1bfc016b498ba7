"""Which segment lies in which custody domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from strongroom.errors import InputError, SetupError
from strongroom.vault.segments import Plan

_SEPARATE = 3  # architecture, biases, weights


def assign_domains(plan: Plan, domains: Sequence[str]) -> Mapping[str, str]:
    """Return the domain of every segment.

    With three, architecture, biases and weights are apart.  With more, weights
    alternate between the third and all after it, so that each holds less.  With
    two, weights are apart from the rest.  With one, nothing is.

    Args:
        plan: The plan.
        domains: Names, in order of preference.

    Raises:
        SetupError: There is no domain, or one stands twice.
    """
    if not domains or len(set(domains)) != len(domains):
        raise SetupError("custody domains need different names, at least one")
    if len(domains) >= _SEPARATE:
        architecture, biases, *weights = domains
    else:
        architecture, biases, weights = domains[0], domains[0], [domains[-1]]
    assigned: dict[str, str] = {}
    turn = 0
    for segment in plan.segments:
        if segment.part == "weights":
            assigned[segment.name] = weights[turn % len(weights)]
            turn += 1
        else:
            is_biases = segment.part == "biases"
            assigned[segment.name] = biases if is_biases else architecture
    return assigned


def assign_custodians(
    plan: Plan, domains: Sequence[str], each: int
) -> Mapping[str, tuple[str, ...]]:
    """Return the domains that hold the shares of every segment.

    The first one is that of ``assign_domains`` and has the object too; the others
    are those that follow it, so that shares of weights lie beside other weights
    last.

    Args:
        plan: The plan.
        domains: Names, in order of preference.
        each: How many custodians have to act together for one segment.

    Raises:
        SetupError: There are fewer domains than that.
        InputError: ``each`` is below 1.
    """
    if each < 1:
        raise InputError("a segment has at least one custodian")
    if each > len(domains):
        raise SetupError(
            f"{each} custodians are asked for, the room has {len(domains)}",
            hint="add a [[domain]] to room.toml, or seal with fewer",
        )
    assigned = assign_domains(plan, domains)
    begins = {name: list(domains).index(first) for name, first in assigned.items()}
    return {
        name: tuple(domains[(begin + i) % len(domains)] for i in range(each))
        for name, begin in begins.items()
    }
