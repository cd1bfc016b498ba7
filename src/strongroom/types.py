"""Ids, secrets and the choices that every part of Strongroom shares.

Ids are random, are never reused and say in their first letters what they name:
``permit-`` and 26 base32 characters that carry 16 random bytes.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable
from enum import StrEnum
from typing import NewType, TypeAlias

from strongroom.errors import InputError

RoomId = NewType("RoomId", str)
AccountId = NewType("AccountId", str)
TeamId = NewType("TeamId", str)
ProjectId = NewType("ProjectId", str)
SessionId = NewType("SessionId", str)
ArtifactId = NewType("ArtifactId", str)
SegmentId = NewType("SegmentId", str)
RequestId = NewType("RequestId", str)
ApprovalId = NewType("ApprovalId", str)
PermitId = NewType("PermitId", str)
PasskeyId = NewType("PasskeyId", str)
IntakeId = NewType("IntakeId", str)
SourceId = NewType("SourceId", str)

Random: TypeAlias = Callable[[int], bytes]
"""Gives that many random bytes; ``os.urandom`` outside tests."""

ID_BYTES = 16
"""Random bytes in an id: two ids of 2**64 collide once in a lifetime."""

_TEXT = re.compile("[a-z2-7]{26}")
_DIGITS = str.maketrans(
    "abcdefghijklmnopqrstuvwxyz234567", "0123456789abcdefghijklmnopqrstuv"
)
_STRAY = 0b11  # 26 characters carry two bits more than 16 bytes


LEAST_START = 4
"""Characters of an id that a person types at least: 20 bits of it."""


def new_id(kind: str, random: Random) -> str:
    """Return a fresh id such as ``permit-…`` (26 base32 characters)."""
    return f"{kind}-{_base32(random(ID_BYTES))}"


def id_bytes(identifier: str) -> bytes:
    """Return the 16 random bytes of an id, for binary headers.

    Raises:
        InputError: It is not an id.
    """
    text = identifier.rpartition("-")[2]
    # Python's own base 32 has other digits; ``base64`` takes six times as long.
    number = int(text.translate(_DIGITS), 32) if _TEXT.fullmatch(text) else _STRAY
    if number & _STRAY:  # the same bytes in a second form
        raise InputError(f"{identifier[:80]!r} is not an id")
    return (number >> 2).to_bytes(ID_BYTES, "big")


def check_says_which(text: str, *kinds: str) -> None:
    """Check that ``text`` says which thing is meant, and is not just a kind of it.

    A room may have a single permit or request: then anything that every id starts
    with would name it, such as a variable that a script forgot to fill.

    Raises:
        InputError: It has fewer than ``LEAST_START`` characters of an id.
    """
    own = text
    for kind in kinds:
        own = own.removeprefix(f"{kind}-")
    if len(own) < LEAST_START or any(f"{kind}-".startswith(own) for kind in kinds):
        raise InputError(
            f"{text[:80]!r} does not say which {kinds[0]}",
            hint=f"type its id, or at least {LEAST_START} characters after the hyphen",
        )


def _base32(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=").lower()


class Secret:
    """Bytes that no log line, traceback or pickle shows.

    Python cannot promise to wipe them: copies may stay in memory until reused.
    """

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    def reveal(self) -> bytes:
        """Return the bytes; the caller must not log, raise or store them."""
        return self._value

    def __len__(self) -> int:
        return len(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value, other._value)

    def __hash__(self) -> int:
        raise TypeError("a secret is not a key of a dictionary")

    def __repr__(self) -> str:
        return "Secret(...)"

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")


class Profile(StrEnum):
    """How many people a house has to keep apart."""

    SOLO = "solo"
    SMALL = "small"
    STANDARD = "standard"
    HARDENED = "hardened"


class Classification(StrEnum):
    """How much an artifact is guarded, from least to most."""

    OPEN = "open"
    INTERNAL = "internal"
    RESTRICTED = "restricted"

    @property
    def rank(self) -> int:
        """Position in the order; an artifact never ranks below its parent."""
        return list(Classification).index(self)


class AccountKind(StrEnum):
    """Who or what acts; the last two have an owner who is a person."""

    PERSON = "person"
    SERVICE = "service"
    AGENT = "agent"


class Role(StrEnum):
    """What an account is for; rules combine them, ``solo`` gives all to one."""

    ADMINISTRATOR = "administrator"
    KEY_HOLDER = "key-holder"
    APPROVER = "approver"
    RESEARCHER = "researcher"
    OPERATOR = "operator"
    ANALYST = "analyst"
    AUDITOR = "auditor"


class Factor(StrEnum):
    """How a session proved who sits there."""

    PASSPHRASE = "passphrase"  # noqa: S105 (a kind of factor)
    PASSWORD = "password"  # noqa: S105 (a kind of factor)
    TOTP = "totp"
    RECOVERY_CODE = "recovery-code"
    PASSKEY = "passkey"
