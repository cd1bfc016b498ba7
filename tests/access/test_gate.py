"""Policy is asked inside the transaction, and what it refuses is recorded."""

from __future__ import annotations

import json

import pytest

from strongroom import canonical
from strongroom.access import passwords
from strongroom.access.gate import Gate
from strongroom.access.people import ROOM
from strongroom.access.sessions import Actor
from strongroom.canonical import Json
from strongroom.errors import ConflictError, DeniedError, SetupError
from strongroom.types import Factor, Profile, Role, new_id
from tests.access.rooms import PARTY, Rooms, Said, grown

ID = new_id("artifact", lambda count: b"\x05" * count)


def refuse(rooms: Rooms, actor: Actor, resource: str) -> dict[str, object]:
    """Let policy refuse something about ``resource``; return the entry."""
    with (
        pytest.raises(DeniedError),
        rooms.gate.recording_refusals(actor, "project:create", resource),
        rooms.world.ledger.transaction() as writing,
    ):
        rooms.gate.require(writing, actor, "project:create", ROOM)
    with rooms.world.ledger.reading() as reading:
        body = list(rooms.world.ledger.entries(reading, 0))[-1].body
    document: dict[str, object] = json.loads(body)
    return document


def test_what_is_allowed_returns_the_account(rooms: Rooms) -> None:
    admin = rooms.actor("root", Role.ADMINISTRATOR)
    with rooms.world.ledger.reading() as reading:
        account = rooms.gate.require(reading, admin, "project:create", ROOM)

    assert account.id == admin.account


@pytest.mark.parametrize("resource", [ID, "room"])
def test_a_refusal_names_what_it_was_about_by_id(rooms: Rooms, resource: str) -> None:
    actor = rooms.actor("ana", Role.RESEARCHER)
    entry = refuse(rooms, actor, resource)

    assert entry["kind"] == "action.refused"
    assert entry["actor"] == actor.account
    assert entry["facts"] == {
        "action": "project:create",
        "resource": resource,
        "rules": [],
    }
    assert "private" not in entry


@pytest.mark.parametrize(
    "typed", ["ana-lovelace", "", "a" * 10_000, "a\ud800", "a\x00"]
)
def test_what_somebody_typed_can_be_erased(rooms: Rooms, typed: str) -> None:
    """Names once stood in the clear for ever, and long ones hid the refusal."""
    entry = refuse(rooms, rooms.actor("ana", Role.RESEARCHER), typed)

    facts = entry["facts"]
    assert isinstance(facts, dict)
    assert facts["resource"] is None
    assert "private" in entry
    assert "lovelace" not in json.dumps(entry)


def test_roles_count_as_they_are_now(rooms: Rooms) -> None:
    admin = rooms.actor("root", Role.ADMINISTRATOR)
    rooms.world.clock.pass_(seconds=1)
    rooms.people.change_state(
        rooms.actor("other", Role.ADMINISTRATOR), "root", "suspended"
    )

    with pytest.raises(DeniedError), rooms.world.ledger.reading() as reading:
        rooms.gate.require(reading, admin, "project:create", ROOM)


def test_rules_and_numbers_in_force_have_one_digest(rooms: Rooms) -> None:
    """Permits and entries name it; who has both files can compute it again."""
    policy, terms = rooms.gate.policy.digest, rooms.gate.terms.digest

    computed = canonical.digest("strongroom/v1/rules", policy, terms)
    assert rooms.gate.rules_digest == computed.hex()


def test_a_room_is_read_by_whom_policy_lets_and_each_refusal_is_recorded(
    rooms: Rooms,
) -> None:
    auditor = rooms.actor("abe", Role.AUDITOR)
    with rooms.gate.reading(auditor, "ledger:read", ID) as reading:
        before = len(list(rooms.world.ledger.entries(reading, 0)))

    ana = rooms.actor("ana", Role.RESEARCHER)
    with (
        pytest.raises(DeniedError),
        rooms.gate.reading(ana, "ledger:read", ID),
    ):
        pytest.fail("nobody may read here")

    with rooms.world.ledger.reading() as reading:
        entries = list(rooms.world.ledger.entries(reading, 0))
    document = json.loads(entries[-1].body)
    assert len(entries) > before
    assert document["facts"]["action"] == "ledger:read"
    assert document["facts"]["resource"] == ID


def test_a_refusal_of_keys_says_what_was_asked_for(rooms: Rooms) -> None:
    ana = rooms.actor("ana", Role.RESEARCHER)
    release: dict[str, Json] = {
        "permit": ID,
        "artifact": ID,
        "segments": ["block"],
    }
    with (
        pytest.raises(DeniedError),
        rooms.gate.recording_refusals(ana, "segment:release", "typed", **release),
    ):
        raise DeniedError("no", reasons=("one", "two"))

    facts = {**release, "rules": ["one", "two"]}
    said = Said(ana.account, ana.session, facts, {}, None)
    assert rooms.said("key.refused") == [said]


def test_what_was_typed_stands_beside_the_entry_of_a_refusal(rooms: Rooms) -> None:
    ana = rooms.actor("ana", Role.RESEARCHER)
    refuse(rooms, ana, "a-model")

    (said,) = rooms.said("action.refused")
    assert (said.private, said.about) == ({"named": "a-model"}, ana.account)


def test_other_errors_are_no_refusals(rooms: Rooms) -> None:
    ana = rooms.actor("ana", Role.RESEARCHER)
    with (
        pytest.raises(ConflictError),
        rooms.gate.recording_refusals(ana, "project:create", "room"),
    ):
        raise ConflictError("taken")

    assert rooms.refusals() == []


def test_a_room_without_passkeys_says_how_it_gets_some(rooms: Rooms) -> None:
    gate = Gate(
        ledger=rooms.gate.ledger, policy=rooms.gate.policy, terms=rooms.gate.terms
    )

    assert rooms.gate.require_party() == PARTY
    assert gate.password_cost == passwords.DEFAULT_COST
    with pytest.raises(SetupError, match="where passkeys work"):
        gate.require_party()


def test_a_proof_is_judged_before_a_session_begins(rooms: Rooms) -> None:
    """``hardened`` takes passkeys alone, and lets in who has no factor yet."""
    hardened = grown(rooms, Profile.HARDENED).gate
    ana = rooms.account("ana", Role.RESEARCHER)
    with rooms.world.ledger.transaction() as writing:
        hardened.admit(writing, ana, Factor.PASSKEY, writing.now)
        hardened.admit(writing, ana, Factor.PASSWORD, None)
        with pytest.raises(DeniedError) as refused:
            hardened.admit(writing, ana, Factor.TOTP, writing.now)

    assert refused.value.reasons == ("phishing-resistant-only",)


def test_whoever_proved_nothing_has_no_factor_for_the_rules(rooms: Rooms) -> None:
    root = rooms.account("root", Role.ADMINISTRATOR)
    password = rooms.session(root, Factor.PASSWORD)
    proved = rooms.session(root, Factor.TOTP)
    with rooms.world.ledger.reading() as reading:
        with pytest.raises(DeniedError) as refused:
            rooms.gate.require(reading, password, "project:create", ROOM)
        assert rooms.gate.require(reading, proved, "project:create", ROOM) == root

    assert refused.value.reasons == ("second-factor-present",)
