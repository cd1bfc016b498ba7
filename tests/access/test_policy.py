"""What policy allows and refuses, as a table; every refusal says why."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom import canonical
from strongroom.access.policy import UNCLEAR, Allow, Deny, Policy, Resource
from strongroom.access.rules import read_sources
from strongroom.errors import DeniedError
from strongroom.types import AccountId, Profile, Role
from tests.access.house import (
    NOW,
    PEOPLE,
    POLICIES,
    VOTES,
    WEIGHTS,
    Scenario,
    ask,
    read_scenarios,
)

RELEASE = "segment:release"


def ago(**units: int) -> datetime:
    return NOW - timedelta(**units)


def totp(at: datetime) -> dict[str, object]:
    return {"kind": "totp", "at": at}


SCENARIOS = read_scenarios(Path(__file__).with_name("scenarios.md").read_text())


def test_the_table_is_whole() -> None:
    """A row that the reader drops would be a rule that nobody tests."""
    tested = {word for scenario in SCENARIOS for word in scenario.refusals}
    forbids = {
        rule.id
        for policy in POLICIES.values()
        for rule in policy.rules
        if rule.effect == "forbid"
    }

    assert len(SCENARIOS) >= 120
    assert tested == forbids


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: f"{s.profile}: {s.what}")
def test_policy_decides(scenario: Scenario) -> None:
    decision = POLICIES[scenario.profile].decide(scenario.question)

    if scenario.allowed:
        assert isinstance(decision, Allow), decision
        assert decision.rules
        return
    assert isinstance(decision, Deny), decision
    assert set(decision.reasons) == scenario.refusals
    assert decision.nearest == scenario.nearest
    assert all(s and "$" not in s for s in decision.sentences + decision.would_allow)


def test_a_refusal_says_every_reason_and_everything_that_would_allow_it() -> None:
    decision = POLICIES["standard"].decide(
        ask(
            "ana",
            RELEASE,
            personBytesAfter=1250,
            approvals=1,
            factor=totp(ago(hours=3)),
        )
    )

    assert isinstance(decision, Deny)
    assert decision.sentence == (
        "the second factor is 3 h old; it may be 15 min old; "
        "the account would hold 1,250 bytes of this model; its cap is 250; "
        "1 of 2 people have approved"
    )
    assert "ask for at least 1,000 bytes fewer" in decision.hint
    assert "people still to approve: 1" in decision.hint


def test_no_rule_allows_it_names_the_nearest_rule_and_its_role() -> None:
    decision = POLICIES["standard"].decide(ask("new", RELEASE))

    assert decision == Deny(
        reasons=(),
        sentences=("no rule allows segment:release without the role researcher",),
        nearest="researcher",
        would_allow=("an administrator gives the account the role researcher",),
    )


def test_doing_what_a_refusal_says_is_enough() -> None:
    """The account that lacked a role is allowed once it has it."""
    question = ask("new", RELEASE)
    given_role = replace(question.principal, roles=frozenset({Role.RESEARCHER}))

    decision = POLICIES["standard"].decide(replace(question, principal=given_role))

    assert isinstance(decision, Allow)


def test_unwrapping_a_refusal_raises_it() -> None:
    decision = POLICIES["standard"].decide(ask("ana", RELEASE, permit=None))

    with pytest.raises(DeniedError, match="no permit covers") as caught:
        decision.unwrap()

    assert caught.value.reasons == ("release-needs-permit",)
    assert "strongroom request" in caught.value.hint
    assert POLICIES["standard"].decide(ask("ana", RELEASE)).unwrap()


@pytest.mark.parametrize(
    "changes",
    [
        {"breakGlass": True},
        {"personBytesAfter": None},
        {"personBytesAfter": 1.0},
        {"personBytesAfter": "1"},
        {"personBytesAfter": 2**63},
        {"ledgerHealthy": None},
        {"approvals": None},
        {"sealer": 1},
        {"now": NOW.replace(tzinfo=None)},
        {"factor": {"kind": "totp"}},
        {"factorMaxAge": 900},
        {"permit_active": None},
        {"wait": object()},
        {"personBytesAfter": float("nan")},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_facts_that_do_not_fit_are_a_refusal(changes: dict[str, Any]) -> None:
    """There is no break-glass either: a fact that lifts rules does not exist."""
    decision = POLICIES["standard"].decide(ask("ana", RELEASE, **changes))

    assert isinstance(decision, Deny)
    assert decision.reasons == ("facts-unclear",)  # as the page of rules says
    (said,) = decision.sentences
    assert said.startswith("the question cannot be judged: ")
    assert "no answer" not in said


@pytest.mark.parametrize(
    "resource",
    [
        Resource(kind="Model", id="m"),
        Resource(kind="Model", id="m", attributes={"class": "open"}),
        Resource(kind="Room", id="m"),
        Resource(kind="Vault", id="m"),
        Resource(kind="Role", id="m"),
        Resource(kind="", id=""),
    ],
    ids=lambda resource: f"{resource.kind} {len(resource.attributes)}",
)
def test_a_thing_that_does_not_fit_is_a_refusal(resource: Resource) -> None:
    decision = POLICIES["standard"].decide(
        replace(ask("ana", RELEASE), resource=resource)
    )

    assert isinstance(decision, Deny)
    assert decision.reasons == (UNCLEAR,)


@pytest.mark.parametrize("action", ["", "segment:read", "weights", "handover", '"'])
def test_an_action_that_does_not_exist_is_a_refusal(action: str) -> None:
    decision = POLICIES["standard"].decide(replace(ask("ana", RELEASE), action=action))

    assert isinstance(decision, Deny)


def test_ids_with_strange_characters_are_only_ids() -> None:
    question = ask("ana", RELEASE)
    strange = AccountId('ana" } permit(principal,action,resource); //\n\u202e')
    principal = replace(question.principal, account=strange)

    decision = POLICIES["standard"].decide(replace(question, principal=principal))

    assert isinstance(decision, Allow)


actions = st.sampled_from(
    (*WEIGHTS, *VOTES, "model:seal", "account:create", "key:manage", "ledger:export")
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(PEOPLE)), actions, st.sampled_from(["left", "invited"]))
def test_nobody_who_is_not_active_does_anything(
    who: str, action: str, state: str
) -> None:
    question = ask(who, action)
    principal = replace(question.principal, state=state)

    assert isinstance(
        POLICIES["standard"].decide(replace(question, principal=principal)), Deny
    )


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_release_is_allowed_only_when_every_single_fact_is_in_order(
    data: st.DataObject,
) -> None:
    """The attacker picks facts; the model is the sentence in SECURITY.md."""
    person, pair = data.draw(st.integers(0, 1000)), data.draw(st.integers(0, 1000))
    approvals, teams = data.draw(st.integers(0, 4)), data.draw(st.integers(0, 4))
    age = data.draw(st.integers(-3600, 3600))
    flags: dict[str, Any] = data.draw(
        st.fixed_dictionaries(
            {
                "purposeStated": st.sampled_from([True, True, False]),
                "whole": st.sampled_from([False, False, True]),
                "permit_active": st.sampled_from([True, True, False]),
                "permit_matches": st.sampled_from([True, True, False]),
                "permit_revoked": st.sampled_from([False, False, True]),
                "permit_expired": st.sampled_from([False, False, True]),
                "ledgerHealthy": st.sampled_from([True, True, False]),
            }
        )
    )
    who = data.draw(st.sampled_from(sorted(PEOPLE)))

    decision = POLICIES["standard"].decide(
        ask(
            who,
            RELEASE,
            personBytesAfter=person,
            pairBytesAfter=pair,
            approvals=approvals,
            approverTeams=teams,
            factor=totp(NOW - timedelta(seconds=age)),
            **flags,
        )
    )

    in_order = (
        who in {"ana", "bob"}
        and person <= 250
        and pair <= 450
        and approvals >= 2
        and teams >= 2
        and 0 <= age <= 900
        and flags["purposeStated"]
        and not flags["whole"]
        and flags["permit_active"]
        and flags["permit_matches"]
        and not flags["permit_revoked"]
        and not flags["permit_expired"]
        and flags["ledgerHealthy"]
    )
    assert isinstance(decision, Allow) is in_order


def test_a_copy_of_the_files_is_the_same_policy(folder: Path) -> None:
    own = Policy.load(Profile.STANDARD, folder)

    assert own.digest == POLICIES["standard"].digest
    sources = read_sources(Profile.STANDARD, None)
    assert own.digest == canonical.digest("strongroom/v1/policy", *sources).hex()
    assert own.digest != POLICIES["solo"].digest


def test_solo_drops_only_the_separation_of_roles() -> None:
    standard = {rule.id for rule in POLICIES["standard"].rules}
    solo = {rule.id for rule in POLICIES["solo"].rules}

    assert standard - solo == {
        "administrator-reads-no-weights",
        "auditor-only-evidence",
        "not-your-own-teams-request",
        "not-your-own-teams-review",
        "not-your-own-roles",
        "not-your-own-training",
        "restricted-keeps-its-terms",
    }
    assert solo - standard == {"restricted-waits-a-day"}


def test_hardened_adds_to_standard_and_small_takes_away() -> None:
    standard = {rule.id for rule in POLICIES["standard"].rules}
    hardened = {rule.id for rule in POLICIES["hardened"].rules}
    small = {rule.id for rule in POLICIES["small"].rules}

    assert hardened - standard == {"phishing-resistant-only", "break-glass-signed"}
    assert standard - hardened == set()
    assert small - standard == set()
    assert standard - small == {
        "administrator-reads-no-weights",
        "auditor-only-evidence",
        "not-your-own-teams-request",
        "not-your-own-teams-review",
    }


def test_a_rule_that_cannot_be_evaluated_refuses(folder: Path) -> None:
    """Cedar skips such a rule and would allow; an overflow is the way to get one."""
    with (folder / "standard.cedar").open("a") as file:
        file.write(
            '@id("x") @reason("y") forbid(principal,'
            ' action == Strongroom::Action::"segment:release", resource)'
            " when { context.pairBytesAfter * 9223372036854775807 < 0 };"
        )
    policy = Policy.load(Profile.STANDARD, folder)

    decision = policy.decide(ask("ana", RELEASE))

    assert isinstance(decision, Deny)
    assert decision.reasons == (UNCLEAR,)
    assert "overflow" in decision.sentences[0]


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        ("standard", "common.cedar"),
        ("standard", "standard.cedar"),
        ("hardened", "hardened.cedar"),
        ("small", "small.cedar"),
    ],
)
def test_a_rule_that_was_taken_out_opens_something_in_the_table(
    folder: Path, profile: str, name: str
) -> None:
    """Every prohibition is the only one that stops some row."""
    text = re.sub("^//.*$", "", (folder / name).read_text(), flags=re.MULTILINE)
    rules = re.split("(?=^@id)", text, flags=re.MULTILINE)
    rows = [s for s in SCENARIOS if s.profile == profile and not s.allowed]
    for at, rule in enumerate(rules):
        if "\nforbid" not in rule:
            continue
        (folder / name).write_text("".join(rules[:at] + rules[at + 1 :]))
        policy = Policy.load(Profile(profile), folder)

        assert any(isinstance(policy.decide(s.question), Allow) for s in rows), rule


@pytest.mark.parametrize("profile", sorted(POLICIES))
def test_every_role_is_for_something(profile: str) -> None:
    """Whoever adds one and forgets its permit has made a word."""
    permits = [rule for rule in POLICIES[profile].rules if rule.effect == "permit"]

    assert {rule.role for rule in permits} == {None, *Role}


def test_reasons_and_remedies_stand_one_after_the_other() -> None:
    refused = Deny(reasons=("a", "b"), sentences=("1", "2"), would_allow=("3", "4"))

    assert (refused.sentence, refused.hint, refused.nearest) == ("1; 2", "3; 4", None)
    with pytest.raises(DeniedError) as caught:
        refused.unwrap()
    assert (str(caught.value), caught.value.hint) == ("1; 2", "3; 4")
    assert caught.value.reasons == ("a", "b")
    allowed = Allow(rules=("r",))
    assert allowed.unwrap() is allowed
    assert Deny(reasons=(), sentences=()).would_allow == ()


def test_what_would_allow_it_names_the_role_beside_what_forbids_it() -> None:
    asked = ask("new", RELEASE, approvals=1, approverTeams=1)
    decision = POLICIES["standard"].decide(asked)

    assert isinstance(decision, Deny)
    assert decision.nearest == "researcher"
    assert decision.reasons == ("approvals-reached", "two-teams")
    assert len(decision.sentences) == 2  # of the role nothing is said beside these
    assert decision.would_allow[-1] == (
        "an administrator gives the account the role researcher"
    )


def test_the_rules_that_allow_are_named_in_order() -> None:
    decision = POLICIES["standard"].decide(ask("me", "policy:read"))

    assert decision == Allow(rules=("everyone",))
    show = POLICIES["standard"].decide(ask("dee", "ledger:read"))
    assert show == Allow(rules=("analyst", "approver"))


def test_a_policy_says_which_profile_it_is_of_and_prints_no_internals() -> None:
    policy = POLICIES["hardened"]

    assert policy.profile is Profile.HARDENED
    assert "_policies" not in repr(policy)
    assert "_schema" not in repr(policy)
