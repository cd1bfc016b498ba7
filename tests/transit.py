"""A transit engine of the tests' own: the published HTTP API over real AES-GCM.

It plays Vault or OpenBao, of which none can be had here.  What it answers has the
form of the published examples in ``tests/vectors/transit.json``.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from strongroom.crypto.transit import TransitUri
from strongroom.types import Secret

TOKEN = Secret(b"hvs.a-token-of-the-tests")


class Engine:
    """Keys, and what they are told to answer.

    Attributes:
        keys: By name.
        facts: What reading a key answers, changed by a test.
        status: If set, every answer has it.
        body: If set, every answer is it.
        drips: Whether answers come byte by byte, 20 a second, until ``stop``.
    """

    def __init__(self, port: int) -> None:
        """Begin without keys."""
        self.port = port
        self.keys: dict[str, bytes] = {}
        self.facts: dict[str, Any] = {}
        self.status: int | None = None
        self.body: bytes | None = None
        self.binds = True
        self.drips = False
        self.stop = Event()

    def uri(self, key: str) -> TransitUri:
        """Return the URI of a key here."""
        return TransitUri(
            host="127.0.0.1", port=self.port, mount="transit", key=key, secure=False
        )

    def answer(self, method: str, what: str, name: str, asked: Any) -> tuple[int, Any]:  # noqa: ANN401  JSON
        """Return status and JSON for a request."""
        if what == "keys" and method == "POST":
            self.keys.setdefault(name, os.urandom(32))
            return 204, None
        if name not in self.keys:
            return 404, {"errors": []}
        if what == "keys":
            facts = {"type": "aes256-gcm96", "derived": False, "exportable": False}
            return 200, {"data": {"name": name, **facts, **self.facts}}
        cipher = AESGCM(self.keys[name])
        place = base64.b64decode(asked["associated_data"]) if self.binds else b""
        if what == "encrypt":
            nonce, plain = os.urandom(12), base64.b64decode(asked["plaintext"])
            sealed = base64.b64encode(nonce + cipher.encrypt(nonce, plain, place))
            text = f"vault:v1:{sealed.decode()}"
            return 200, {"data": {"ciphertext": text, "key_version": 1}}
        version, _, text = asked["ciphertext"].removeprefix("vault:").partition(":")
        # Each version of an engine's key is another key, and here is one.
        sealed = base64.b64decode(text + "==") if version == "v1" else b""
        try:
            plain = cipher.decrypt(sealed[:12], sealed[12:], place)
        except (InvalidTag, ValueError):
            return 400, {"errors": ["cipher: message authentication failed"]}
        return 200, {"data": {"plaintext": base64.b64encode(plain).decode()}}


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self._do("GET")

    def do_POST(self) -> None:
        self._do("POST")

    def _do(self, method: str) -> None:
        engine = self.server.engine
        length = int(self.headers.get("Content-Length", 0))
        asked = json.loads(self.rfile.read(length) or b"null")
        _, version, mount, what, name = self.path.split("/")
        status, document = 403, {"errors": ["permission denied"]}
        if self.headers["X-Vault-Token"] == TOKEN.reveal().decode():
            assert (version, mount) == ("v1", "transit")
            status, document = engine.answer(method, what, name, asked)
        content = b"" if document is None else json.dumps(document).encode()
        content = content if engine.body is None else engine.body
        self.send_response(engine.status or status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        for byte in content if engine.drips else ():
            with suppress(OSError):  # nobody waits any more
                self.wfile.write(bytes([byte]))
            engine.stop.wait(0.05)
        if not engine.drips:
            self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  as the base class
        """Keep quiet."""


class _Server(ThreadingHTTPServer):
    engine: Engine


@contextmanager
def running() -> Iterator[Engine]:
    """Give an engine that listens on this machine only."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.engine = Engine(server.server_port)
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.engine
        finally:
            server.engine.stop.set()
            server.shutdown()
            thread.join()
