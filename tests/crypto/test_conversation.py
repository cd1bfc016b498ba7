"""An answer comes whole, in time and within its limit, or not at all."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from threading import Thread

import pytest

from strongroom.crypto.conversation import MAX_ANSWER_BYTES, Address, ask
from strongroom.errors import UnavailableError
from tests.kms import Said, saying


@pytest.fixture
def said() -> Iterator[Said]:
    with saying() as said:
        yield said


def answer(port: int, *, seconds: float = 10.0) -> tuple[int, bytes]:
    where = Address(host="127.0.0.1", port=port, secure=False)
    return ask(where, "POST", "/", body=b"asked", headers={"A": "b"}, seconds=seconds)


def test_status_and_answer_come_back(said: Said) -> None:
    said.status, said.body = 418, b"x" * MAX_ANSWER_BYTES

    assert answer(said.port) == (418, said.body)
    headers, body = said.asked[0]
    assert (headers["A"], body) == ("b", b"asked")


def test_an_answer_that_is_too_long_is_none(said: Said) -> None:
    said.body = b"x" * (MAX_ANSWER_BYTES + 1)
    with pytest.raises(UnavailableError):
        answer(said.port)


def test_an_answer_that_ends_early_is_none(said: Said) -> None:
    """The library gives what came, and does not say that more was promised."""
    said.body, said.promised = b"{}", 3
    with pytest.raises(UnavailableError):
        answer(said.port)


def test_an_answer_that_only_drips_is_not_waited_for(said: Said) -> None:
    said.drips, said.body = True, b" " * 10_000
    with pytest.raises(UnavailableError):
        answer(said.port, seconds=0.3)


def test_an_answer_without_a_length_that_was_cut_is_none() -> None:
    """It ends where the connection does, so nothing but the alarm tells."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def begin() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(4096)
                peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n{}")
                while peer.recv(4096):
                    pass

        thread = Thread(target=begin, daemon=True)
        thread.start()
        with pytest.raises(UnavailableError):
            answer(listener.getsockname()[1], seconds=0.3)
        thread.join(10)


def test_a_handshake_that_only_drips_is_not_waited_for() -> None:
    """Each byte would begin the time anew; the alarm rings for the handshake too."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def drip() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.settimeout(0.05)
                peer.sendall(b"\x16\x03\x03\x40\x00")  # a record of 16 KiB follows
                while True:
                    try:
                        if not peer.recv(4096):
                            return
                    except TimeoutError:
                        peer.sendall(b"\x02")
                    except OSError:
                        return

        thread = Thread(target=drip, daemon=True)
        thread.start()
        where = Address(host="127.0.0.1", port=port, secure=True)
        with pytest.raises(UnavailableError):
            ask(where, "GET", "/", body=None, headers={}, seconds=0.3)
        thread.join(10)
        assert not thread.is_alive()


def test_a_certificate_that_nobody_vouches_for_is_refused(said: Said) -> None:
    where = Address(host="127.0.0.1", port=said.port, secure=True)
    with pytest.raises(UnavailableError, match="SSL"):
        ask(where, "GET", "/", body=None, headers={})


def test_nobody_there_is_unavailable() -> None:
    with pytest.raises(UnavailableError, match="ConnectionRefusedError"):
        answer(1)
