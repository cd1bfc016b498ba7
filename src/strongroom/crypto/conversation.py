"""One request to a service that holds keys, and its whole answer, in bounded time.

An answer is read up to a limit and a deadline, however slowly it drips, and one
that was cut short is none.  Nothing is sent twice, and no proxy is asked.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from strongroom.errors import UnavailableError

MAX_ANSWER_BYTES: Final = 256 << 10
SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a service listens.

    Attributes:
        host: Name or address.
        port: TCP port.
        secure: Whether TLS is spoken, its certificate checked by this machine.
    """

    host: str
    port: int
    secure: bool


def ask(
    address: Address,
    method: str,
    path: str,
    *,
    body: bytes | None,
    headers: Mapping[str, str],
    seconds: float = SECONDS,
) -> tuple[int, bytes]:
    """Return the status and the bytes of an answer.

    Args:
        address: Who is asked.
        method: As in HTTP.
        path: What is asked for.
        body: What is sent; nothing if ``None``.
        headers: What goes before it.
        seconds: To connect, and again for handshake, request and answer together.

    Raises:
        UnavailableError: No whole answer came in time, or one that is too long.
    """
    try:
        connection = _connect(address, seconds)
        # Its own reference: the library drops it before the answer was read.
        plain, late = connection.sock, threading.Event()
        alarm = threading.Timer(seconds, _cut, (plain, late))
        alarm.daemon = True
        alarm.start()
        try:
            if isinstance(plain, ssl.SSLSocket):
                plain.do_handshake()
            connection.request(method, path, body=body, headers=dict(headers))
            response = connection.getresponse()
            data = response.read(MAX_ANSWER_BYTES + 1)
        finally:
            alarm.cancel()
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise UnavailableError(
            f"{address.host} does not answer: {type(error).__name__}"
        ) from None
    # What was read before a cut is too short to be believed.
    if late.is_set() or response.length or len(data) > MAX_ANSWER_BYTES:
        raise UnavailableError(f"{address.host} does not answer in time, or too much")
    return response.status, data


def _connect(address: Address, seconds: float) -> http.client.HTTPConnection:
    """Return a connection whose handshake is not made yet: that too has a deadline."""
    where = (address.host, address.port)
    if not address.secure:
        connection = http.client.HTTPConnection(*where, timeout=seconds)
        connection.sock = socket.create_connection(where, seconds)
        return connection
    context = ssl.create_default_context()
    connection = http.client.HTTPSConnection(*where, timeout=seconds, context=context)
    connection.sock = context.wrap_socket(
        socket.create_connection(where, seconds),
        server_hostname=address.host,
        do_handshake_on_connect=False,
    )
    return connection


def _cut(plain: socket.socket, late: threading.Event) -> None:
    late.set()
    with suppress(OSError):  # it was closed meanwhile
        plain.shutdown(socket.SHUT_RDWR)
