"""An answer is recorded once, with what proved it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from strongroom.access import answers
from strongroom.access.answers import Proof
from strongroom.access.assertions import Assertion
from strongroom.access.passkeys import Passkey, PasskeyState
from strongroom.access.request import APPROVALS, find_request
from strongroom.access.sessions import Actor
from strongroom.access.tally import SIGNED, SignedAnswer
from strongroom.errors import ConflictError, DeniedError, SetupError
from strongroom.types import AccountId, ApprovalId, Factor, Role
from tests.access.rooms import PARTY, Rooms
from tests.access.test_tally import House, house, sign

__all__ = ["house"]

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def test_nobody_signs_twice(house: House) -> None:
    request = house.ask()
    sign(house, house.cy, house.cys, request)

    with pytest.raises(ConflictError, match="answered"):
        sign(house, house.cy, house.cys, request)


def test_without_a_signature_the_session_is_the_proof() -> None:
    actor = Actor(account=AccountId("a"), factor=Factor.TOTP, factor_at=NOW)
    proof = Proof.of_session(actor)

    assert proof.facts() == {"signed": False}
    assert (proof.factor, proof.factor_at) == (Factor.TOTP, NOW)


def test_who_has_no_passkey_cannot_sign(rooms: Rooms) -> None:
    house = House(rooms)
    eve = rooms.actor("eve", Role.APPROVER, team="beta")

    with pytest.raises(DeniedError, match="no passkey"):
        rooms.approvals.begin_approval(eve, house.ask())


PASSKEY = Passkey(
    id="account-a/passkey-p",
    account=AccountId("account-a"),
    credential=b"c",
    public_key=b"k",
    sign_count=0,
    label="",
    device="bound",
    attestation=b"",
    created_at=NOW,
    state=PasskeyState.ACTIVE,
)
ASSERTION = Assertion(
    credential=b"c", authenticator_data=b"d", client_data=b"e", signature=b"f"
)


def test_a_signature_is_a_factor_of_now_and_a_row_of_the_answer() -> None:
    proof = Proof(
        factor=Factor.PASSKEY, factor_at=NOW, passkey=PASSKEY, assertion=ASSERTION
    )

    assert proof.facts() == {"signed": True, "factor": {"kind": "passkey", "at": NOW}}
    signed = proof.answer(ApprovalId("approval-1"))
    assert signed is not None
    assert signed.revision == 1
    assert signed == SignedAnswer(
        id=ApprovalId("approval-1"),
        passkey=PASSKEY.id,
        authenticator_data=b"d",
        client_data=b"e",
        signature=b"f",
    )


@pytest.mark.parametrize("missing", ["passkey", "assertion"])
def test_half_a_signature_is_none(missing: str) -> None:
    proof = Proof(
        factor=Factor.PASSKEY,
        factor_at=NOW,
        passkey=None if missing == "passkey" else PASSKEY,
        assertion=None if missing == "assertion" else ASSERTION,
    )

    assert proof.answer(ApprovalId("approval-1")) is None


def test_an_answer_is_kept_with_what_proved_it_and_until_when(house: House) -> None:
    request = house.ask()
    house.rooms.world.clock.pass_(seconds=5)
    sign(house, house.cy, house.cys, request)

    with house.rooms.world.ledger.reading() as reading:
        asked = find_request(reading, request)
        (kept,) = APPROVALS.find(reading)
        (signed,) = SIGNED.find(reading)
    now = house.rooms.world.clock()
    assert (kept.revision, kept.id) == (1, signed.id)
    assert (kept.request, kept.digest) == (request, asked.digest)
    assert (kept.approver, kept.decision) == (house.cy.account, "approve")
    assert (kept.factor, kept.factor_at, kept.at) == ("passkey", now, now)
    assert kept.valid_until == asked.expires_at


def test_what_is_asked_of_a_passkey_is_stored_nowhere(house: House) -> None:
    request = house.ask()

    asked = house.rooms.approvals.begin_approval(house.cy, request)

    assert asked.challenge == ""
    assert house.rooms.facts("passkey.challenged")[3:] == []


def test_a_room_without_passkeys_takes_no_signature(house: House) -> None:
    request, actor = house.ask(), house.cy
    with house.rooms.world.ledger.reading() as reading:
        asked = find_request(reading, request)
    with (
        pytest.raises(SetupError, match="where passkeys work"),
        house.rooms.world.ledger.transaction() as writing,
    ):
        answers.prove(writing, actor, asked, ASSERTION, party=None)


def test_without_an_assertion_the_session_is_what_proves_an_approval(
    house: House,
) -> None:
    request = house.ask()
    with house.rooms.world.ledger.reading() as reading:
        asked = find_request(reading, request)
    with house.rooms.world.ledger.transaction() as writing:
        proof = answers.prove(writing, house.cy, asked, None, party=PARTY)

    assert proof == Proof.of_session(house.cy)
