"""What a class of artifact asks for before a key leaves, in each profile.

The numbers stand in ``policies/terms.toml``, which ``terms_file`` reads; the rules that
use them stand in the Cedar files beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import Final

from strongroom.access.exposure import cap_bytes
from strongroom.access.person_terms import BreakGlassTerms, TrainingTerms
from strongroom.errors import SetupError
from strongroom.types import Classification, Profile

APPROVED_ACTIONS: Final = frozenset(
    {
        "account:create",
        "role:change",
        "cap:change",
        "model:publish",
        "recovery:create",
        "person:erase",
        "key:rotate",
        "key:shred",
        "profile:change",
        "intake:source",
        "intake:issuer",
        "signatures:switch",
    }
)
"""Administrative actions that wait for approvals where there is a second team.

``model:publish`` starts a lineage, and whoever seals it holds it outside the caps.
``recovery:create`` wraps everything to a key that opens it without the ledger, and
``key:rotate`` to another custodian's root key; ``key:manage`` is what allows to ask.
"""

_MOST_APPROVALS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class AdministrationTerms:
    """What an administrative action asks for.

    Attributes:
        approvals: People who have to agree, the asker not among them.
        distinct_teams: Teams they have to come from.
        own_team_counts: Whether anybody but the asker may agree; teams are then
            not counted.
        second_factor_required: Whether the session needs a second factor.
        second_factor_max_age: How old that second factor may be.
    """

    approvals: int
    distinct_teams: int
    own_team_counts: bool
    second_factor_required: bool
    second_factor_max_age: timedelta

    def __post_init__(self) -> None:
        if not 0 <= self.approvals <= _MOST_APPROVALS:
            raise SetupError(f"{self.approvals} approvals are outside 0 to 20")
        least = 0 if self.own_team_counts else min(self.approvals, 1)
        most = 0 if self.own_team_counts else self.approvals
        if not least <= self.distinct_teams <= most:
            raise SetupError(
                f"{self.approvals} approvals cannot come from"
                f" {self.distinct_teams} teams"
            )

    def facts(self) -> dict[str, object]:
        """Return the facts that ``policy.decide`` reads about these terms."""
        return {
            "approvalsRequired": self.approvals,
            "teamsRequired": self.distinct_teams,
            "factorRequired": self.second_factor_required,
            "factorMaxAge": self.second_factor_max_age,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms(AdministrationTerms):
    """What one class asks for in one profile.

    Attributes:
        purpose_required: Whether the asker has to say what for.
        max_duration: How long a permit may live.
        wait: Time between the request and the first use of its permit.
        person_cap_percent: Share of a model that one account may hold.
        pair_cap_percent: Share that any two accounts may hold together.
        whole_model_to_a_person: Whether a person may ever hold all of it.
        backdoor_report_required: Whether a service or an agent is refused until a
            backdoor report exists; terms that do not say so ask for one.
        advice_review_required: Whether a second person has to accept what readers
            passed where an adviser calls it malicious, or does not answer; likewise.
    """

    purpose_required: bool
    max_duration: timedelta
    wait: timedelta
    person_cap_percent: int | None = None
    pair_cap_percent: int | None = None
    whole_model_to_a_person: bool
    backdoor_report_required: bool | None = None
    advice_review_required: bool | None = None

    def __post_init__(self) -> None:
        AdministrationTerms.__post_init__(self)
        _check_caps(self.person_cap_percent, self.pair_cap_percent)
        if self.person_cap_percent is not None and self.whole_model_to_a_person:
            raise SetupError("a class with caps cannot hand out the whole model")

    def person_cap_bytes(self, total_bytes: int) -> int | None:
        """Return how many bytes one account may hold; None means uncapped."""
        percent = self.person_cap_percent
        return None if percent is None else cap_bytes(total_bytes, percent)

    def pair_cap_bytes(self, total_bytes: int) -> int | None:
        """Return how many bytes two accounts may hold; None means uncapped."""
        percent = self.pair_cap_percent
        return None if percent is None else cap_bytes(total_bytes, percent)

    def release_facts(self, total_bytes: int) -> dict[str, object]:
        """Return what questions about a model of ``total_bytes`` need of these.

        The caller adds what it read from its rows.
        """
        facts = {
            **self.facts(),
            "purposeRequired": self.purpose_required,
            "wholeAllowed": self.whole_model_to_a_person,
            "backdoorReportRequired": self.backdoor_report_required is not False,
            "wait": self.wait,
            "personCapBytes": self.person_cap_bytes(total_bytes),
            "pairCapBytes": self.pair_cap_bytes(total_bytes),
        }
        return {name: fact for name, fact in facts.items() if fact is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsTable:
    """The terms of one profile.

    Attributes:
        profile: Which one.
        default_class: What a new artifact without a parent is.
        signed_approvals: Whether an approval counts only with its approver's
            signature.
        classes: Terms per class; all three are there.
        administration: Terms of the actions in ``APPROVED_ACTIONS``; other
            administrative actions ask for the same second factor only.
        break_glass: How weights may be opened past the approvals; ``None`` if they
            may not.
        training: What people have to know.
        digest: Hexadecimal, over the whole file; part of what the ledger records.
    """

    profile: Profile
    default_class: Classification
    signed_approvals: bool
    classes: Mapping[Classification, Terms]
    administration: AdministrationTerms
    break_glass: BreakGlassTerms | None
    training: TrainingTerms
    digest: str

    def __post_init__(self) -> None:
        _check_order(self.classes)

    def of(self, classification: Classification) -> Terms:
        """Return the terms of a class."""
        return self.classes[classification]

    def reviews_advice(self, classification: Classification | None) -> bool:
        """Return whether a second person accepts what an adviser sees otherwise.

        Args:
            classification: Of what it becomes; ``None`` where nobody knows yet, which
                asks for it.
        """
        if classification is None:
            return True
        return self.of(classification).advice_review_required is not False

    def of_action(self, action: str) -> AdministrationTerms:
        """Return the terms of an administrative action such as ``role:change``."""
        terms = self.administration
        if action in APPROVED_ACTIONS:
            return terms
        return replace(terms, approvals=0, distinct_teams=0)


def _check_caps(person: int | None, pair: int | None) -> None:
    if person is None and pair is None:
        return
    if person is None or pair is None:
        raise SetupError("a person cap and a pair cap come together")
    if not 0 < person <= pair < 100:  # noqa: PLR2004 - percent
        raise SetupError(
            f"caps of {person} % a person and {pair} % a pair are not in order"
        )


def _check_order(classes: Mapping[Classification, Terms]) -> None:
    """A stricter class never asks for less than the one below it."""
    for low, high in pairwise(sorted(classes, key=lambda c: c.rank)):
        less, more = classes[low], classes[high]
        fewer_people = more.approvals < less.approvals
        if fewer_people or more.distinct_teams < less.distinct_teams:
            raise SetupError(f"{high.value} asks for less than {low.value}")
