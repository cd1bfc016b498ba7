"""What every authenticator does for whoever asks it, as its port promises."""

from __future__ import annotations

import json
import sys
import unicodedata
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
from strongroom.errors import (
    DeniedError,
    SetupError,
    StrongroomError,
    UnavailableError,
)
from strongroom.settings import RelyingParty
from strongroom.types import Secret
from tests.authenticator import SoftAuthenticator, bytes_of, read_cbor, text_of
from tests.conftest import require

if TYPE_CHECKING:
    from tests.security_key import SecurityKey

PARTY = RelyingParty.at("rooms.example")
CHALLENGE = bytes(range(32))
GET = 2  # of CTAP, as 1 makes a passkey and 4 says what a key can
PIN = "pâte 1234"  # the key gets it composed, however it was typed
Make = Callable[[], Authenticator]


def software(_: Path) -> Authenticator:
    return SoftAuthenticator(origin=PARTY.origins[0])


def program(folder: Path) -> Authenticator:
    command = [sys.executable, "-m", "tests.authenticator", str(folder / "keys")]
    return ProgramAuthenticator(command, origin=PARTY.origins[0])


def device(_: Path) -> Authenticator:
    return with_key(security_key())


def device_with_a_pin(_: Path) -> Authenticator:
    return with_key(security_key(PIN))


def security_key(pin: str | None = None) -> SecurityKey:
    """Return a key with a fingerprint reader, or one with a PIN."""
    require("fido2", present=find_spec("fido2") is not None)
    from tests.security_key import SecurityKey  # noqa: PLC0415  an extra

    return SecurityKey(finger=pin is None, pin=pin)


def with_key(
    key: SecurityKey,
    typed: str | bytes = PIN,
    say: Callable[[str], None] = lambda _: None,
) -> Authenticator:
    from strongroom.access.authenticators.device import (  # noqa: PLC0415  an extra
        DeviceAuthenticator,
    )

    pin = typed.encode() if isinstance(typed, str) else typed
    return DeviceAuthenticator(
        key,
        origin=PARTY.origins[0],
        pin=lambda: Secret(pin),
        say=say,
    )


@pytest.fixture(
    params=[software, program, device, device_with_a_pin],
    ids=lambda make: make.__name__,
)
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


def test_a_pin_is_composed_before_the_key_gets_it() -> None:
    """Typed as letter and accent, it was another PIN, and cost one of the tries."""
    key = security_key(PIN)

    assert made(with_key(key, unicodedata.normalize("NFD", PIN)))
    assert key.tries == 8


def test_a_wrong_pin_says_how_many_tries_are_left_until_the_key_is_blocked() -> None:
    """All of it was one sentence, that the PIN may be wrong or not set."""
    key = security_key(PIN)
    wrong, right = with_key(key, "0000"), with_key(key)
    for left in (7, 6):
        with pytest.raises(DeniedError, match="PIN of the security key is wrong") as no:
            wrong.create(creation())
        assert no.value.hint == f"{left} tries are left"
    for authenticator in (wrong, right):  # also the right one, until it is taken out
        with pytest.raises(DeniedError, match="takes no more PINs for now") as no:
            authenticator.create(creation())
        assert "put it in again" in no.value.hint

    key.row = 0  # taken out
    assert made(right)
    key.tries = 1
    for authenticator in (wrong, right):
        with pytest.raises(DeniedError, match="blocked for good"):
            authenticator.create(creation())


def test_a_pin_that_is_no_text_is_a_wrong_one() -> None:
    """A terminal of another encoding, or a key that was pressed by mistake."""
    key = security_key(PIN)

    with pytest.raises(DeniedError, match="PIN of the security key is wrong"):
        with_key(key, PIN.encode("latin-1")).create(creation())
    assert key.tries == 7


def test_a_key_without_pin_or_finger_says_so_and_not_that_it_was_not_touched() -> None:
    for key in (security_key(""), security_key()):
        key.finger = False
        with pytest.raises(SetupError, match="neither PIN nor fingerprint") as refused:
            with_key(key).create(creation())
        assert "set a PIN" in refused.value.hint


def test_no_pin_typed_is_no_try() -> None:
    key = security_key(PIN)
    with pytest.raises(DeniedError, match="wants its PIN"):
        with_key(key, "").create(creation())
    assert key.tries == 8


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [
        (0x27, DeniedError, "refused"),
        (0x19, DeniedError, "has a passkey of this account"),
        (0x2F, UnavailableError, "nobody touched"),
        (0x37, SetupError, "wants another PIN first"),
        (0x7F, DeniedError, "refused"),
    ],
)
def test_what_a_device_answers_is_one_sentence(
    status: int, error: type[Exception], message: str
) -> None:
    key = security_key()
    key.says = bytes([status])

    with pytest.raises(error, match=message):
        with_key(key).create(creation())


def test_a_device_without_the_passkey_does_not_answer() -> None:
    for key in (security_key(), security_key(PIN)):
        with pytest.raises(UnavailableError, match="no passkey of this account"):
            with_key(key).get(request(b"somebody else's"))


@pytest.mark.parametrize("message", [1, GET, 4])
def test_a_device_that_was_pulled_out_is_unavailable(message: int) -> None:
    key = security_key()
    made(with_key(key))
    (credential,) = key.soft.credentials
    key.lost_at = message

    def use() -> None:
        authenticator = with_key(key)
        if message == GET:
            authenticator.get(request(credential))
        authenticator.create(creation())

    with pytest.raises(UnavailableError, match="the security key: No such device"):
        use()


def test_a_device_that_does_not_count_has_few_tries_left() -> None:
    key = security_key(PIN)
    key.tells_tries = False

    with pytest.raises(DeniedError, match="PIN of the security key is wrong") as no:
        with_key(key, "0000").create(creation())
    assert no.value.hint == "few tries are left"


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (0x27, "touch it with the finger that it knows"),
        (0x2F, "touch it while it blinks"),
        (0x37, "change it with its vendor's program"),
        (0x19, "put in another one"),
        (0x2E, "put in the other one"),
    ],
)
def test_what_to_do_about_an_answer_is_said(status: int, hint: str) -> None:
    key = security_key()
    key.says = bytes([status])

    with pytest.raises(StrongroomError) as refused:
        with_key(key).create(creation())
    assert refused.value.hint == hint


def test_a_passkey_says_nothing_of_its_vendor() -> None:
    """The key answers with a packed attestation; what is handed on has none."""
    answer = json.loads(with_key(security_key()).create(creation()))

    attested = read_cbor(bytes_of(answer["response"]["attestationObject"]))
    assert (attested["fmt"], attested["attStmt"]) == ("none", {})
    assert set(attested) == {"fmt", "attStmt", "authData"}


def test_somebody_is_told_to_touch_the_key() -> None:
    """Not by every key: the library asks those that tell it that they wait."""
    require("fido2", present=find_spec("fido2") is not None)
    from strongroom.access.authenticators.device import (  # noqa: PLC0415  an extra
        _Talking,
    )

    said: list[str] = []
    _Talking(lambda: Secret(b""), said.append).prompt_up()
    assert said == ["touch the security key"]


@pytest.mark.parametrize(
    "data", [b"", b"a", b"ab", b"abc", b"\x5d\x75\xd7", b"\xfb\xff"]
)
def test_bytes_are_url_safe_text_without_padding(data: bytes) -> None:
    require("fido2", present=find_spec("fido2") is not None)
    from strongroom.access.authenticators.device import (  # noqa: PLC0415  an extra
        _text,
    )

    assert _text(data) == text_of(data)
    assert bytes_of(_text(data)) == data
