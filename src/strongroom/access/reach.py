"""Who could be handed which weights, by asking the rules.

Asked is ``segment:release`` with every fact in order: a fresh factor, approvals, a
permit, nothing held before.  What somebody owes at the moment, such as a course,
takes nobody off the list, since it comes back by itself.

One question is put for each distinct kind, roles, state and team of an account,
class and project of a model, and whether the one belongs to the other; the rules
that come with Strongroom read nothing else of either for weights.  A house whose own
rules name single accounts or models gets the answer for one of each group.
(Cedar's partial evaluation would give residual policies; enumerating is exact and
takes no preview of it.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from strongroom.access.accounts import ACCOUNTS, Account, AccountState
from strongroom.access.policy import Allow, Policy, Principal, Question, Resource
from strongroom.access.projects import BELONGS, MEMBERS
from strongroom.access.terms import TermsTable
from strongroom.database.engine import Transaction
from strongroom.types import AccountId, Classification, Factor, ProjectId

ACTION = "segment:release"
_A_MODEL_OF_BYTES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected:
    """Models that the rules do not tell apart.

    Attributes:
        models: How many there are.
    """

    classification: Classification
    project: ProjectId
    models: int


@dataclass(slots=True, kw_only=True)
class Reach:
    """Answers the same question once.

    Attributes:
        asked: How many questions were put to the rules.
    """

    policy: Policy
    terms: TermsTable
    now: datetime
    asked: int = 0
    _answers: dict[object, bool] = field(default_factory=dict)

    def of(
        self, people: Iterable[Principal], things: Sequence[Protected]
    ) -> Mapping[AccountId, tuple[Protected, ...]]:
        """Return what each of the people could be handed today."""
        return {
            who.account: tuple(thing for thing in things if self.allows(who, thing))
            for who in people
        }

    def allows(self, who: Principal, thing: Protected) -> bool:
        """Return whether the rules could hand it to them."""
        key = (
            (who.kind, who.roles, who.state, who.team),
            thing.project in who.projects,
            (thing.classification, thing.project),
        )
        if key not in self._answers:
            self._answers[key] = any(self._ask(who, thing, f) for f in Factor)
        return self._answers[key]

    def _ask(self, who: Principal, thing: Protected, factor: Factor) -> bool:
        self.asked += 1
        terms = self.terms.of(thing.classification)
        question = Question(
            principal=who,
            action=ACTION,
            resource=Resource(
                kind="Model",
                id="model",
                attributes={
                    "class": thing.classification,
                    "project": thing.project,
                },
            ),
            context={
                **terms.release_facts(_A_MODEL_OF_BYTES),
                "now": self.now,
                "factor": {"kind": str(factor), "at": self.now},
                "purposeStated": True,
                "personBytesAfter": 0,
                "pairBytesAfter": 0,
                "whole": False,
                "sealer": False,
                "reviewsOverdue": 0,
                "reviewsRejected": 0,
                "coursesLacking": [],
                "approvals": terms.approvals,
                "approverTeams": terms.distinct_teams,
                "requestedAt": self.now - terms.wait - timedelta(seconds=1),
                "ledgerHealthy": True,
                "permit": {
                    "active": True,
                    "notYet": False,
                    "expired": False,
                    "revoked": False,
                    "matches": True,
                },
            },
        )
        return isinstance(self.policy.decide(question), Allow)


def people_by_class(
    reach: Mapping[AccountId, Sequence[Protected]],
) -> dict[Classification, int]:
    """Return how many accounts could be handed something of each class."""
    return {
        classification: sum(
            any(thing.classification is classification for thing in things)
            for things in reach.values()
        )
        for classification in Classification
    }


def principals(transaction: Transaction) -> list[Principal]:
    """Return every account that has not left, as policy sees it.

    Raises:
        IntegrityError: A row was forged, altered or restored.
    """
    mine: dict[AccountId, set[ProjectId]] = {}
    for row in MEMBERS.find(transaction, MEMBERS.columns.state.in_(BELONGS)):
        mine.setdefault(row.account, set()).add(row.project)
    return [
        _principal(account, frozenset(mine.get(account.id, ())))
        for account in ACCOUNTS.find(transaction)
        if account.state is not AccountState.LEFT
    ]


def _principal(account: Account, projects: frozenset[ProjectId]) -> Principal:
    return Principal(
        account=account.id,
        kind=account.kind,
        roles=frozenset(account.roles),
        team=account.team,
        state=str(account.state),
        owner=account.owner,
        projects=projects,
    )
