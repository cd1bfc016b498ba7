"""A witness answers over a Unix socket as it would over a network."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import pytest

from strongroom.errors import (
    ConflictError,
    IntegrityError,
    MissingError,
    UnavailableError,
)
from strongroom.ledger.note import AT_MOST_NOTE_BYTES
from strongroom.ledger.witness_socket import SocketWitness, WitnessServer
from tests.ledger.exports import ORIGIN, ledger_of
from tests.ledger.witnesses import at_work, body, serving, watching
from tests.threads import no_threads

LEDGER = ledger_of(30)


@contextmanager
def lying(path: Path, answer: Callable[[socket.socket], object]) -> Iterator[None]:
    """Let ``answer`` talk to the one caller of a socket."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def talk() -> None:
            caller, _ = listening.accept()
            with caller:
                caller.recv(1 << 16)
                answer(caller)

        thread = threading.Thread(target=talk)
        thread.start()
        yield
        thread.join()


def test_a_witness_is_asked_over_its_socket(tmp_path: Path) -> None:
    folder, path = watching(tmp_path / "w", LEDGER), tmp_path / "socket"

    with serving(folder.path, path) as told:
        witness = SocketWitness(path, seconds=5)
        with pytest.raises(MissingError):
            witness.newest(ORIGIN)
        assert witness.add_checkpoint(body(LEDGER, 0, 7)).status is HTTPStatus.OK
        wrong = witness.add_checkpoint(body(LEDGER, 0, 9))
        assert (wrong.status, wrong.body) == (HTTPStatus.CONFLICT, "7\n")
        assert witness.newest(ORIGIN).startswith(f"{ORIGIN}\n7\n")
        assert witness.add_checkpoint(b"x").status is HTTPStatus.BAD_REQUEST

    assert [answer.status for answer in told] == [200, 409, 400]
    assert not path.exists()


def test_the_answer_has_the_content_type_of_the_specification(tmp_path: Path) -> None:
    folder, path = watching(tmp_path / "w", LEDGER), tmp_path / "socket"

    with serving(folder.path, path), socket.socket(socket.AF_UNIX) as plain:
        plain.connect(str(path))
        connection = http.client.HTTPConnection("localhost")
        connection.sock = plain
        for older, kind in ((0, "text/plain"), (1, "text/x.tlog.size")):
            connection.request("POST", "/add-checkpoint", body(LEDGER, older, 9))
            response = connection.getresponse()
            response.read()
            assert response.headers["Content-Type"] == kind
        connection.request("POST", "/elsewhere", b"")
        assert connection.getresponse().status == HTTPStatus.NOT_FOUND


def test_a_request_without_end_is_not_read(tmp_path: Path) -> None:
    folder, path = watching(tmp_path / "w", LEDGER), tmp_path / "socket"

    with serving(folder.path, path):
        long = "9" * 5000  # Python makes no number of so many digits
        for length in (long, "1000000000", "9999999", "-5", "\u0663", "\u00b2", ""):
            with socket.socket(socket.AF_UNIX) as plain:
                plain.connect(str(path))
                head = f"POST /add-checkpoint HTTP/1.1\r\nContent-Length: {length}\r\n"
                plain.sendall(f"{head}\r\n".encode("latin-1", "replace"))
                assert b" 413 " in plain.recv(1000)


def test_more_callers_than_places_are_hung_up_on(tmp_path: Path) -> None:
    folder, path = watching(tmp_path / "w", LEDGER), tmp_path / "socket"

    with serving(folder.path, path):
        waiting = [socket.socket(socket.AF_UNIX) for _ in range(40)]
        for plain in waiting:
            plain.connect(str(path))
        assert waiting[-1].recv(1) == b""
        for plain in waiting:
            plain.close()


def test_a_caller_that_drips_loses_its_place(tmp_path: Path) -> None:
    """Only the wait between two bytes was bounded: a drip held a place for ever."""
    folder, path = watching(tmp_path / "w", LEDGER), tmp_path / "socket"

    with (
        serving(folder.path, path, seconds=0.3),
        socket.socket(socket.AF_UNIX) as plain,
    ):
        plain.connect(str(path))
        assert any(refuses(plain) for _ in range(500))


def refuses(plain: socket.socket) -> bool:
    """Send a byte now and then until nobody takes it."""
    threading.Event().wait(0.02)
    try:
        plain.sendall(b"x")
    except OSError:
        return True
    return False


def test_a_caller_for_whom_no_thread_can_start_keeps_no_place(tmp_path: Path) -> None:
    """Each one kept its place, and was never hung up on."""
    folder, path = watching(tmp_path / "w", LEDGER), tmp_path / "socket"

    with (
        at_work(folder.path) as witness,
        WitnessServer(witness, path, tell=lambda _: None) as server,
    ):
        for _ in range(40):
            here, there = socket.socketpair()
            with here, there, no_threads():
                server.process_request(there, "")
                assert here.recv(1) == b""
        here, there = socket.socketpair()
        with here, there:
            server.process_request(there, "")
            here.sendall(b"GET /newest/ HTTP/1.1\r\n\r\n")
            assert b" 404 " in here.recv(1000)


def test_two_servers_cannot_share_a_socket(tmp_path: Path) -> None:
    one, other = (watching(tmp_path / name, LEDGER) for name in ("one", "other"))
    path = tmp_path / "socket"

    with serving(one.path, path), at_work(other.path) as witness:
        with pytest.raises(ConflictError):
            WitnessServer(witness, path, tell=lambda _: None)
        assert SocketWitness(path, seconds=5).add_checkpoint(body(LEDGER, 0)).body


def test_a_socket_that_a_dead_process_left_is_replaced(tmp_path: Path) -> None:
    folder, path = watching(tmp_path / "w", LEDGER), tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))

    with serving(folder.path, path):
        assert SocketWitness(path, seconds=5).add_checkpoint(body(LEDGER, 0)).body


def test_a_socket_that_cannot_be_asked_is_not_taken_for_a_dead_one(
    tmp_path: Path,
) -> None:
    """Any failure to connect passed for a dead process, and its socket was removed."""
    folder, path = watching(tmp_path / "w", LEDGER), tmp_path / "socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(path))
        with at_work(folder.path) as witness, pytest.raises(UnavailableError):
            WitnessServer(witness, path, tell=lambda _: None)
        assert path.is_socket()


def test_a_file_is_never_replaced_by_a_socket(tmp_path: Path) -> None:
    """A server that could not bind removed what was there when it gave up."""
    folder, path = watching(tmp_path / "w", LEDGER), tmp_path / "file"
    path.write_text("precious")

    with at_work(folder.path) as witness, pytest.raises(ConflictError):
        WitnessServer(witness, path, tell=lambda _: None)
    assert path.read_text() == "precious"


def test_nobody_there_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="does not answer"):
        SocketWitness(tmp_path / "absent", seconds=1).newest(ORIGIN)


def test_a_witness_that_answers_late_is_not_waited_for(tmp_path: Path) -> None:
    """It drips a byte now and then, so that no single wait is too long."""

    def drip(caller: socket.socket) -> None:
        try:
            for byte in b"HTTP/1.1 200 OK\r\nX-Header: " + b"x" * 200:
                caller.sendall(bytes([byte]))
                threading.Event().wait(0.02)
        except OSError:
            pass

    with lying(tmp_path / "socket", drip), pytest.raises(UnavailableError):
        SocketWitness(tmp_path / "socket", seconds=0.3).newest(ORIGIN)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\xff",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (AT_MOST_NOTE_BYTES + 1),
    ],
)
def test_what_is_no_answer_of_a_witness_is_refused(
    answer: bytes, tmp_path: Path
) -> None:
    with (
        lying(tmp_path / "socket", lambda caller: caller.sendall(answer)),
        pytest.raises((IntegrityError, UnavailableError)),
    ):
        SocketWitness(tmp_path / "socket", seconds=5).newest(ORIGIN)


def test_a_witness_that_forgot_says_so_to_both_questions(tmp_path: Path) -> None:
    folder, path = watching(tmp_path / "w", LEDGER), tmp_path / "socket"
    for seen in (folder.path / "seen").iterdir():
        seen.unlink()

    with serving(folder.path, path) as told:
        witness = SocketWitness(path, seconds=5)
        answer = witness.add_checkpoint(body(LEDGER, 0, 7))
        with pytest.raises(UnavailableError, match="the witness answers 503: this wi"):
            witness.newest(ORIGIN)

    assert answer.status is HTTPStatus.SERVICE_UNAVAILABLE
    assert answer.body == f"this witness lost what it saw of {ORIGIN}\n"
    assert [one.body for one in told] == [answer.body]


def test_everybody_may_ask_whom_the_folder_lets_there(tmp_path: Path) -> None:
    folder, path = watching(tmp_path / "w", LEDGER), tmp_path / "socket"

    with serving(folder.path, path):
        assert path.stat().st_mode & 0o777 == 0o666


def test_a_caller_asks_several_times_and_of_paths_that_are_there(
    tmp_path: Path,
) -> None:
    folder, path = watching(tmp_path / "w", LEDGER), tmp_path / "socket"
    asked = (
        ("GET", "/newest/", None, 404, "this witness saw nothing of that ledger\n"),
        ("GET", "/", None, 404, "this witness saw nothing of that ledger\n"),
        ("POST", "/add-checkpoint", body(LEDGER, 0, 7), 200, None),
        ("POST", "/add-checkpoint", body(LEDGER, 0, 7), 409, "7\n"),
    )

    with serving(folder.path, path), socket.socket(socket.AF_UNIX) as plain:
        plain.connect(str(path))
        connection = http.client.HTTPConnection("localhost")
        connection.sock = plain
        for method, where, content, status, text in asked:
            connection.request(method, where, content)
            response = connection.getresponse()
            data = response.read().decode()
            assert (response.status, response.version) == (status, 11)
            assert text in (None, data)
            assert response.headers["Content-Length"] == str(len(data.encode()))
            assert response.headers["Connection"] is None


def test_a_body_that_is_not_read_is_no_second_request(tmp_path: Path) -> None:
    """What followed on the connection was read as if the body were its beginning."""
    folder, path = watching(tmp_path / "w", LEDGER), tmp_path / "socket"
    inner = b"GET /newest/ HTTP/1.1\r\n\r\n"

    with serving(folder.path, path), socket.socket(socket.AF_UNIX) as plain:
        plain.connect(str(path))
        head = f"POST /elsewhere HTTP/1.1\r\nContent-Length: {len(inner)}\r\n\r\n"
        plain.sendall(head.encode() + inner)
        with plain.makefile("rb") as answers:
            found = answers.read()

    assert found.count(b"HTTP/1.1 ") == 1
    assert found.endswith(b"there is only /add-checkpoint\n")


def test_a_place_for_a_socket_that_cannot_be_made_is_unavailable(
    tmp_path: Path,
) -> None:
    folder = watching(tmp_path / "w", LEDGER)
    with (
        at_work(folder.path) as witness,
        pytest.raises(UnavailableError, match="No such file or directory"),
    ):
        WitnessServer(witness, tmp_path / "none" / "socket", tell=lambda _: None)


def test_32_callers_have_a_place_and_the_next_has_none(tmp_path: Path) -> None:
    folder, path = watching(tmp_path / "w", LEDGER), tmp_path / "socket"

    with serving(folder.path, path), contextlib.ExitStack() as held:
        callers = [held.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(33)]
        for caller in callers:
            caller.connect(str(path))
        assert callers[32].recv(1) == b""
        for caller in callers[:32]:
            caller.sendall(b"GET /newest/ HTTP/1.1\r\n\r\n")
            assert b" 404 " in caller.recv(1000)
