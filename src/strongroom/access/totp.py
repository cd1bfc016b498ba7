"""Time-based one-time codes, and the recovery codes for a lost phone.

Pure: the caller keeps the last accepted step and the remaining hashes, and
stores both in the transaction that the code opens.

Source: RFC 6238; RFC 4226 section 5.3; the step is counted as in RFC 6238
section 4.2.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import pyotp

from strongroom import canonical
from strongroom.errors import DeniedError, InputError
from strongroom.types import Random, Secret

SECRET_BYTES: Final = 20
"""RFC 4226 section 4 asks for 160 bits with HMAC-SHA-1."""

STEP_SECONDS: Final = 30
WINDOW_STEPS: Final = 1
"""A code of the step before or after is taken: phones drift."""

RECOVERY_CODES: Final = 8
RECOVERY_BYTES: Final = 10
"""80 random bits a code: nothing to guess, so a fast hash is enough."""

_CODE = re.compile(r"[0-9]{6}", re.ASCII)
_RECOVERY_CODE = re.compile(r"[a-z2-7]{16}", re.ASCII)
_TYPED_CHARACTERS = 64


def new_secret(random: Random) -> Secret:
    """Return 20 fresh random bytes for one account's phone."""
    return Secret(random(SECRET_BYTES))


def verify(secret: Secret, code: str, *, now: datetime, last_step: int | None) -> int:
    """Return the step that ``code`` belongs to; the caller stores it.

    Args:
        secret: What ``new_secret`` returned.
        code: Six digits; spaces between them are ignored.
        now: The present, with a time zone.
        last_step: The newest step that was ever accepted for this secret; None
            when there is none.

    Raises:
        DeniedError: The code is wrong, or its step was used or passed over.
    """
    digits = code.replace(" ", "") if len(code) <= _TYPED_CHARACTERS else ""
    if not _CODE.fullmatch(digits):
        raise DeniedError("a code has six digits")
    present = _step(now)
    otp = pyotp.TOTP(_base32(secret), interval=STEP_SECONDS)
    window = range(max(present - WINDOW_STEPS, 0), present + WINDOW_STEPS + 1)
    # Every step is compared, so that the time does not tell which one matched.
    matching = [s for s in window if hmac.compare_digest(otp.generate_otp(s), digits)]
    fresh = [step for step in matching if last_step is None or step > last_step]
    if matching and not fresh:
        raise DeniedError("this code was used", hint="wait for the next one")
    if not fresh:
        raise DeniedError(
            "the code is wrong", hint="check that the phone's clock is right"
        )
    return fresh[0]


def provisioning_uri(secret: Secret, *, account_name: str, room_name: str) -> str:
    """Return the ``otpauth:`` address that a phone reads from a QR code.

    It holds the secret: show it once, never log it.
    """
    otp = pyotp.TOTP(_base32(secret), interval=STEP_SECONDS)
    return otp.provisioning_uri(name=account_name, issuer_name=room_name)


def code_at(secret: Secret, now: datetime) -> str:
    """Return the code that a phone shows at ``now``; for the demo and for tests."""
    return pyotp.TOTP(_base32(secret), interval=STEP_SECONDS).generate_otp(_step(now))


def new_recovery_codes(random: Random) -> tuple[list[str], tuple[str, ...]]:
    """Return eight fresh codes such as ``abcd-efgh-ijkl-mnop``, and their hashes.

    The codes are shown once and never stored; the hashes (hexadecimal SHA-256)
    are what is stored.
    """
    raw = [random(RECOVERY_BYTES) for _ in range(RECOVERY_CODES)]
    plain = [base64.b32encode(value).decode().lower() for value in raw]
    codes = ["-".join(re.findall("....", text)) for text in plain]
    return codes, tuple(_recovery_hash(text) for text in plain)


def is_recovery_code(code: str) -> bool:
    """Return whether ``code`` has the form of a recovery code; it may be wrong."""
    return _RECOVERY_CODE.fullmatch(_plain(code)) is not None


def consume_recovery_code(code: str, hashes: Sequence[str]) -> tuple[str, ...]:
    """Return the hashes that remain after ``code`` was used once.

    Args:
        code: What was typed; case, spaces and dashes do not matter.
        hashes: What is stored for the account.

    Raises:
        DeniedError: No stored hash is of this code.
    """
    wanted = _recovery_hash(_plain(code)) if is_recovery_code(code) else ""
    used = [hmac.compare_digest(stored, wanted) for stored in hashes]
    if not any(used):
        raise DeniedError("the recovery code is wrong, or was used")
    return tuple(h for h, gone in zip(hashes, used, strict=True) if not gone)


def _plain(code: str) -> str:
    """Return a recovery code without what a person may type around it."""
    if len(code) > _TYPED_CHARACTERS:
        return ""
    return re.sub(r"[\s-]", "", code).lower()


def _recovery_hash(text: str) -> str:
    return canonical.digest("strongroom/v1/recovery-code", text).hex()


def _base32(secret: Secret) -> str:
    return base64.b32encode(secret.reveal()).decode()


def _step(now: datetime) -> int:
    """Return how many steps of 30 seconds have passed since 1970.

    Raises:
        InputError: ``now`` has no time zone or lies before 1970.
    """
    if now.tzinfo is None:
        raise InputError("a time without a zone")
    step = int(now.timestamp()) // STEP_SECONDS
    if step < 0:
        raise InputError(f"{now.isoformat()} lies before 1970")
    return step
