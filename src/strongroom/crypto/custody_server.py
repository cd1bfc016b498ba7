"""A Unix socket in front of a custodian: who may connect, and how long they may take.

The kernel says which user is at the other end (``SO_PEERCRED``); only those that
were named are answered.  One thread serves one connection.

Source: ``docs/specification/custody-protocol.md``.
"""

from __future__ import annotations

import os
import socket
import socketserver
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from strongroom.crypto import custody_frames
from strongroom.crypto.custody_service import CustodyService
from strongroom.crypto.socket_place import clear_place
from strongroom.errors import (
    InputError,
    IntegrityError,
    SetupError,
    UnavailableError,
)

MOST_CONNECTIONS = 64
IDLE_SECONDS = 600.0
BODY_SECONDS = 10.0


class CustodyServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Listens on a socket until it is shut down.

    Args:
        path: Of the socket; its folder exists.
        service: What answers.
        allowed: Users that are answered.

    Raises:
        ConflictError: Somebody listens there, or it is no socket.
        UnavailableError: The socket cannot be made.
    """

    daemon_threads = True
    request_queue_size = 16

    def __init__(
        self, path: Path, service: CustodyService, *, allowed: Collection[int]
    ) -> None:
        self.service = service
        self._allowed = frozenset(allowed)
        self._free = BoundedSemaphore(MOST_CONNECTIONS)
        self._open: set[socket.socket] = set()
        self._bound = False  # what is there until then is somebody else's
        clear_place(path)
        try:
            super().__init__(str(path), _Connection)
            self._bound = True
            path.chmod(0o666)  # the kernel says who connects; see verify_request
        except OSError as error:
            raise UnavailableError(f"{path}: {error.strerror or error}") from None

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ANN401  as the base class
        """Return whether the user at the other end is one of those named."""
        del client_address
        try:
            return custody_frames.peer_uid(request) in self._allowed
        except (SetupError, OSError):  # else it would end serve_forever
            return False

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  as the base class
        """Serve a connection in a thread of its own; close it if there are many."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread can be started
            self._free.release()
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  as the base class
        """Serve one connection, then let another in."""
        self._open.add(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._open.discard(request)
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  as the base class
        """Print nothing: a traceback could show what a request held."""

    def server_close(self) -> None:
        """Close the socket and every connection, and remove the socket's name."""
        super().server_close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        if self._bound:
            with suppress(OSError):
                os.unlink(str(self.server_address))


class _Connection(socketserver.BaseRequestHandler):
    """One desk, until it leaves or breaks the protocol."""

    server: CustodyServer

    def handle(self) -> None:
        while True:
            try:
                request = custody_frames.receive(
                    self.request, idle_seconds=IDLE_SECONDS, body_seconds=BODY_SECONDS
                )
            except UnavailableError:
                return
            except IntegrityError as error:  # no telling where the next one begins
                self._send(custody_frames.error_document(error))
                return
            if request is None:
                return
            self._send(self.server.service.answer(request))

    def _send(self, answer: custody_frames.Document) -> None:
        try:
            custody_frames.send(self.request, answer)
        except InputError as error:
            custody_frames.send(self.request, custody_frames.error_document(error))
