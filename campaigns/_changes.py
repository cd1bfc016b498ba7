"""What somebody does to bytes that are not theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeAlias

Change: TypeAlias = Callable[[Random, bytes, Sequence[bytes]], bytes]
"""Gives changed bytes from honest ones and others of the same kind."""


def flip(random: Random, honest: bytes, _: Sequence[bytes]) -> bytes:
    """Return the bytes with one bit flipped."""
    data = bytearray(honest)
    data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return bytes(data)


def cut(random: Random, honest: bytes, _: Sequence[bytes]) -> bytes:
    """Return a part of the bytes: the beginning, or all but the beginning."""
    at = random.randrange(len(honest))
    return honest[at:] if at and random.randrange(5) == 0 else honest[:at]


def grow(random: Random, honest: bytes, _: Sequence[bytes]) -> bytes:
    """Return the bytes with a few more somewhere."""
    at = random.randrange(len(honest) + 1)
    return honest[:at] + random.randbytes(random.randint(1, 32)) + honest[at:]


def swap(random: Random, honest: bytes, others: Sequence[bytes]) -> bytes:
    """Return other bytes: of another place, or of this one before."""
    return random.choice(others) if others else flip(random, honest, others)


def splice(random: Random, honest: bytes, others: Sequence[bytes]) -> bytes:
    """Return the beginning of these bytes and the end of others."""
    if not others:
        return cut(random, honest, others)
    other = random.choice(others)
    at = random.randrange(1, max(2, min(len(honest), len(other))))
    return honest[:at] + other[at:]


CHANGES: dict[str, Change] = {
    "flip": flip,
    "cut": cut,
    "grow": grow,
    "swap or rollback": swap,
    "splice": splice,
}
