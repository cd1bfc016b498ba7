"""An authenticator is asked for what WebAuthn says, and for nothing weaker."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from strongroom.access.accounts import Account, AccountState
from strongroom.access.ceremonies import creation_options, request_options
from strongroom.settings import RelyingParty
from strongroom.types import AccountId, AccountKind, TeamId
from tests.authenticator import bytes_of

PARTY = RelyingParty.at("rooms.example")
ANA = Account(
    id=AccountId("account-a"),
    name="ana",
    kind=AccountKind.PERSON,
    team=TeamId("team-a"),
    owner=None,
    roles=(),
    state=AccountState.ACTIVE,
    password_hash=None,
    enrolment_hash=None,
    enrolment_until=None,
    created_at=datetime(2026, 11, 22, tzinfo=UTC),
)


def test_a_new_passkey_checks_its_user_and_shows_no_vendor() -> None:
    asked = json.loads(
        creation_options(ANA, challenge=bytes(32), party=PARTY, known=[b"old"])
    )

    assert asked == {
        "rp": {"id": "rooms.example", "name": "Strongroom"},
        "user": {"id": "YWNjb3VudC1h", "name": "ana", "displayName": "ana"},
        "challenge": "A" * 43,
        "pubKeyCredParams": [
            {"type": "public-key", "alg": -7},
            {"type": "public-key", "alg": -8},
            {"type": "public-key", "alg": -257},
        ],
        "timeout": 120_000,  # milliseconds
        "excludeCredentials": [{"type": "public-key", "id": "b2xk"}],
        "authenticatorSelection": {
            "residentKey": "discouraged",
            "userVerification": "required",
        },
        "attestation": "none",
    }


def test_a_passkey_is_asked_for_by_name_and_checks_its_user() -> None:
    asked = json.loads(
        request_options(challenge=b"c" * 32, party=PARTY, known=[b"one", b"two"])
    )

    assert bytes_of(asked["challenge"]) == b"c" * 32
    assert asked == {
        "challenge": asked["challenge"],
        "timeout": 120_000,
        "rpId": "rooms.example",
        "allowCredentials": [
            {"type": "public-key", "id": "b25l"},
            {"type": "public-key", "id": "dHdv"},
        ],
        "userVerification": "required",
    }
