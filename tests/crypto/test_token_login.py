"""Finding a token and logging in: every refusal says what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from strongroom.crypto.token_login import log_in, pin_problem, tokens
from strongroom.crypto.token_uri import TokenUri
from strongroom.errors import DeniedError, MissingError, SetupError
from strongroom.types import Secret
from tests.softhsm import PIN, SoftHsm


@pytest.mark.parametrize("pin", [b"wrong 123", b"1", b"\xff\xfe\xfd\xfc", b"x" * 300])
def test_a_wrong_pin_is_refused_and_not_repeated(hsm: SoftHsm, pin: bytes) -> None:
    uri = hsm.new_token()

    with pytest.raises(DeniedError, match="PIN does not open") as raised:
        log_in(uri, Secret(pin), writing=False)
    assert "wrong 123" not in str(raised.value)
    log_in(uri, PIN, writing=False)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (0x0042D, ""),
        (0x10000, "was given"),
        (0x30000, "locks at the next wrong PIN"),
        (0x70000, "is locked"),
    ],
)
def test_what_a_token_says_of_its_pin_is_said_in_words(flags: int, said: str) -> None:
    """SoftHSM sets none of the last two; other tokens do (CKF_USER_PIN_…)."""
    assert said in pin_problem("room", flags)
    assert bool(pin_problem("room", flags)) == bool(said)


def test_two_tokens_with_one_label_are_told_apart_by_serial(hsm: SoftHsm) -> None:
    uri = hsm.new_token("twin")
    hsm.new_token("twin")
    serials = [serial for label, serial in tokens(hsm.library) if label == "twin"]

    with pytest.raises(SetupError, match="2 tokens have the label 'twin'") as raised:
        log_in(uri, PIN, writing=False)
    assert len(set(serials)) == 2
    assert all(serial in raised.value.hint for serial in serials)
    log_in(replace(uri, serial=serials[0]), PIN, writing=False)


def test_a_token_that_is_not_there_is_named(hsm: SoftHsm) -> None:
    uri = hsm.new_token()

    with pytest.raises(MissingError, match="no token 'other'"):
        log_in(replace(uri, token="other"), PIN, writing=False)
    with pytest.raises(MissingError, match="with serial 7"):
        log_in(replace(uri, serial="7"), PIN, writing=False)


def test_what_is_no_library_is_refused(hsm: SoftHsm) -> None:
    del hsm  # that python-pkcs11 is here
    for path in ("/nowhere.so", "/etc/hostname"):
        with pytest.raises(SetupError, match="no PKCS#11 library"):
            log_in(TokenUri(token="a", module=path), PIN, writing=False)


def test_a_process_logs_in_once(hsm: SoftHsm) -> None:
    """The second adapter of a process joins its login; its PIN is not looked at."""
    uri = hsm.new_token()
    first = log_in(uri, PIN, writing=True)
    second = log_in(uri, Secret(b"anything"), writing=False)

    assert {first.token.label, second.token.label} == {uri.token}
