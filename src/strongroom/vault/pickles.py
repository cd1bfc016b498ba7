"""Keeps pickles, and what may hold one, from being sealed as they are."""

from __future__ import annotations

from strongroom.errors import InputError
from strongroom.intake.kinds import PICKLED


def verify_ending(name: str) -> None:
    """Check that a file is not called a pickle.

    Raises:
        InputError: It is.
    """
    if name.lower().endswith(tuple(PICKLED)):
        raise _not_sealed(name, "has the ending of a pickle, which runs code when read")


def verify_content(name: str, start: bytes) -> None:
    """Check that a file does not begin like a pickle or what may hold one.

    Args:
        name: For the message.
        start: Its first bytes, up to 1 KiB.

    Raises:
        InputError: It does.
    """
    if start[:1] == b"\x80" and start[1:2] in {b"\2", b"\3", b"\4", b"\5"}:
        raise _not_sealed(name, "is a pickle, which runs code when it is read")
    if start[:4] in {b"PK\3\4", b"PK\5\6"}:
        raise _not_sealed(name, "is a zip archive, which may hold a pickle")
    if start[:6] == b"\x93NUMPY" and b"|O" in start:
        raise _not_sealed(name, "is an array of objects, which holds a pickle")


def _not_sealed(name: str, why: str) -> InputError:
    return InputError(
        f"{name} {why}",
        hint="have it re-written: strongroom intake add PATH",
    )
