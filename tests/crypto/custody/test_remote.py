"""A custodian behind a socket: who may ask, and what it does not believe."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from strongroom import canonical
from strongroom.crypto import custody_frames
from strongroom.crypto.custody.memory import MemoryCustodian
from strongroom.crypto.custody.port import Anchor
from strongroom.crypto.custody.remote import RemoteCustodian
from strongroom.crypto.custody_frames import Document
from strongroom.crypto.custody_messages import anchor_document
from strongroom.crypto.custody_pin import Pin
from strongroom.crypto.signing import SigningKey
from strongroom.errors import (
    DeniedError,
    ForkError,
    InputError,
    IntegrityError,
    SetupError,
    UnavailableError,
)
from strongroom.types import RoomId, Secret
from tests.contracts.histories import anchor, proof_between, verify_extension
from tests.contracts.releases import ROOM, identifier, room_key_place
from tests.contracts.served import PIN, connect, kind, say, serving

OTHER = SigningKey(Secret(bytes(32)))


@pytest.fixture
def inner() -> MemoryCustodian:
    return MemoryCustodian("home", random=os.urandom)


@pytest.fixture
def path(inner: MemoryCustodian, tmp_path: Path) -> Iterator[Path]:
    with serving(inner, tmp_path / "home.custody") as path:
        yield path


@pytest.fixture
def desk(path: Path) -> RemoteCustodian:
    remote = connect(path)
    remote.advance(anchor("abc"), verify_extension)
    return remote


# --- who talks to whom --------------------------------------------------------


def test_a_user_who_is_not_allowed_is_not_answered(
    inner: MemoryCustodian, tmp_path: Path
) -> None:
    with serving(inner, tmp_path / "x", allowed=(os.geteuid() + 1,)) as path:
        with pytest.raises(UnavailableError) as raised:
            connect(path).anchor()
        assert "--allow" in raised.value.hint or "gone" in str(raised.value)


def test_another_user_at_the_socket_is_told_nothing(path: Path) -> None:
    """Whoever owns the folder could listen there and collect shares to wrap."""
    with pytest.raises(SetupError, match=f"user {os.geteuid()} answers"):
        connect(path, uid=os.geteuid() + 1).wrap(Secret(bytes(32)), b"place")


def test_the_first_room_is_pinned_for_good(
    inner: MemoryCustodian, tmp_path: Path
) -> None:
    file = tmp_path / "home.custody"
    other = Pin(room=RoomId(identifier("room", 9)), verifier=PIN.verifier)
    with serving(inner, file) as path:
        assert kind(say(path, {"do": "wrap", "secret": "", "context": ""})) == (
            "SetupError"
        )
        connect(path).anchor()
        with pytest.raises(DeniedError, match="another room"):
            connect(path, pin=other).anchor()
    with serving(inner, file) as path, pytest.raises(DeniedError, match="another"):
        connect(path, pin=other).anchor()


def test_a_key_that_is_none_is_not_pinned(
    inner: MemoryCustodian, tmp_path: Path
) -> None:
    with serving(inner, tmp_path / "x") as path:
        with pytest.raises(InputError):
            connect(path, pin=Pin(room=ROOM, verifier="nonsense")).anchor()
        assert connect(path).anchor() == Anchor.empty()


def test_another_custodian_at_the_socket_is_refused(path: Path, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="another custodian"):
        connect(path, name="weights").anchor()
    del tmp_path


def test_a_custodian_that_began_anew_is_asked_again(
    inner: MemoryCustodian, tmp_path: Path
) -> None:
    file = tmp_path / "home.custody"
    with serving(inner, file) as path:
        remote = connect(path)
        place = room_key_place(remote)
        wrapped = remote.wrap(Secret(b"secret"), place)
    with pytest.raises(UnavailableError, match="no custodian answers"):
        remote.anchor()
    with serving(inner, file) as again:
        path.parent.mkdir()
        path.symlink_to(again)
        secret = remote.unwrap(
            wrapped, place, anchor=anchor("a"), verify_extension=verify_extension
        )
        path.unlink()
        path.parent.rmdir()
    assert secret == Secret(b"secret")


# --- a desk that lies ---------------------------------------------------------


def test_a_checkpoint_that_the_pinned_key_did_not_sign_is_refused(
    desk: RemoteCustodian,
) -> None:
    """Whatever the desk's own check says, which here believes everything."""
    with pytest.raises(IntegrityError):
        desk.advance(
            anchor("abcd", key=OTHER), lambda old, new: proof_between("abc", "abcd")
        )


def test_a_note_that_says_something_else_than_its_anchor_is_refused(
    desk: RemoteCustodian,
) -> None:
    newer = anchor("abcd")
    for forged in (
        replace(newer, root=bytes(32)),
        replace(newer, size=5),
        replace(newer, note=b"\xff"),
        replace(newer, note=b""),
    ):
        with pytest.raises(IntegrityError):
            desk.advance(forged, lambda old, new: proof_between("abc", "abcd"))


@pytest.mark.parametrize("word", ["abx", "abxd", "abxdefgh", "ab"[:1] + "x"])
def test_a_fork_that_the_desk_vouches_for_is_refused(
    desk: RemoteCustodian, word: str
) -> None:
    """Signed by the room's own key; the proof is another one's, or none."""
    for proof in ([], proof_between("abc", "abcd"), [bytes(32)] * 3):
        with pytest.raises(ForkError):
            desk.advance(anchor(word), lambda old, new, p=proof: p)  # type: ignore[misc]  # bound here
    assert desk.anchor() == anchor("abc")


# --- a custodian that fails ------------------------------------------------------


def test_a_late_answer_is_never_taken_for_the_next_one(tmp_path: Path) -> None:
    """A connection stayed in use after a broken frame or an interrupt.

    What then came late would have been read as the answer to another question.
    """
    path = tmp_path / "s"
    hello: Document = {"name": "home", "root_key_id": "root-a", "above": 0}
    late = canonical.to_json({"anchor": anchor_document(anchor("old"))})
    broken = b"\0\0\0\2[]" + len(late).to_bytes(4, "big") + late
    right: Document = {"anchor": anchor_document(anchor("abc"))}
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def play() -> None:
            for last in (broken, right):
                connection, _ = listener.accept()
                with connection:
                    for answer in (hello, last):
                        custody_frames.receive(
                            connection, idle_seconds=10, body_seconds=10
                        )
                        if isinstance(answer, bytes):
                            connection.sendall(answer)
                        else:
                            custody_frames.send(connection, answer)

        with ThreadPoolExecutor(1) as pool:
            played = pool.submit(play)
            remote = connect(path)
            with pytest.raises(IntegrityError, match="no object"):
                remote.anchor()
            assert remote.anchor() == anchor("abc")
            played.result()
