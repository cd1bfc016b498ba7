"""The one mechanism by which people agree: m of n, from distinct teams.

Openings, new accounts, changes of roles and caps, and first seals use it alike.
A vote names the digest of exactly what it is for, so that it counts for nothing
else.  The caller hands in verified rows; nothing here reads a clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from strongroom.errors import InputError
from strongroom.types import AccountId, TeamId


class Decision(StrEnum):
    """What somebody said."""

    APPROVE = "approve"
    DECLINE = "decline"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuorumRule:
    """How many have to agree, and who does not count.

    Attributes:
        approvals: People who have to approve.
        distinct_teams: Teams they have to come from.
        excluded_accounts: The asker, and the owner of an asking agent.
        excluded_teams: The asker's team, unless own teams count.
        factor_max_age: How old an approver's second factor may have been when
            they voted; None when none is asked for.
    """

    approvals: int
    distinct_teams: int
    excluded_accounts: frozenset[AccountId] = frozenset()
    excluded_teams: frozenset[TeamId] = frozenset()
    factor_max_age: timedelta | None = None

    def __post_init__(self) -> None:
        if self.approvals < 0 or not 0 <= self.distinct_teams <= self.approvals:
            raise InputError(
                f"{self.approvals} approvals cannot come from"
                f" {self.distinct_teams} teams"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What one approver said about one thing.

    Attributes:
        approver: Who.
        team: The approver's team when they voted.
        digest: Hexadecimal digest of what was voted on.
        at: When; aware UTC.
        valid_until: Until when it counts; aware UTC.
        decision: Approve or decline.
        factor_at: When the approver last proved a second factor; None if never.
    """

    approver: AccountId
    team: TeamId
    digest: str
    at: datetime
    valid_until: datetime
    decision: Decision
    factor_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """Enough people agreed.

    Attributes:
        by: Who, in the order in which they voted.
        teams: How many distinct teams they come from.
    """

    by: tuple[AccountId, ...]
    teams: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Not enough people agreed yet.

    Attributes:
        by: Who approved so far.
        teams: How many distinct teams they come from.
        missing: One sentence that says what is missing.
    """

    by: tuple[AccountId, ...]
    teams: int
    missing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """Somebody who may vote said no; one is enough.

    Attributes:
        by: The first who did.
    """

    by: AccountId


Tally: TypeAlias = Approved | Pending | Declined


def decide_quorum(
    rule: QuorumRule, votes: Sequence[Vote], digest: str, now: datetime
) -> Tally:
    """Return whether the votes reach what ``rule`` asks for.

    Of several votes of one approver the newest counts, a decline before an
    approval of the same time.

    Args:
        rule: What is asked for.
        votes: Verified rows, in any order.
        digest: Hexadecimal digest of what is to be approved, as it stands now.
        now: The time of the decision; aware UTC.
    """
    newest: dict[AccountId, Vote] = {}
    counting = (vote for vote in votes if _counts(rule, vote, digest, now))
    for vote in sorted(counting, key=_order):
        newest[vote.approver] = vote
    heard = sorted(newest.values(), key=lambda vote: (vote.at, vote.approver))
    for vote in heard:
        if vote.decision is Decision.DECLINE:
            return Declined(by=vote.approver)
    by = tuple(vote.approver for vote in heard)
    teams = len({vote.team for vote in heard})
    if len(by) >= rule.approvals and teams >= rule.distinct_teams:
        return Approved(by=by, teams=teams)
    return Pending(by=by, teams=teams, missing=_missing(rule, len(by), teams))


def _counts(rule: QuorumRule, vote: Vote, digest: str, now: datetime) -> bool:
    """Return whether a vote is for this, by somebody eligible, and in force."""
    return (
        vote.digest == digest
        and vote.approver not in rule.excluded_accounts
        and vote.team not in rule.excluded_teams
        and vote.at <= now < vote.valid_until
        and _factor_counts(rule, vote)
    )


def _factor_counts(rule: QuorumRule, vote: Vote) -> bool:
    if rule.factor_max_age is None or vote.decision is Decision.DECLINE:
        return True
    if vote.factor_at is None:
        return False
    return timedelta(0) <= vote.at - vote.factor_at <= rule.factor_max_age


def _order(vote: Vote) -> tuple[datetime, bool]:
    return vote.at, vote.decision is Decision.DECLINE


def _missing(rule: QuorumRule, approvals: int, teams: int) -> str:
    """Return what is missing as a sentence."""
    more = max(rule.approvals - approvals, rule.distinct_teams - teams)
    people = "approval is" if more == 1 else "approvals are"
    sentence = f"{more} more {people} needed"
    new_teams = rule.distinct_teams - teams
    if new_teams > 0:
        noun = "a team" if new_teams == 1 else f"{new_teams} teams"
        sentence += f", from {noun} that did not approve yet"
        if rule.excluded_teams:
            sentence += " and is not the asker's"
    return sentence
