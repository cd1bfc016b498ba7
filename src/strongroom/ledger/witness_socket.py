"""A witness on a Unix socket: HTTP, so that the same bytes go over a network later.

    POST /add-checkpoint        as C2SP tlog-witness says
    GET  /newest/HASH           our own: the newest checkpoint cosigned of a ledger,
                                HASH being SHA-256 of its name

Whoever reaches the socket may ask: only a checkpoint signed by a watched ledger
is ever cosigned, and what is answered is public.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from strongroom.crypto.socket_place import clear_place
from strongroom.errors import (
    IntegrityError,
    MissingError,
    StrongroomError,
    UnavailableError,
)
from strongroom.ledger.note import AT_MOST_NOTE_BYTES
from strongroom.ledger.witness import AT_MOST_REQUEST_BYTES, Answer
from strongroom.ledger.witness_folder import origin_hash
from strongroom.ledger.witness_service import Witness

ADD_CHECKPOINT = "/add-checkpoint"
NEWEST = "/newest/"
_AT_MOST_CALLERS = 32
_SLOWEST_CALLER = 10.0  # seconds in all
_SOCKET_MODE = 0o666  # the folder around it decides who gets there


class SocketWitness:
    """Asks a witness that listens on a Unix socket.

    Args:
        path: Of the socket.
        seconds: How long one question may take from its first byte to its last.
    """

    def __init__(self, path: Path, *, seconds: float) -> None:
        self._path = path
        self._seconds = seconds

    def add_checkpoint(self, body: bytes) -> Answer:
        """Return the answer to a request; see ``WitnessRequest``.

        Raises:
            UnavailableError: It does not answer, or too slowly.
            IntegrityError: What it answers is no answer.
        """
        status, text = self._ask("POST", ADD_CHECKPOINT, body)
        return Answer(status=status, body=text)

    def newest(self, origin: str) -> str:
        """Return the newest checkpoint of a ledger that it cosigned, unverified.

        Raises:
            MissingError: It saw nothing of that ledger.
            UnavailableError: It does not answer, or too slowly.
            IntegrityError: What it answers is no answer.
        """
        status, text = self._ask("GET", NEWEST + origin_hash(origin), None)
        if status is HTTPStatus.NOT_FOUND:
            raise MissingError("the witness saw nothing of this ledger")
        if status is not HTTPStatus.OK:
            raise UnavailableError(f"the witness answers {status.value}: {text[:200]}")
        return text

    def _ask(
        self, method: str, path: str, body: bytes | None
    ) -> tuple[HTTPStatus, str]:
        try:
            with self._connected() as connection:
                connection.request(method, path, body=body)
                response = connection.getresponse()
                data = response.read(AT_MOST_NOTE_BYTES + 1)
            if len(data) > AT_MOST_NOTE_BYTES or response.length:  # cut off
                raise http.client.IncompleteRead(data)
            return HTTPStatus(response.status), data.decode()
        except OSError as error:
            reason = error.strerror or "it takes too long"
            raise UnavailableError(
                f"the witness at {self._path} does not answer: {reason}",
                hint="strongroom ledger witness serve DIR --socket PATH",
            ) from None
        except (http.client.HTTPException, ValueError):
            raise IntegrityError(
                f"what answers at {self._path} is no witness"
            ) from None

    @contextmanager
    def _connected(self) -> Iterator[http.client.HTTPConnection]:
        """Give a connection that is cut when the time is over, drip or no drip."""
        plain = socket.socket(socket.AF_UNIX)
        plain.settimeout(self._seconds)
        with plain:
            plain.connect(str(self._path))
            connection = http.client.HTTPConnection("localhost")
            connection.sock = plain
            over = threading.Event()
            alarm = threading.Timer(self._seconds, _cut, (plain, over))
            alarm.start()
            try:
                yield connection
            finally:
                alarm.cancel()
                connection.close()
            if over.is_set():  # what was read until then looks whole to the library
                raise TimeoutError


class WitnessServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers for an open witness until ``shutdown``.

    Args:
        witness: Is asked.
        path: Of the socket; one that nobody listens on any more is replaced.
        tell: Is given a sentence about each answer.
        seconds: How long one caller keeps its place, whatever it sends.

    Raises:
        ConflictError: Somebody listens there already.
        UnavailableError: The socket cannot be made.
    """

    daemon_threads = True

    def __init__(
        self,
        witness: Witness,
        path: Path,
        *,
        tell: Callable[[Answer], None],
        seconds: float = _SLOWEST_CALLER,
    ) -> None:
        self.witness = witness
        self.tell = tell
        self.seconds = seconds
        self._path = path
        self._places = threading.BoundedSemaphore(_AT_MOST_CALLERS)
        self._bound = False  # what is there until then is somebody else's
        clear_place(path)
        try:
            super().__init__(str(path), _Handler)
            self._bound = True
            path.chmod(_SOCKET_MODE)
        except OSError as error:
            raise UnavailableError(f"{path}: {error.strerror or error}") from None

    def process_request(
        self, request: socket.socket | tuple[bytes, socket.socket], client: object
    ) -> None:
        """Hang up at once on more callers than there are places."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client)
        except RuntimeError:  # no thread can be started
            self._places.release()
            self.shutdown_request(request)

    def process_request_thread(
        self, request: socket.socket | tuple[bytes, socket.socket], client: object
    ) -> None:
        """Answer one caller, and free its place."""
        try:
            super().process_request_thread(request, client)
        finally:
            self._places.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of callers that hang up."""

    def server_close(self) -> None:
        """Close the socket and remove it."""
        super().server_close()
        if self._bound:
            self._path.unlink(missing_ok=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: WitnessServer

    def handle(self) -> None:
        """Answer until the caller leaves or its time is over, drip or no drip."""
        over = threading.Event()
        alarm = threading.Timer(self.server.seconds, _cut, (self.connection, over))
        alarm.start()
        try:
            super().handle()
        finally:
            alarm.cancel()

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        known = length.isascii() and length.isdigit() and len(length) < len("1" * 8)
        if self.path != ADD_CHECKPOINT:
            self._hang_up(HTTPStatus.NOT_FOUND, "there is only /add-checkpoint\n")
        elif not known or int(length) > AT_MOST_REQUEST_BYTES:
            self._hang_up(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "it is too long\n")
        else:
            answer = self.server.witness.answer(self.rfile.read(int(length)))
            self.server.tell(answer)
            self._answer(answer.status, answer.body)

    def do_GET(self) -> None:
        try:
            note = self.server.witness.newest(self.path.removeprefix(NEWEST))
        except MissingError as error:
            self._answer(HTTPStatus.NOT_FOUND, f"{error}\n")
        except StrongroomError as error:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, f"{error}\n")
        else:
            self._answer(HTTPStatus.OK, note)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing: ``tell`` is given every answer."""

    def _hang_up(self, status: HTTPStatus, body: str) -> None:
        """Answer and leave: the next request would begin with the unread body."""
        self._answer(status, body, last=True)

    def _answer(self, status: HTTPStatus, body: str, *, last: bool = False) -> None:
        size = status is HTTPStatus.CONFLICT
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/x.tlog.size" if size else "text/plain")
        self.send_header("Content-Length", str(len(data)))
        if last:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)


def _cut(plain: socket.socket, over: threading.Event) -> None:
    over.set()
    with contextlib.suppress(OSError):  # it was closed meanwhile
        plain.shutdown(socket.SHUT_RDWR)
