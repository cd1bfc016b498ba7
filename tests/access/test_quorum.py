"""m of n agree, from distinct teams, about exactly one thing, in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.access.quorum import (
    Approved,
    Decision,
    Declined,
    Pending,
    QuorumRule,
    Tally,
    Vote,
    decide_quorum,
)
from strongroom.errors import InputError
from strongroom.types import AccountId, TeamId

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
LEAST = timedelta.resolution
THIS, OTHER = "aa" * 32, "bb" * 32
RULE = QuorumRule(
    approvals=2,
    distinct_teams=2,
    excluded_accounts=frozenset({AccountId("ana")}),
    excluded_teams=frozenset({TeamId("alpha")}),
    factor_max_age=timedelta(minutes=15),
)


def vote(approver: str, team: str, **changes: object) -> Vote:
    made = Vote(
        approver=AccountId(approver),
        team=TeamId(team),
        digest=THIS,
        at=NOW - timedelta(hours=1),
        valid_until=NOW + timedelta(hours=1),
        decision=Decision.APPROVE,
        factor_at=NOW - timedelta(hours=1, minutes=5),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # test shorthand


def decide(*votes: Vote, rule: QuorumRule = RULE, now: datetime = NOW) -> Tally:
    return decide_quorum(rule, votes, THIS, now)


def test_two_people_of_two_other_teams_are_enough() -> None:
    decided = decide(vote("cy", "beta"), vote("dee", "sec"))

    assert decided == Approved(by=(AccountId("cy"), AccountId("dee")), teams=2)


def test_nobody_has_to_agree_when_none_is_asked_for() -> None:
    rule = QuorumRule(approvals=0, distinct_teams=0)

    assert isinstance(decide(rule=rule), Approved)


@pytest.mark.parametrize(
    ("votes", "missing"),
    [
        ([], "2 more approvals are needed, from 2 teams"),
        ([vote("cy", "beta")], "1 more approval is needed, from a team that did not"),
        ([vote("cy", "beta"), vote("ed", "beta")], "1 more approval is needed"),
    ],
)
def test_a_pending_quorum_says_what_is_missing(votes: list[Vote], missing: str) -> None:
    decided = decide(*votes)

    assert isinstance(decided, Pending)
    assert missing in decided.missing
    assert "not the asker's" in decided.missing


def test_a_quorum_that_lacks_only_people_names_no_team() -> None:
    decided = decide(vote("cy", "beta"), rule=replace(RULE, distinct_teams=1))

    assert isinstance(decided, Pending)
    assert decided.missing == "1 more approval is needed"


@pytest.mark.parametrize(
    "second",
    [
        vote("cy", "sec"),
        vote("ana", "sec"),
        vote("bob", "alpha"),
        vote("dee", "sec", digest=OTHER),
        vote("dee", "sec", digest=""),
        vote("dee", "sec", at=NOW + timedelta(seconds=1)),
        vote("dee", "sec", valid_until=NOW),
        vote("dee", "sec", factor_at=None),
        vote("dee", "sec", factor_at=NOW - timedelta(hours=2)),
        vote("dee", "sec", factor_at=NOW),
    ],
    ids=[
        "the same person from another team",
        "the asker",
        "the asker's team",
        "about something else",
        "about nothing",
        "dated in the future",
        "no longer valid",
        "without a second factor",
        "with an old second factor",
        "with a second factor proved after the vote",
    ],
)
def test_a_vote_that_must_not_count_does_not(second: Vote) -> None:
    assert isinstance(decide(vote("cy", "beta"), second), Pending)


def test_a_second_factor_of_exactly_the_longest_age_counts() -> None:
    at = NOW - timedelta(hours=1)
    for age in (timedelta(0), timedelta(minutes=15)):
        second = vote("dee", "sec", at=at, factor_at=at - age)
        assert isinstance(decide(vote("cy", "beta"), second), Approved)


def test_one_decline_ends_it() -> None:
    said_no = vote("eve", "ops", decision=Decision.DECLINE, factor_at=None)

    decided = decide(vote("cy", "beta"), vote("dee", "sec"), said_no)

    assert decided == Declined(by=AccountId("eve"))


def test_somebody_who_may_not_vote_cannot_decline_either() -> None:
    said_no = vote("bob", "alpha", decision=Decision.DECLINE)

    decided = decide(vote("cy", "beta"), vote("dee", "sec"), said_no)

    assert isinstance(decided, Approved)


def test_the_newest_vote_of_a_person_counts() -> None:
    earlier = vote("cy", "beta", decision=Decision.DECLINE, at=NOW - timedelta(hours=2))

    decided = decide(earlier, vote("cy", "beta"), vote("dee", "sec"))

    assert isinstance(decided, Approved)


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_votes_at_the_same_time_the_decline_counts(order: int) -> None:
    both = [vote("cy", "beta"), vote("cy", "beta", decision=Decision.DECLINE)]

    assert isinstance(decide(*both[::order], vote("dee", "sec")), Declined)


def test_a_rule_that_nobody_can_satisfy_is_refused() -> None:
    with pytest.raises(InputError, match="cannot come from"):
        QuorumRule(approvals=1, distinct_teams=2)


votes = st.lists(
    st.builds(
        vote,
        st.sampled_from(["ana", "bob", "cy", "dee", "ed", "flo"]),
        st.sampled_from(["alpha", "beta", "sec", "ops"]),
        digest=st.sampled_from([THIS, THIS, OTHER]),
        at=st.sampled_from([NOW - timedelta(hours=h) for h in (-1, 0, 1, 2)]),
        valid_until=st.sampled_from([NOW, NOW + timedelta(hours=1)]),
        decision=st.sampled_from([Decision.APPROVE] * 5 + [Decision.DECLINE]),
        factor_at=st.sampled_from(
            [None, *[NOW - timedelta(hours=h) for h in (0, 1, 2)]]
        ),
    ),
    max_size=10,
)


@given(votes)
def test_it_agrees_with_a_model_that_counts_by_hand(given_votes: list[Vote]) -> None:
    counting = [
        v
        for v in given_votes
        if v.digest == THIS
        and v.approver != "ana"
        and v.team != "alpha"
        and v.at <= NOW < v.valid_until
        and (
            v.decision is Decision.DECLINE
            or (v.factor_at and 0 <= (v.at - v.factor_at).total_seconds() <= 900)
        )
    ]
    people = {v.approver for v in counting}
    last = {
        p: max(
            (v for v in counting if v.approver == p),
            key=lambda v: (v.at, v.decision is Decision.DECLINE),
        )
        for p in people
    }
    decided = decide(*given_votes)

    if any(v.decision is Decision.DECLINE for v in last.values()):
        assert isinstance(decided, Declined)
    elif len(people) >= 2 and isinstance(decided, Approved):
        assert set(decided.by) == people
        assert decided.teams >= 2
    else:
        assert isinstance(decided, Pending)
        assert len(people) < 2 or decided.teams < 2


@pytest.mark.parametrize(("approvals", "teams"), [(-1, 0), (-1, -1), (1, -1), (0, 1)])
def test_no_rule_asks_for_less_than_nobody(approvals: int, teams: int) -> None:
    with pytest.raises(InputError, match="cannot come from"):
        QuorumRule(approvals=approvals, distinct_teams=teams)
    assert QuorumRule(approvals=1, distinct_teams=1).factor_max_age is None
    assert QuorumRule(approvals=1, distinct_teams=0).excluded_teams == frozenset()


@pytest.mark.parametrize(
    ("approvals", "teams", "voted", "people", "from_"),
    [
        (2, 2, [], "2 more approvals are", "2 teams"),
        (2, 1, [], "2 more approvals are", "a team"),
        (2, 0, [], "2 more approvals are", ""),
        (3, 3, ["beta"] * 2, "2 more approvals are", "2 teams"),
        (2, 2, ["beta"] * 2, "1 more approval is", "a team"),
        (3, 1, ["beta"] * 2, "1 more approval is", ""),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(
    approvals: int, teams: int, voted: list[str], people: str, from_: str
) -> None:
    rule = QuorumRule(approvals=approvals, distinct_teams=teams)
    votes = [vote(f"p{number}", team) for number, team in enumerate(voted)]
    by = tuple(one.approver for one in votes)
    missing = f"{people} needed"
    if from_:
        missing += f", from {from_} that did not approve yet"

    pending = Pending(by=by, teams=len(set(voted)), missing=missing)
    assert decide(*votes, rule=rule) == pending
    own = replace(rule, excluded_teams=frozenset({TeamId("alpha")}))
    if from_:
        missing += " and is not the asker's"
    assert decide(*votes, rule=own) == replace(pending, missing=missing)


def test_who_agreed_is_named_in_the_order_of_their_votes() -> None:
    earlier = vote("zoe", "sec", at=NOW - timedelta(hours=1, seconds=1))
    votes = [vote("eve", "ops"), vote("dee", "beta"), earlier]

    assert decide(*votes) == Approved(
        by=(AccountId("zoe"), AccountId("dee"), AccountId("eve")), teams=3
    )


def test_of_several_who_declined_the_first_is_named() -> None:
    no = Decision.DECLINE
    first = vote("zoe", "sec", decision=no, at=NOW - timedelta(hours=1, seconds=1))

    assert decide(vote("dee", "sec", decision=no), first) == Declined(
        by=AccountId("zoe")
    )


def test_a_vote_counts_from_its_time_to_the_end_of_its_validity() -> None:
    other = vote("cy", "beta")
    until = vote("dee", "sec", at=NOW, factor_at=NOW, valid_until=NOW)
    now = vote("dee", "sec", at=NOW, factor_at=NOW, valid_until=NOW + LEAST)

    assert isinstance(decide(other, now), Approved)
    assert isinstance(decide(other, until), Pending)
    assert isinstance(decide(other, replace(now, at=NOW + LEAST)), Pending)


def test_answers_are_stored_under_the_same_names_in_every_version() -> None:
    assert [*Decision] == ["approve", "decline"]
