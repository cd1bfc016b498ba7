"""Passwords as Argon2id hashes, with a bound on what a stored hash may cost.

Source: RFC 9106 section 4, second recommended option; NIST SP 800-63B-4
section 3.1.1 for lengths.
"""

from __future__ import annotations

import base64
import os
import re
import unicodedata
from dataclasses import dataclass
from typing import Final, NoReturn

import argon2
from argon2.exceptions import (
    HashingError,
    VerificationError,
    VerifyMismatchError,
)

from strongroom.errors import (
    DeniedError,
    InputError,
    IntegrityError,
    UnavailableError,
)
from strongroom.types import Random, Secret

MIN_CHARACTERS: Final = 12
MAX_BYTES: Final = 1024
"""Longer input is refused before it is hashed."""

_SALT_BYTES = 16
_HASH_BYTES = 32
_HASH_CHARACTERS = 200
_MIN_MEMORY_KIB = 19 * 1024  # the least that OWASP's cheat sheet allows
_MAX_MEMORY_KIB = 256 * 1024  # a forged row must not take the machine's memory
_MAX_PASSES = 10
_MAX_LANES = 8
_STORED = re.compile(
    r"\$argon2id\$v=19\$m=([1-9][0-9]{0,9}),t=([1-9][0-9]{0,3}),p=([1-9][0-9]{0,3})"
    r"\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})",
    re.ASCII,
)
_WRONG = "name or password is wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one guess costs.

    Attributes:
        memory_kib: Memory in KiB.
        passes: How often it is filled.
        lanes: Threads that may fill it.
    """

    memory_kib: int = 64 * 1024
    passes: int = 3
    lanes: int = 4

    def __post_init__(self) -> None:
        if not _MIN_MEMORY_KIB <= self.memory_kib <= _MAX_MEMORY_KIB:
            raise InputError(f"{self.memory_kib} KiB is outside the bounds of Argon2id")
        if not 1 <= self.passes <= _MAX_PASSES or not 1 <= self.lanes <= _MAX_LANES:
            raise InputError("passes or lanes are outside the bounds of Argon2id")


DEFAULT_COST: Final = Cost()

# Of no password that anybody knows: random bytes in place of salt and hash, so that
# asking for an account that does not exist takes as long as a wrong password.
_NOBODY = "zod+1yzA0NwanKvvTUw26g$HtFZU0RkNu3eJZQQgj15Nnn6XaEb7ID+gpOkKJ/demc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The password was right.

    Attributes:
        needs_rehash: Whether it should be hashed again, since the stored hash
            has another cost than the present one.
    """

    needs_rehash: bool


def hash_password(
    password: Secret, *, random: Random = os.urandom, cost: Cost = DEFAULT_COST
) -> str:
    """Return the Argon2id hash of ``password`` in PHC string form.

    Raises:
        InputError: It is shorter than 12 characters, longer than 1,024 bytes,
            no UTF-8, or made of fewer than five different characters.
        UnavailableError: There is not enough memory.
    """
    text = _normal(password)
    characters = text.decode()
    if len(characters) < MIN_CHARACTERS:
        raise InputError(
            f"a password has at least {MIN_CHARACTERS} characters",
            hint="four or five random words are easy to remember",
        )
    if len(set(characters)) < 5:  # noqa: PLR2004 - stated in Raises
        raise InputError("a password has at least five different characters")
    try:
        return _hasher(cost).hash(text, salt=random(_SALT_BYTES))
    except HashingError:
        raise UnavailableError("not enough memory to hash a password") from None


def verify_password(
    stored: str, password: Secret, *, cost: Cost = DEFAULT_COST
) -> Verified:
    """Check ``password`` against a stored hash.

    Args:
        stored: What ``hash_password`` returned.
        password: What was typed.
        cost: The present cost, to say whether the hash should be renewed.

    Raises:
        DeniedError: The password is wrong.
        IntegrityError: ``stored`` is no Argon2id hash, or would cost more or
            less than ``Cost`` allows.
        UnavailableError: There is not enough memory.
    """
    _check_stored(stored)
    hasher = _hasher(cost)
    try:
        hasher.verify(stored, _normal(password))
    except (VerifyMismatchError, InputError):
        raise DeniedError(_WRONG) from None
    except VerificationError:
        raise UnavailableError("not enough memory to check a password") from None
    return Verified(needs_rehash=hasher.check_needs_rehash(stored))


def verify_nobody(password: Secret, *, cost: Cost = DEFAULT_COST) -> NoReturn:
    """Refuse ``password`` for an account that does not exist.

    It takes as long and says the same as for a wrong password, so that nobody
    learns which accounts exist.

    Args:
        password: What was typed.
        cost: The present cost, which is that of the accounts that do exist.

    Raises:
        DeniedError: Always.
        UnavailableError: There is not enough memory.
    """
    verify_password(_hash_of_nobody(cost), password)
    raise DeniedError(_WRONG)


def _hash_of_nobody(cost: Cost) -> str:
    costs = f"m={cost.memory_kib},t={cost.passes},p={cost.lanes}"
    return f"$argon2id$v=19${costs}${_NOBODY}"


def _normal(password: Secret) -> bytes:
    """Return the bytes that are hashed: NFC, so that keyboards agree.

    Raises:
        InputError: It is longer than 1,024 bytes or no UTF-8.
    """
    if len(password) > MAX_BYTES:
        raise InputError(f"a password has at most {MAX_BYTES} bytes")
    try:
        text = password.reveal().decode()
    except UnicodeDecodeError:
        raise InputError("a password is UTF-8 text") from None
    return unicodedata.normalize("NFC", text).encode()


def _hasher(cost: Cost) -> argon2.PasswordHasher:
    return argon2.PasswordHasher(
        time_cost=cost.passes,
        memory_cost=cost.memory_kib,
        parallelism=cost.lanes,
        hash_len=_HASH_BYTES,
        salt_len=_SALT_BYTES,
    )


def _check_stored(stored: str) -> None:
    """Refuse a hash before it costs anything.

    Raises:
        IntegrityError: It is not one that ``hash_password`` could have written.
    """
    found = _STORED.fullmatch(stored[:_HASH_CHARACTERS])
    if found is None or len(stored) > _HASH_CHARACTERS:
        raise IntegrityError("a stored password hash is not Argon2id version 19")
    memory, passes, lanes, salt, hashed = found.groups()
    try:
        Cost(memory_kib=int(memory), passes=int(passes), lanes=int(lanes))
    except InputError:
        raise IntegrityError("a stored password hash costs too much") from None
    for text in (salt, hashed):
        raw = base64.b64decode(text + "=" * (-len(text) % 4))
        if base64.b64encode(raw).decode().rstrip("=") != text:
            raise IntegrityError("a stored password hash has stray bits")
