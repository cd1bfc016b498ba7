"""Frames between a desk and a custodian that runs as a process of its own.

A frame is a u32 big-endian length and that much canonical JSON; bytes stand in it
as base64.  Both sides bound a frame before they take memory for it, and give up
on one that does not arrive in time.

Source: ``docs/specification/custody-protocol.md``.
"""

from __future__ import annotations

import base64
import binascii
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from typing import cast

from strongroom import canonical, errors
from strongroom.canonical import Json
from strongroom.errors import (
    InputError,
    IntegrityError,
    SetupError,
    StrongroomError,
    UnavailableError,
)

MAX_FRAME_BYTES = 1 << 20
"""An order, its entry and proofs take 20 kB; an entry's long lists take the rest."""

_LENGTH_BYTES = 4
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid
_SEND_SECONDS = 30.0  # in all; who asks waits as long for an answer
_SHORTEST_SECONDS = 1e-6  # 0 would mean: do not wait at all

Document = Mapping[str, Json]

KINDS: Mapping[str, type[StrongroomError]] = {
    kind.__name__: kind
    for kind in (
        errors.InputError,
        errors.IntegrityError,
        errors.ForkError,
        errors.DeniedError,
        errors.MissingError,
        errors.ConflictError,
        errors.StaleError,
        errors.UnavailableError,
        errors.SetupError,
    )
}
"""Errors that cross the socket, by name."""


def peer_uid(connection: socket.socket) -> int:
    """Return the user at the other end of a Unix socket, as the kernel knows it.

    Raises:
        SetupError: This system does not say.
    """
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        raise SetupError("this system does not say who connects (SO_PEERCRED)")
    data = connection.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
    uid: int = _CREDENTIALS.unpack(data)[1]
    return uid


def send(connection: socket.socket, document: Document) -> None:
    """Send one frame.

    Args:
        connection: The socket; its time-out is changed.
        document: What to send.

    Raises:
        InputError: It is longer than a frame may be.
        UnavailableError: The other side is gone, or takes nothing.
    """
    data = canonical.to_json(document)
    if len(data) > MAX_FRAME_BYTES:
        raise InputError(
            f"a frame of {len(data)} bytes is not sent", hint="open fewer segments"
        )
    try:
        connection.settimeout(_SEND_SECONDS)  # receive leaves what it had left
        connection.sendall(len(data).to_bytes(_LENGTH_BYTES, "big") + data)
    except OSError as error:
        raise _gone(error) from None


def receive(
    connection: socket.socket, *, idle_seconds: float, body_seconds: float
) -> Document | None:
    """Return the next frame, or ``None`` if the other side closed between frames.

    Args:
        connection: The socket; its time-out is changed.
        idle_seconds: How long to wait for a frame to begin.
        body_seconds: How long it may take from then on, piece by piece or not.

    Raises:
        IntegrityError: It is too long, or no canonical JSON object.
        UnavailableError: It did not arrive whole, or not in time.
    """
    head = _exactly(connection, _LENGTH_BYTES, idle_seconds, may_end=True)
    if not head:
        return None
    length = int.from_bytes(head, "big")
    if length > MAX_FRAME_BYTES:
        raise IntegrityError(f"a frame of {length} bytes is not read")
    data = _exactly(connection, length, body_seconds)
    document = canonical.from_json(data, at_most_bytes=MAX_FRAME_BYTES)
    if not isinstance(document, Mapping):
        raise IntegrityError("a frame holds no object")
    return document


def error_document(error: StrongroomError) -> Document:
    """Return what is sent of an error: its nearest kind, and what it says."""
    known = (each.__name__ for each in type(error).__mro__ if each in KINDS.values())
    kind = next(known, UnavailableError.__name__)
    return {"error": {"kind": kind, "message": str(error), "hint": error.hint}}


def raise_error(document: Json) -> None:
    """Raise the error that the other side sent.

    Raises:
        StrongroomError: Of the kind that was sent; unavailable if it is unknown.
    """
    stated = document if isinstance(document, Mapping) else {}
    kind = KINDS.get(str(stated.get("kind")), UnavailableError)
    message = str(stated.get("message", "a custodian failed"))[:500]
    raise kind(message, hint=str(stated.get("hint", ""))[:500])


def text(document: Document, name: str) -> str:
    """Return a field that is text.

    Raises:
        IntegrityError: It is missing or of another kind.
    """
    value = document.get(name)
    if not isinstance(value, str):
        raise IntegrityError(f"a frame has no text {name!r}")
    return value


def number(document: Document, name: str) -> int:
    """Return a field that is a whole number, not below 0.

    Raises:
        IntegrityError: It is missing or of another kind.
    """
    value = document.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise IntegrityError(f"a frame has no number {name!r}")
    return value


def raw(document: Document, name: str) -> bytes:
    """Return a field that is bytes.

    Raises:
        IntegrityError: It is missing or no base64.
    """
    return _from_base64(text(document, name))


def raws(document: Document, name: str, *, at_most: int) -> tuple[bytes, ...]:
    """Return a field that is a list of bytes.

    Raises:
        IntegrityError: It is missing, has more items, or one is no base64.
    """
    values = document.get(name)
    if not isinstance(values, list) or len(values) > at_most:
        raise IntegrityError(f"a frame has no list {name!r} of at most {at_most}")
    return tuple(_from_base64(x) for x in cast("list[Json]", values))


def base64_of(value: bytes) -> str:
    """Return bytes as they stand in a frame."""
    return base64.b64encode(value).decode()


def bases64_of(values: Sequence[bytes]) -> list[Json]:
    """Return a list of bytes as it stands in a frame."""
    return [base64_of(value) for value in values]


def _exactly(
    connection: socket.socket, length: int, seconds: float, *, may_end: bool = False
) -> bytes:
    """Return ``length`` bytes; none if the other side closed first, and may."""
    data = bytearray()
    end = time.monotonic() + seconds
    while len(data) < length:
        try:
            connection.settimeout(max(end - time.monotonic(), _SHORTEST_SECONDS))
            piece = connection.recv(length - len(data))
        except OSError as error:
            raise _gone(error) from None
        if not piece:
            if may_end and not data:
                return b""
            raise UnavailableError("the other side closed in the middle of a frame")
        data += piece
    return bytes(data)


def _from_base64(value: Json) -> bytes:
    try:
        return base64.b64decode(value if isinstance(value, str) else "*", validate=True)
    except (binascii.Error, ValueError):
        raise IntegrityError("a frame holds text that is not base64") from None


def _gone(error: OSError) -> UnavailableError:
    why = "it took too long" if isinstance(error, TimeoutError) else error.strerror
    return UnavailableError(f"the other side of the socket is gone: {why}")
