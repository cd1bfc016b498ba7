"""What somebody does to bytes that are not theirs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import TypeAlias

Change: TypeAlias = Callable[[Random, bytes, Sequence[bytes]], bytes]
"""Gives changed bytes from honest ones and others of the same kind."""

_NUMBER = re.compile(rb"(?<![0-9a-fA-F])[0-9]+(?![0-9a-fA-F])")


def flip(random: Random, honest: bytes, _: Sequence[bytes]) -> bytes:
    """Return the bytes with one bit flipped."""
    data = bytearray(honest or b"\0")
    data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return bytes(data)


def cut(random: Random, honest: bytes, _: Sequence[bytes]) -> bytes:
    """Return a part of the bytes: the beginning, or all but the beginning."""
    at = random.randrange(len(honest) or 1)
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


def strip(random: Random, honest: bytes, others: Sequence[bytes]) -> bytes:
    """Return the bytes without a part in their middle, such as a field."""
    if len(honest) < 3:  # noqa: PLR2004  there is no middle
        return cut(random, honest, others)
    start = random.randrange(len(honest) - 1)
    end = min(len(honest), start + random.choice((1, 2, 8, 64, len(honest))))
    return honest[:start] + honest[end:]


def exaggerate(random: Random, honest: bytes, _: Sequence[bytes]) -> bytes:
    """Return the bytes with a number in them that is huge: in digits, or raw."""
    digits = [m.span() for m in _NUMBER.finditer(honest)]
    if digits and random.randrange(4):
        start, end = random.choice(digits)
        huge = str(2 ** random.choice((31, 32, 53, 63, 64, 200))).encode()
        return honest[:start] + huge + honest[end:]
    width = random.choice((1, 2, 4, 8))
    at = random.randrange(max(1, len(honest) - width + 1))
    changed = honest[:at] + b"\xff" * width + honest[at + width :]
    return changed if changed != honest else flip(random, honest, ())


CHANGES: dict[str, Change] = {
    "flip": flip,
    "cut": cut,
    "grow": grow,
    "swap or rollback": swap,
    "splice": splice,
    "strip": strip,
    "huge number": exaggerate,
}
