"""A Unix socket in front of a custodian: who is answered, and what is cut off."""

from __future__ import annotations

import os
import socket
import stat
from contextlib import ExitStack
from pathlib import Path

import pytest

from strongroom.crypto import custody_frames
from strongroom.crypto.custody.memory import MemoryCustodian
from strongroom.crypto.custody_pin import PinFile
from strongroom.crypto.custody_server import MOST_CONNECTIONS, CustodyServer
from strongroom.crypto.custody_service import CustodyService
from strongroom.errors import ConflictError, UnavailableError
from strongroom.permits.evidence import LedgerReferee
from tests.contracts.served import connect, kind, say, serving
from tests.threads import no_threads


@pytest.fixture
def inner() -> MemoryCustodian:
    return MemoryCustodian("home", random=os.urandom)


def server_at(path: Path, inner: MemoryCustodian) -> CustodyServer:
    pins = PinFile(path.with_name("home"), random=os.urandom)
    service = CustodyService(inner, pins, LedgerReferee)
    return CustodyServer(path, service, allowed=(os.geteuid(),))


def test_a_user_who_is_not_named_is_cut_off(
    inner: MemoryCustodian, tmp_path: Path
) -> None:
    with (
        serving(inner, tmp_path / "home", allowed=(os.geteuid() + 1,)) as path,
        pytest.raises(UnavailableError),
    ):
        connect(path).anchor()


def test_a_frame_that_is_too_long_ends_the_connection(
    inner: MemoryCustodian, tmp_path: Path
) -> None:
    with (
        serving(inner, tmp_path / "home") as path,
        socket.socket(socket.AF_UNIX) as connection,
    ):
        connection.connect(str(path))
        connection.sendall((2**20 + 1).to_bytes(4, "big"))
        answer = custody_frames.receive(connection, idle_seconds=10, body_seconds=10)
        assert answer is not None
        assert kind(answer) == "IntegrityError"
        assert connection.recv(1) == b""


def test_one_who_leaves_in_the_middle_harms_nobody(
    inner: MemoryCustodian, tmp_path: Path
) -> None:
    with serving(inner, tmp_path / "home") as path:
        for data in (b"", b"\0", b"\0\0\0\x09{", b"\0\0\0\x02{}"):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(path))
                connection.sendall(data)
        assert kind(say(path, {"do": "?"})) == "InputError"


def test_more_than_a_few_connections_are_turned_away(
    inner: MemoryCustodian, tmp_path: Path
) -> None:
    with serving(inner, tmp_path / "home") as path, ExitStack() as held:
        for _ in range(MOST_CONNECTIONS):
            connection = held.enter_context(socket.socket(socket.AF_UNIX))
            connection.connect(str(path))
            custody_frames.send(connection, {"do": "?"})
            custody_frames.receive(connection, idle_seconds=10, body_seconds=10)
        with socket.socket(socket.AF_UNIX) as one_more:
            one_more.connect(str(path))
            assert one_more.recv(1) == b""


def test_closing_waits_for_nobody_who_is_still_connected(
    inner: MemoryCustodian, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        with serving(inner, tmp_path / "home") as path:
            connection.connect(str(path))
            custody_frames.send(connection, {"do": "?"})
            custody_frames.receive(connection, idle_seconds=10, body_seconds=10)
        assert connection.recv(1) == b""


def test_the_socket_of_a_killed_process_is_replaced(
    inner: MemoryCustodian, tmp_path: Path
) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with server_at(path, inner):
        assert path.is_socket()
        assert stat.S_IMODE(path.stat().st_mode) == 0o666
        with pytest.raises(ConflictError, match="listens"):
            server_at(path, inner)
        assert path.is_socket()  # somebody else's is left
    assert not path.exists()


def test_what_is_no_socket_is_left(inner: MemoryCustodian, tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_text("mine")

    with pytest.raises(ConflictError, match="no socket"):
        server_at(path, inner)
    assert path.read_text() == "mine"


def test_a_place_that_takes_no_socket_is_named(
    inner: MemoryCustodian, tmp_path: Path
) -> None:
    for path in (tmp_path / "absent" / "s", tmp_path / ("x" * 120)):
        with pytest.raises(UnavailableError):
            server_at(path, inner)


def test_a_peer_that_the_kernel_does_not_name_is_turned_away(
    inner: MemoryCustodian, tmp_path: Path
) -> None:
    """What was raised there ended the loop that serves everybody."""
    closed = socket.socket(socket.AF_UNIX)
    closed.close()

    with server_at(tmp_path / "s", inner) as server:
        assert not server.verify_request(closed, "")


def test_a_connection_for_which_no_thread_can_start_keeps_no_place(
    inner: MemoryCustodian, tmp_path: Path
) -> None:
    """Each one kept its place, and was never closed."""
    with server_at(tmp_path / "s", inner) as server:
        for _ in range(MOST_CONNECTIONS + 1):
            here, there = socket.socketpair()
            with here, there, no_threads():
                server.process_request(there, "")
                assert here.recv(1) == b""
        here, there = socket.socketpair()
        with here, there:
            server.process_request(there, "")
            custody_frames.send(here, {"do": "?"})
            answer = custody_frames.receive(here, idle_seconds=10, body_seconds=10)
            assert answer is not None
            assert kind(answer) == "InputError"
