"""A KMS on this machine: moto's server, and one that says what it is told to say.

moto encrypts by AES-GCM with the encryption context as associated data.  It is the
nearest to AWS that can be had here, and not AWS.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from uuid import uuid4

from strongroom.crypto.aws_kms_uri import AwsKmsUri
from strongroom.crypto.conversation import Address
from strongroom.types import Secret

LOGIN = Secret(b"AKIATHETESTSOWNKEY00:a-secret-of-the-tests".replace(b"-", b"/"))
REGION = "eu-central-1"


def uri(port: int, key: str = "") -> AwsKmsUri:
    """Return the URI of a key here; of a new name unless one is given."""
    where = Address(host="127.0.0.1", port=port, secure=False)
    return AwsKmsUri(region=REGION, key=key or f"k{uuid4().hex}", endpoint=where)


@contextmanager
def moto() -> Iterator[int]:
    """Give the port of a KMS that listens on this machine only."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415  # 0.6 s

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield int(server.get_host_and_port()[1])
    finally:
        server.stop()


class Said:
    """A service that answers what a test says, and keeps what it was asked.

    Attributes:
        port: Where it listens.
        first: Status and body of the answers that come before.
        status: Of every answer.
        body: Every answer.
        drips: Whether answers come byte by byte, 20 a second, until ``stop``.
        promised: Length that an answer claims, if not its own.
        asked: Headers and body of each request.
    """

    def __init__(self, port: int) -> None:
        """Begin with empty answers."""
        self.port = port
        self.first: list[tuple[int, bytes]] = []
        self.status = 200
        self.body = b""
        self.drips = False
        self.promised: int | None = None
        self.stop = Event()
        self.asked: list[tuple[dict[str, str], bytes]] = []

    def says(self, document: Any, status: int = 200) -> None:  # noqa: ANN401  JSON
        """Answer this from now on."""
        self.status, self.body = status, json.dumps(document).encode()


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        said = self.server.said
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        said.asked.append((dict(self.headers.items()), body))
        status, content = said.first.pop(0) if said.first else (said.status, said.body)
        self.send_response(status)
        length = len(content) if said.promised is None else said.promised
        self.send_header("Content-Length", str(length))
        self.end_headers()
        for byte in content if said.drips else ():
            with suppress(OSError):  # nobody waits any more
                self.wfile.write(bytes([byte]))
            said.stop.wait(0.05)
        if not said.drips:
            with suppress(OSError):
                self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  as the base class
        """Keep quiet."""


class _Server(ThreadingHTTPServer):
    said: Said


@contextmanager
def saying() -> Iterator[Said]:
    """Give a service that listens on this machine only."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.said = Said(server.server_port)
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.said
        finally:
            server.said.drips = False
            server.said.stop.set()
            server.shutdown()
            thread.join()
