"""A key from a passphrase, at a cost that the file states and we bound.

Source: RFC 9106 (Argon2id).
"""

from __future__ import annotations

from dataclasses import dataclass

import argon2
from argon2.low_level import ARGON2_VERSION, Type, hash_secret_raw

from strongroom.errors import InputError, UnavailableError
from strongroom.types import Secret

KEY_BYTES = 32
SALT_BYTES = 16

_MAX_PASSPHRASE_BYTES = 1024
_MEMORY_KIB = (19 * 1024, 1024 * 1024)
_PASSES = (2, 16)
_LANES = (1, 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one guess at a passphrase costs.

    The default is the second choice of RFC 9106.  Below the floor (19 MiB, two
    passes, OWASP's minimum) guessing is cheap; above the ceiling a file could
    hold the reader's machine: both are refused before anything is computed.

    Attributes:
        memory_kib: Memory in KiB, 19 MiB to 1 GiB.
        passes: Passes over it, 2 to 16.
        lanes: Parallel lanes, 1 to 16.
    """

    memory_kib: int = 64 * 1024
    passes: int = 3
    lanes: int = 4

    def __post_init__(self) -> None:
        for value, (floor, ceiling), what in (
            (self.memory_kib, _MEMORY_KIB, "KiB of argon2 memory"),
            (self.passes, _PASSES, "argon2 passes"),
            (self.lanes, _LANES, "argon2 lanes"),
        ):
            if not floor <= value <= ceiling:
                raise InputError(f"{value} {what} are not in {floor} to {ceiling}")


def derive(passphrase: Secret, salt: bytes, cost: Cost) -> Secret:
    """Return the 32-byte key that this passphrase yields.

    Args:
        passphrase: What the person typed, UTF-8; not empty, at most 1024 bytes.
        salt: 16 random bytes.
        cost: Checked at construction.

    Raises:
        InputError: The passphrase is empty or too long, or the salt is not 16
            bytes.
        UnavailableError: There is not enough memory.
    """
    if not 0 < len(passphrase) <= _MAX_PASSPHRASE_BYTES:
        raise InputError("a passphrase has 1 to 1024 bytes")
    if len(salt) != SALT_BYTES:
        raise InputError(f"a salt has {SALT_BYTES} bytes, this has {len(salt)}")
    try:
        key = hash_secret_raw(
            secret=passphrase.reveal(),
            salt=salt,
            time_cost=cost.passes,
            memory_cost=cost.memory_kib,
            parallelism=cost.lanes,
            hash_len=KEY_BYTES,
            type=Type.ID,
            version=ARGON2_VERSION,
        )
    except argon2.exceptions.HashingError:
        raise UnavailableError(
            f"no {cost.memory_kib // 1024} MiB of memory for the passphrase",
            hint="close something and try again",
        ) from None
    return Secret(key)
