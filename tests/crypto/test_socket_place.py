"""The place of a socket is cleared of dead ones, and of nothing else."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from strongroom.crypto.socket_place import clear_place
from strongroom.errors import ConflictError, UnavailableError


def test_a_socket_that_nobody_listens_at_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "s"
    clear_place(path)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert path.is_socket()

    clear_place(path)

    assert not path.exists()


def test_one_that_somebody_listens_at_is_left(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as live:
        live.bind(str(path))
        live.listen()
        with pytest.raises(ConflictError, match="somebody listens at"):
            clear_place(path)
    assert path.is_socket()


def test_something_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_bytes(b"mine")

    with pytest.raises(ConflictError, match="is no socket"):
        clear_place(path)
    assert path.read_bytes() == b"mine"


def test_one_that_cannot_be_asked_is_left(tmp_path: Path) -> None:
    """It takes datagrams: nobody refuses, and nobody answers either."""
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(path))
        with pytest.raises(UnavailableError):
            clear_place(path)
    assert path.is_socket()
