"""What every authenticator does for whoever asks it, as its port promises."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from strongroom.access.assertions import (
    Registered,
    parse_assertion,
    verify_assertion,
    verify_registration,
)
from strongroom.access.authenticators.port import Authenticator
from strongroom.access.authenticators.program import ProgramAuthenticator
from strongroom.errors import DeniedError, UnavailableError
from strongroom.settings import RelyingParty
from strongroom.types import Secret
from tests.authenticator import SoftAuthenticator, text_of
from tests.conftest import require

if TYPE_CHECKING:
    from tests.security_key import SecurityKey

PARTY = RelyingParty.at("rooms.example")
CHALLENGE = bytes(range(32))
Make = Callable[[], Authenticator]


def software(_: Path) -> Authenticator:
    return SoftAuthenticator(origin=PARTY.origins[0])


def program(folder: Path) -> Authenticator:
    command = [sys.executable, "-m", "tests.authenticator", str(folder / "keys")]
    return ProgramAuthenticator(command, origin=PARTY.origins[0])


def device(_: Path) -> Authenticator:
    return with_key(security_key())


def security_key() -> SecurityKey:
    require("fido2", present=find_spec("fido2") is not None)
    from tests.security_key import SecurityKey  # noqa: PLC0415  an extra

    return SecurityKey()


def with_key(key: SecurityKey) -> Authenticator:
    from strongroom.access.authenticators.device import (  # noqa: PLC0415  an extra
        DeviceAuthenticator,
    )

    return DeviceAuthenticator(
        key, origin=PARTY.origins[0], pin=lambda: Secret(b"1234"), say=lambda _: None
    )


@pytest.fixture(params=[software, program, device], ids=lambda make: make.__name__)
def authenticator(request: pytest.FixtureRequest, tmp_path: Path) -> Authenticator:
    made: Authenticator = request.param(tmp_path)
    return made


def creation() -> str:
    return json.dumps(
        {
            "rp": {"id": PARTY.domain, "name": "Strongroom"},
            "user": {"id": text_of(b"ana"), "name": "ana", "displayName": "ana"},
            "challenge": text_of(CHALLENGE),
            "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
            "authenticatorSelection": {"userVerification": "required"},
            "attestation": "none",
        }
    )


def request(*credentials: bytes) -> str:
    return json.dumps(
        {
            "challenge": text_of(CHALLENGE),
            "rpId": PARTY.domain,
            "allowCredentials": [
                {"type": "public-key", "id": text_of(c)} for c in credentials
            ],
            "userVerification": "required",
        }
    )


def made(authenticator: Authenticator) -> Registered:
    answer = authenticator.create(creation())
    return verify_registration(answer, challenge=CHALLENGE, party=PARTY)


def test_a_passkey_that_it_made_signs(authenticator: Authenticator) -> None:
    known = made(authenticator)
    counts = [
        verify_assertion(
            parse_assertion(authenticator.get(request(known.credential))),
            public_key=known.public_key,
            challenge=CHALLENGE,
            party=PARTY,
        )
        for _ in range(2)
    ]

    assert known.sign_count < counts[0] < counts[1]


def test_it_finds_its_passkey_among_others(authenticator: Authenticator) -> None:
    known = made(authenticator)
    answer = authenticator.get(request(b"another" * 4, known.credential))

    assert parse_assertion(answer).credential == known.credential


def test_a_device_that_refuses_is_a_refusal() -> None:
    key = security_key()
    key.refuses = True

    with pytest.raises(DeniedError, match="refused"):
        with_key(key).create(creation())


def test_a_device_without_the_passkey_does_not_answer() -> None:
    with pytest.raises(UnavailableError, match="did not answer"):
        with_key(security_key()).get(request(b"somebody else's"))
