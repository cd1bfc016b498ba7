"""Which segment lies in which custody domain, and what losing one would reveal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from strongroom.errors import SetupError
from strongroom.vault.segments import Plan

_SEPARATE = 3  # architecture, biases, weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Revealed:
    """What whoever has the keys and the store of one domain can read.

    Attributes:
        segments: Names, in the order of the plan.
        length: Bytes of the files in them.
        total: Bytes of the model.
    """

    segments: tuple[str, ...]
    length: int
    total: int

    @property
    def percent(self) -> float:
        """Share of the bytes of the model."""
        return 100 * self.length / self.total if self.total else 0.0


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


def revealed_by(plan: Plan, assigned: Mapping[str, str], domain: str) -> Revealed:
    """Return what losing or stealing one domain reveals.

    Args:
        plan: The plan.
        assigned: The domain of every segment, from ``assign_domains``.
        domain: Which one is lost.
    """
    lost = [segment for segment in plan.segments if assigned[segment.name] == domain]
    return Revealed(
        segments=tuple(segment.name for segment in lost),
        length=sum(segment.length for segment in lost),
        total=plan.length,
    )
