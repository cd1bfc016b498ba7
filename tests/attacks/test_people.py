"""Attackers who have an account, or take one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from strongroom.access.accounts import AccountState
from strongroom.cli.demo import permits
from strongroom.cli.demo.house import MODEL, House
from strongroom.cli.demo.steps import Outcome
from strongroom.cli.demo.story import Story
from strongroom.client.client import Strongroom
from strongroom.errors import ConflictError, DeniedError, MissingError
from strongroom.permits.exposures import Exposures
from strongroom.types import Role
from tests.attacks.rooms import small_model

DAY = timedelta(days=1)


def exposures_of(room: Strongroom) -> Exposures:
    return Exposures(room.room.gate, room.room.keys)


def outcomes(attempts: Iterable[Outcome]) -> dict[str, bool]:
    return {outcome.step: outcome.ok for outcome in attempts}


def test_a_stolen_password_without_the_phone_opens_no_session(house: House) -> None:
    """ATT&CK T1078, ATLAS AML.T0012: a password alone, and a code used again."""
    rosa, noor = house.people["rosa"], house.people["noor"]
    house.clock.advance(DAY)
    code = house.code_of("noor")
    house.room.login(noor.name, noor.password, code)

    with pytest.raises(DeniedError, match="name, the password or the code is wrong"):
        house.room.login(rosa.name, rosa.password, None)
    with pytest.raises(DeniedError, match="name, the password or the code is wrong"):
        house.room.login(noor.name, noor.password, code)


def test_a_stolen_session_ends_at_once_when_its_account_is_suspended(
    house: House, story: Story
) -> None:
    """ATT&CK T1550.004, AML.T0012: what left before is gone, nothing more leaves."""
    stolen = house.acting_as("noor")
    with stolen.open(story.target.held) as opened:
        assert opened.check() > 0
    ada = house.acting_as("ada")

    ada.room.people.change_state(ada.actor, "noor", AccountState.SUSPENDED)

    with pytest.raises(DeniedError, match="the session has ended"):
        stolen.open(story.target.held)


def test_a_stolen_session_with_an_old_second_factor_opens_nothing(
    house: House, story: Story
) -> None:
    """ATT&CK T1078: a laptop left open for an hour gets no keys."""
    stolen = house.acting_as("noor")

    house.clock.advance(timedelta(hours=1))

    with pytest.raises(DeniedError) as refused:
        stolen.open(story.target.held)
    assert refused.value.reasons == ("second-factor-fresh",)


def test_a_slow_collector_ends_at_the_personal_cap(house: House) -> None:
    """ATT&CK T1030, ATLAS AML.T0025: pieces over weeks count like one theft."""
    for segment in ("blocks.1", "blocks.2"):
        house.clock.advance(7 * DAY)
        permit = house.grant("rosa", segment, purpose="one more")
        with house.acting_as("rosa").open(permit) as opened:
            opened.check()
    house.clock.advance(300 * DAY)

    with pytest.raises(DeniedError) as refused:
        house.grant("rosa", "blocks.4", purpose="one more")

    assert refused.value.reasons == ("person-cap",)


def test_a_new_version_does_not_reset_what_a_collector_holds(
    house: House, story: Story
) -> None:
    """ATT&CK T1030: the same weights under a new number are the same weights."""
    outcomes(permits.attempt_collecting(house))
    house.acting_as("mia").seal(story.source, name=MODEL)

    with pytest.raises(DeniedError) as refused:
        house.grant("rosa", "blocks.5", purpose="a new version", target=f"{MODEL}@3")

    assert "person-cap" in refused.value.reasons


def test_two_who_collude_end_at_the_pair_cap(house: House) -> None:
    """ATT&CK T1030, ATLAS AML.T0025: complementary halves of one model."""
    assert outcomes(permits.attempt_collecting(house)) == {
        "piece-by-piece": True,
        "colleague": True,
    }


def test_what_two_hold_together_is_shown(house: House) -> None:
    """ATT&CK T1030: the worst pair stands in the report that everybody reads."""
    outcomes(permits.attempt_collecting(house))
    lena = house.acting_as("lena")

    report = exposures_of(lena).report(lena.actor, MODEL)

    assert report.pair is not None
    assert {*report.pair[:2]} == {"rosa", "noor"}
    assert report.pair_cap is not None
    assert report.pair[2] <= report.pair_cap
    assert report.coalition is None
    assert report.coalition_bound == 5


def test_the_administrator_gets_no_weights(house: House) -> None:
    """ATT&CK T1078.003, ATLAS AML.T0012: who keeps the roles reads nothing."""
    ada = house.acting_as("ada")

    with pytest.raises(DeniedError) as refused:
        ada.request(MODEL, segments=["blocks.3"], purpose="a backup")

    assert "administrator-reads-no-weights" in refused.value.reasons


def test_the_administrator_cannot_change_her_own_roles(house: House) -> None:
    """ATT&CK T1098: not alone, and not with an approver either."""
    ada = house.acting_as("ada")

    with pytest.raises(DeniedError) as refused:
        ada.room.people.change_roles(
            ada.actor, "ada", team="research", roles=[Role.RESEARCHER]
        )

    assert "not-your-own-roles" in refused.value.reasons


def test_a_straw_account_of_the_administrator_waits_for_another_team(
    house: House,
) -> None:
    """ATT&CK T1136: until then there is nobody to invite, and the wish is on record."""
    ada = house.acting_as("ada")

    request = ada.room.people.add(
        ada.actor, "straw", team="straw", roles=[Role.RESEARCHER]
    )

    assert request.approvals == 1
    assert "straw" not in {a.name for a, _ in ada.room.people.everybody(ada.actor)}
    with pytest.raises(DeniedError):
        ada.approve(request.id)


def test_approvers_who_collude_give_no_more_than_the_caps(house: House) -> None:
    """ATT&CK T1078: both say yes to everything, and open nothing themselves."""
    assert outcomes(permits.attempt_collecting(house))["piece-by-piece"]
    permit = house.grant("noor", "blocks.3", purpose="for the approvers")

    with pytest.raises(DeniedError) as refused:
        house.acting_as("lena").open(permit)

    assert "permit-matches" in refused.value.reasons


def test_approvers_who_collude_are_named_by_the_ledger(house: House) -> None:
    """ATT&CK T1078: every approval is an entry bound to what was approved."""
    request = house.grant("noor", "blocks.3", purpose="for the approvers")

    entries = house.acting_as("lena").records.tail(10)

    lena = house.acting_as("lena")
    people = {a.name: a.id for a, _ in lena.room.people.everybody(lena.actor)}
    text = b"".join(e.body for e in entries if request.encode() in e.body)
    assert all(people[name].encode() in text for name in ("lena", "sam", "noor"))


def test_one_approver_is_not_two_teams(house: House, story: Story) -> None:
    """ATT&CK T1078: the second yes of the same person does not count."""
    house.acting_as("lena").approve(story.target.pending)

    with pytest.raises(ConflictError, match="answered"):
        house.acting_as("lena").approve(story.target.pending)
    with pytest.raises(DeniedError, match="waits for 2 approvals"):
        house.acting_as("noor").open(story.target.pending)


def test_a_sealer_cannot_begin_a_lineage_alone(house: House, story: Story) -> None:
    """ATLAS AML.T0018: what she sealed is not to be asked for until another agrees."""
    sealed = house.acting_as("mia").seal(story.source, name="another")

    assert sealed.request is not None
    assert sealed.version.state == "pending"
    with pytest.raises(MissingError, match="no main"):
        house.acting_as("noor").request("another", segments=["biases"], purpose="x")


def test_a_sealer_is_shown_by_name(house: House) -> None:
    """ATLAS AML.T0044: outside the caps, and everybody can read that."""
    lena = house.acting_as("lena")

    report = exposures_of(lena).report(lena.actor, MODEL)

    assert report.sealers == ("mia",)
    assert "mia" not in {holder.name for holder in report.holders}


def test_sealing_a_fine_tune_of_a_model_lifts_nobodys_cap(
    house: House, tmp_path: Path
) -> None:
    """ATLAS AML.T0044: rosa seals noise as a fine-tune, and holds that noise."""
    outcomes(permits.attempt_collecting(house))
    noise = small_model(tmp_path / "noise")

    house.acting_as("rosa").seal(noise, name="tuned", parent=f"{MODEL}@2")

    with pytest.raises(DeniedError) as refused:
        house.grant("rosa", "blocks.5", purpose="I sealed it")
    assert "person-cap" in refused.value.reasons


def test_what_a_person_may_try_with_an_account_fails_for_its_own_reason(
    house: House, story: Story
) -> None:
    """ATT&CK T1078: every attempt of the demo, on a model of another size."""
    found = outcomes(permits.attempt_without_permit(house, story.request))
    found |= outcomes(permits.attempt_approvals(house))
    found |= outcomes(permits.attempt_ended(house, story.request))

    assert found == dict.fromkeys(
        permits.REFUSALS.keys() - {"piece-by-piece", "colleague"}, True
    )
