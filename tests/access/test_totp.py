"""Codes are RFC 6238's, work once, and leave recovery codes that work once."""

from __future__ import annotations

import json
import os
import urllib.parse
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom import canonical
from strongroom.access import totp
from strongroom.errors import DeniedError, InputError
from strongroom.types import Secret

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "totp.json").read_text())
SECRET = Secret(bytes.fromhex(VECTORS["secret_hex"]))
NOW = datetime(2026, 11, 22, 10, 0, 7, tzinfo=UTC)
STEP = int(NOW.timestamp()) // 30


@pytest.mark.parametrize("case", VECTORS["codes"], ids=lambda c: str(c["seconds"]))
def test_codes_are_the_published_ones(case: dict[str, int | str]) -> None:
    moment = datetime.fromtimestamp(int(case["seconds"]), tz=UTC)

    step = totp.verify(SECRET, str(case["code"]), now=moment, last_step=None)

    assert step == int(case["seconds"]) // 30


@given(st.integers(-3, 3))
def test_a_code_of_the_step_before_or_after_is_taken(steps: int) -> None:
    code = totp.code_at(SECRET, NOW + timedelta(seconds=30 * steps))

    if abs(steps) <= 1:
        assert totp.verify(SECRET, code, now=NOW, last_step=None) == STEP + steps
    else:
        with pytest.raises(DeniedError):
            totp.verify(SECRET, code, now=NOW, last_step=None)


@given(st.integers(-1, 1), st.integers(-3, 3))
def test_a_step_is_accepted_once_and_in_order(steps: int, last: int) -> None:
    code = totp.code_at(SECRET, NOW + timedelta(seconds=30 * steps))

    if steps > last:
        assert totp.verify(SECRET, code, now=NOW, last_step=STEP + last)
    else:
        with pytest.raises(DeniedError, match="used"):
            totp.verify(SECRET, code, now=NOW, last_step=STEP + last)


@given(st.text(max_size=80))
def test_no_other_text_is_a_code(typed: str) -> None:
    near = {totp.code_at(SECRET, NOW + timedelta(seconds=30 * s)) for s in (-1, 0, 1)}

    if typed.replace(" ", "") not in near:
        with pytest.raises(DeniedError):
            totp.verify(SECRET, typed, now=NOW, last_step=None)


@pytest.mark.parametrize("typed", ["", "12345", "١٢٣٤٥٦", "-12345", "1234567"])
def test_only_six_ascii_digits_are_compared(typed: str) -> None:
    with pytest.raises(DeniedError, match="six digits"):
        totp.verify(SECRET, typed, now=NOW, last_step=None)


def test_a_code_of_another_secret_is_refused() -> None:
    other = totp.new_secret(lambda n: bytes(range(n)))

    with pytest.raises(DeniedError):
        totp.verify(SECRET, totp.code_at(other, NOW), now=NOW, last_step=None)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(InputError):
        totp.verify(SECRET, "123456", now=NOW.replace(tzinfo=None), last_step=None)


def test_steps_are_counted_from_1970() -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)

    assert totp.code_at(SECRET, epoch) == "755224"  # RFC 4226, appendix D, count 0
    with pytest.raises(InputError, match="lies before 1970"):
        totp.code_at(SECRET, epoch - timedelta(seconds=1))


def test_the_address_for_a_phone_names_room_account_and_secret() -> None:
    uri = totp.provisioning_uri(SECRET, account_name="ana", room_name="a room")

    parts = urllib.parse.urlsplit(uri)
    query = urllib.parse.parse_qs(parts.query)

    assert parts.scheme == "otpauth"
    assert query["secret"] == ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"]
    assert query["issuer"] == ["a room"]


def test_eight_recovery_codes_work_once_each() -> None:
    numbers = iter(range(256))
    codes, hashes = totp.new_recovery_codes(
        lambda n: bytes(next(numbers) for _ in range(n))
    )
    assert len(set(codes)) == len(hashes) == totp.RECOVERY_CODES

    for left, code in zip(range(7, -1, -1), codes, strict=True):
        assert totp.is_recovery_code(code)
        hashes = totp.consume_recovery_code(f" {code.upper()} ", hashes)
        assert len(hashes) == left
        with pytest.raises(DeniedError):
            totp.consume_recovery_code(code, hashes)


def test_recovery_codes_are_not_stored() -> None:
    codes, hashes = totp.new_recovery_codes(bytes)

    assert not any(code.replace("-", "") in "".join(hashes) for code in codes)


@given(st.text())
def test_no_other_text_is_a_recovery_code(typed: str) -> None:
    _, hashes = totp.new_recovery_codes(lambda n: b"\x5a" * n)

    with pytest.raises(DeniedError):
        totp.consume_recovery_code(typed, hashes)


def test_a_totp_code_is_no_recovery_code() -> None:
    assert not totp.is_recovery_code("123456")
    assert not totp.is_recovery_code("a" * 100)


def test_a_secret_has_the_bytes_that_its_hash_deserves() -> None:
    """RFC 4226 section 4: 160 bits."""
    assert len(totp.new_secret(bytes).reveal()) == 20


def test_what_is_too_long_is_no_code() -> None:
    code = totp.code_at(SECRET, NOW)
    assert totp.verify(SECRET, code.rjust(64), now=NOW, last_step=None) == STEP
    with pytest.raises(DeniedError, match="six digits"):
        totp.verify(SECRET, code.rjust(65), now=NOW, last_step=None)


def test_recovery_codes_are_groups_of_four_and_found_by_a_published_hash() -> None:
    codes, hashes = totp.new_recovery_codes(lambda count: bytes(range(count)))

    assert codes == ["aaaq-eaye-auda-ocaj"] * 8
    plain = codes[0].replace("-", "")
    assert len(plain) == 16
    assert hashes == (canonical.digest("strongroom/v1/recovery-code", plain).hex(),) * 8


def test_a_recovery_code_may_be_typed_with_blanks_up_to_64_characters() -> None:
    codes, hashes = totp.new_recovery_codes(os.urandom)
    code = codes[5]

    assert totp.is_recovery_code(code.rjust(64))
    assert not totp.is_recovery_code(code.rjust(65))
    assert not totp.is_recovery_code(code + "a")
    left = totp.consume_recovery_code(code.upper().rjust(64), hashes)
    assert left == hashes[:5] + hashes[6:]


def test_the_first_code_there_was_is_taken_and_used_up() -> None:
    """Nothing lies before step 0, and 0 is a step like any other."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)

    assert totp.verify(SECRET, "755224", now=epoch, last_step=None) == 0
    with pytest.raises(DeniedError, match="this code was used"):
        totp.verify(SECRET, "755224", now=epoch, last_step=0)
    with pytest.raises(DeniedError, match="the code is wrong"):
        totp.verify(SECRET, "755225", now=epoch, last_step=None)


def test_a_step_ends_after_thirty_seconds() -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    at = {s: totp.code_at(SECRET, epoch + timedelta(seconds=s)) for s in (0, 29, 30)}

    assert (at[29], at[30]) == ("755224", "287082")  # RFC 4226, appendix D, 0 and 1
