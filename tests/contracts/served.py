"""A custodian behind a real socket, served by a thread of the test's process."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from strongroom.crypto import custody_frames
from strongroom.crypto.custody.port import KeyCustodian
from strongroom.crypto.custody.remote import RemoteCustodian
from strongroom.crypto.custody_frames import Document
from strongroom.crypto.custody_pin import Pin, PinFile
from strongroom.crypto.custody_server import CustodyServer
from strongroom.crypto.custody_service import CustodyService
from strongroom.crypto.custody_succession import succeed
from strongroom.crypto.custody_trust import TrustFile
from strongroom.permits.evidence import LedgerReferee
from tests.contracts.histories import VERIFIER
from tests.contracts.releases import ROOM

PIN = Pin(room=ROOM, verifier=VERIFIER.text())


@contextmanager
def serving(
    custodian: KeyCustodian,
    file: Path,
    *,
    allowed: tuple[int, ...] | None = None,
    former: tuple[KeyCustodian, Path] | None = None,
) -> Iterator[Path]:
    """Serve a custodian whose file would be ``file``; give the socket's path.

    A socket's path has at most 107 bytes, which a test's own folder can exceed.
    """
    pins = PinFile(file, random=os.urandom)
    if former is not None:
        succeed(custodian, pins, former[0], PinFile(former[1], random=os.urandom))
    service = CustodyService(
        custodian,
        pins,
        LedgerReferee,
        trusted=TrustFile(file, random=os.urandom).read,
        former=former[0] if former else None,
    )
    with tempfile.TemporaryDirectory(prefix="strongroom-") as folder:
        path = Path(folder, "custodian.sock")
        users = (os.geteuid(),) if allowed is None else allowed
        server = CustodyServer(path, service, allowed=users)
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield path
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def connect(
    path: Path, *, name: str = "home", pin: Pin = PIN, uid: int | None = None
) -> RemoteCustodian:
    """Return the adapter for a custodian that listens at ``path``."""
    user = os.geteuid() if uid is None else uid
    return RemoteCustodian(path, name=name, uid=user, pin=pin)


def say(path: Path, *requests: Document) -> Document:
    """Say something raw to the socket and return the last answer."""
    answer: Document | None = {}
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        for request in requests:
            custody_frames.send(connection, request)
            answer = custody_frames.receive(
                connection, idle_seconds=10, body_seconds=10
            )
    assert answer is not None
    return answer


def kind(answer: Document) -> str:
    """Return the kind of error in an answer."""
    error = answer["error"]
    assert isinstance(error, dict)
    return str(error["kind"])
