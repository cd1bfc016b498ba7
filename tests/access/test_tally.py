"""A signed approval counts while everything about it is what it was."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from strongroom.access import answers
from strongroom.access.accounts import ACCOUNTS
from strongroom.access.answers import Proof
from strongroom.access.quorum import Approved, Decision, Declined, Pending
from strongroom.access.request import Request, find_request
from strongroom.access.sessions import Actor
from strongroom.access.tally import (
    SIGNED,
    Counting,
    Said,
    SignedAnswer,
    is_by,
    tally,
)
from strongroom.access.terms import AdministrationTerms
from strongroom.database import passkey_tables
from strongroom.errors import DeniedError, IntegrityError
from strongroom.ledger.log import Writing
from strongroom.settings import RelyingParty
from strongroom.types import ApprovalId, Factor, Profile, Role
from tests.access.rooms import PARTY, Rooms, rooms_at
from tests.authenticator import SoftAuthenticator
from tests.conftest import Databases
from tests.ledger.world import event


class House:
    """Ana asks for something that two of two teams agree to, by signing."""

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms
        self.done: list[str] = []
        rooms.approvals.executors["test"] = self.carry_out
        self.ana, _ = rooms.signer("ana", Role.RESEARCHER, team="alpha")
        self.cy, self.cys = rooms.signer("cy", Role.APPROVER, team="beta")
        self.dee, self.dees = rooms.signer("dee", Role.APPROVER, team="gamma")

    def carry_out(self, writing: Writing, request: Request) -> None:
        writing.append(event())
        self.done.append(request.id)

    def ask(self) -> str:
        terms = self.rooms.gate.terms.administration
        terms = AdministrationTerms(
            approvals=2,
            distinct_teams=2,
            own_team_counts=False,
            second_factor_required=True,
            second_factor_max_age=terms.second_factor_max_age,
        )
        with self.rooms.world.ledger.transaction() as writing:
            asker = ACCOUNTS.get(writing, self.ana.account)
            return self.rooms.approvals.ask(
                writing, self.ana, asker, "test", {"what": 1}, terms=terms
            ).id

    def counted(self, request: str) -> int:
        with self.rooms.world.ledger.reading() as reading:
            found = self.rooms.gate.tally(reading, find_request(reading, request))
        assert isinstance(found, Approved | Pending)
        return len(found.by)


@pytest.fixture
def house(new_database: Databases) -> Iterator[House]:
    with rooms_at(new_database(), Profile.HARDENED) as rooms:
        yield House(rooms)


def sign(house: House, who: Actor, key: SoftAuthenticator, request: str) -> str:
    return house.rooms.sign(who, key, request).state


def test_two_signatures_carry_it_out(house: House) -> None:
    request = house.ask()

    assert sign(house, house.cy, house.cys, request) == "pending"
    assert sign(house, house.dee, house.dees, request) == "approved"
    assert house.done == [request]
    assert house.counted(request) == 2


def test_a_signature_is_a_factor_of_now_however_old_the_login(house: House) -> None:
    request = house.ask()
    house.rooms.world.clock.pass_(hours=2)

    assert sign(house, house.cy, house.cys, request) == "pending"
    assert house.counted(request) == 1


def test_who_logged_in_with_a_passkey_signs(house: House) -> None:
    with pytest.raises(DeniedError) as caught:
        house.rooms.approvals.approve(house.cy, house.ask())

    assert caught.value.reasons == ("passkey-signs",)


def test_what_a_removed_passkey_signed_counts_no_more(house: House) -> None:
    request = house.ask()
    sign(house, house.cy, house.cys, request)
    (passkey,) = house.rooms.keyring.listed(house.cy)
    house.rooms.keyring.remove(house.cy, passkey.name)

    assert house.counted(request) == 0
    assert sign(house, house.dee, house.dees, request) == "pending"


def test_what_a_suspended_passkey_signed_counts_no_more(house: House) -> None:
    request = house.ask()
    sign(house, house.cy, house.cys, request)
    for credential in house.cys.credentials.values():
        credential.count -= 2
    with pytest.raises(DeniedError, match="suspended"):
        house.rooms.login("cy", house.cys)

    assert house.counted(request) == 0


def test_an_approver_who_is_none_any_more_does_not_count(house: House) -> None:
    request = house.ask()
    sign(house, house.cy, house.cys, request)
    house.rooms.suspend("cy")

    assert house.counted(request) == 0


def test_a_deleted_signature_is_missed(house: House) -> None:
    request = house.ask()
    sign(house, house.cy, house.cys, request)
    house.rooms.world.attack("DELETE FROM assertions")

    with pytest.raises(IntegrityError, match="deleted"):
        house.counted(request)


def test_a_signature_that_was_altered_is_refused(house: House) -> None:
    request = house.ask()
    sign(house, house.cy, house.cys, request)
    house.rooms.world.attack(
        sa.update(passkey_tables.assertions).values(signature=b"another")
    )

    with pytest.raises(IntegrityError, match="not written by this room"):
        house.counted(request)


@pytest.mark.parametrize("party", [None, RelyingParty.at("elsewhere.example")])
def test_a_room_that_moved_counts_no_signature_of_before(
    house: House, party: RelyingParty | None
) -> None:
    request = house.ask()
    sign(house, house.cy, house.cys, request)
    counting = Counting(party=party, signed_only=False, own_team_counts=False)
    with house.rooms.world.ledger.reading() as reading:
        found = tally(
            reading,
            find_request(reading, request),
            now=reading.now,
            counting=counting,
        )

    assert isinstance(found, Pending)
    assert found.by == ()


def test_a_code_counts_in_standard_and_not_where_only_signatures_do(
    rooms: Rooms,
) -> None:
    house = House(rooms)
    request = house.ask()
    eve = rooms.actor("eve", Role.APPROVER, team="beta")
    assert eve.factor is Factor.TOTP
    rooms.approvals.approve(eve, request)
    assert house.counted(request) == 1

    counting = Counting(party=rooms.gate.party, signed_only=True, own_team_counts=False)
    with rooms.world.ledger.reading() as reading:
        found = tally(
            reading,
            find_request(reading, request),
            now=reading.now,
            counting=counting,
        )
    assert isinstance(found, Pending)
    assert found.by == ()


def test_in_small_anybody_else_agrees_also_of_the_same_team(
    new_database: Databases,
) -> None:
    with rooms_at(new_database(), Profile.SMALL) as rooms:
        ana = rooms.actor("ana", Role.ADMINISTRATOR, Role.APPROVER, team="lab")
        bob = rooms.actor("bob", Role.APPROVER, team="lab")
        request = rooms.people.add(ana, "cy", team="lab")
        with pytest.raises(DeniedError, match="nobody approves"):
            rooms.approvals.approve(ana, request.id)

        assert rooms.approvals.approve(bob, request.id).state == "approved"


def test_what_the_own_team_agreed_to_in_small_is_not_enough_in_standard(
    new_database: Databases,
) -> None:
    with rooms_at(new_database(), Profile.SMALL) as rooms:
        ana = rooms.actor("ana", Role.ADMINISTRATOR, team="lab")
        bob = rooms.actor("bob", Role.APPROVER, team="lab")
        request = rooms.people.add(ana, "cy", team="lab")
        rooms.approvals.approve(bob, request.id)
        counting = Counting(party=None, signed_only=False, own_team_counts=False)
        with rooms.world.ledger.reading() as reading:
            found = tally(
                reading,
                find_request(reading, request.id),
                now=reading.now,
                counting=counting,
            )

    assert isinstance(found, Pending)


def test_the_challenge_of_an_approval_is_told_without_being_stored(
    house: House,
) -> None:
    request = house.ask()
    first = house.rooms.approvals.begin_approval(house.cy, request)
    again = house.rooms.approvals.begin_approval(house.cy, request)

    assert first == again
    assert json.loads(first.options)["userVerification"] == "required"


def test_what_was_asked_of_other_teams_is_not_given_by_the_own_one(
    new_database: Databases,
) -> None:
    """Asked under ``standard``, and counted after the room became ``small``."""
    with rooms_at(new_database(), Profile.STANDARD) as rooms:
        house = House(rooms)
        request = house.ask()
        bob = rooms.actor("bob", Role.APPROVER, team="alpha")
        with rooms.world.ledger.transaction() as writing:
            asked = find_request(writing, request)
            account = ACCOUNTS.get(writing, bob.account)
            answers.record(
                writing,
                account,
                asked,
                Decision.APPROVE,
                Proof.of_session(bob),
                random=rooms.random,
            )
            writing.append(event())
        for own in (False, True):
            counting = Counting(
                party=rooms.gate.party, signed_only=False, own_team_counts=own
            )
            with rooms.world.ledger.reading() as reading:
                found = tally(reading, asked, now=reading.now, counting=counting)
            assert isinstance(found, Pending)
            assert found.by == ()


def test_a_decline_counts_of_whoever_gave_it_with_whatever_proof(
    house: House,
) -> None:
    request = house.ask()
    house.rooms.approvals.decline(house.cy, request)
    house.rooms.suspend("cy")

    with house.rooms.world.ledger.reading() as reading:
        found = house.rooms.gate.tally(reading, find_request(reading, request))
    assert found == Declined(by=house.cy.account)


def test_a_signature_by_somebody_elses_passkey_is_nobodys(house: House) -> None:
    request = house.ask()
    sign(house, house.cy, house.cys, request)
    with house.rooms.world.ledger.reading() as reading:
        (signed,) = SIGNED.find(reading)
        said = Said(find_request(reading, request), Decision.APPROVE, house.dee.account)
        mine = said._replace(by=house.cy.account)
        other = mine._replace(word=Decision.DECLINE)

        assert signed.revision == 1
        assert is_by(reading, signed, mine, party=PARTY)
        for another in (said, other):
            assert not is_by(reading, signed, another, party=PARTY)
        assert not is_by(reading, signed, mine, party=None)


def test_what_was_signed_is_told_as_texts_without_the_account() -> None:
    signed = SignedAnswer(
        id=ApprovalId("approval-1"),
        passkey="account-a/passkey-p",
        authenticator_data=b"a",
        client_data=b"bb",
        signature=b"ccc",
    )

    assert signed.facts() == ["passkey-p", "YQ==", "YmI=", "Y2Nj"]
