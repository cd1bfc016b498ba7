"""Frames arrive whole, bounded and in time, or not at all."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strongroom import canonical, errors
from strongroom.crypto.custody_frames import (
    KINDS,
    MAX_FRAME_BYTES,
    Document,
    base64_of,
    bases64_of,
    error_document,
    number,
    peer_uid,
    raise_error,
    raw,
    raws,
    receive,
    send,
    text,
)
from strongroom.errors import InputError, IntegrityError, UnavailableError

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    here, there = socket.socketpair()
    with here, there:
        yield here, there


def got(connection: socket.socket, seconds: float = 10) -> object:
    return receive(connection, idle_seconds=seconds, body_seconds=seconds)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.dictionaries(st.text(max_size=8), st.integers(0, 2**40), max_size=8))
def test_what_is_sent_arrives(pair: Pair, words: dict[str, int]) -> None:
    here, there = pair
    try:
        canonical.to_json(words)
    except InputError:
        return
    send(here, words)

    assert got(there) == words


def test_a_frame_that_comes_in_pieces_is_put_together(pair: Pair) -> None:
    here, there = pair
    data = b'{"a":"b"}'
    for byte in len(data).to_bytes(4, "big") + data:
        here.sendall(bytes([byte]))

    assert got(there) == {"a": "b"}


def test_the_end_between_two_frames_is_no_error(pair: Pair) -> None:
    here, there = pair
    here.close()

    assert got(there) is None


@pytest.mark.parametrize("data", [b"\0", b"\0\0\0\x02", b"\0\0\0\x02{", b"\0\0\0\x04"])
def test_an_end_in_the_middle_is_one(pair: Pair, data: bytes) -> None:
    """With four bytes to come, an end before them once passed for one in between."""
    here, there = pair
    here.sendall(data)
    here.close()

    with pytest.raises(UnavailableError, match="middle"):
        got(there)


@pytest.mark.parametrize("data", [b"", b"\0\0", b"\0\0\0\x02{"])
def test_nobody_waits_for_ever(pair: Pair, data: bytes) -> None:
    here, there = pair
    here.sendall(data)

    with pytest.raises(UnavailableError, match="too long"):
        got(there, seconds=0.01)


def test_a_length_over_the_limit_is_refused_before_memory_is_taken(pair: Pair) -> None:
    here, there = pair
    here.sendall(b"\xff\xff\xff\xff")
    with pytest.raises(IntegrityError, match="4294967295"):
        got(there)
    with pytest.raises(InputError, match="not sent"):
        send(here, {"a": "b" * MAX_FRAME_BYTES})


@pytest.mark.parametrize("data", [b"", b"[]", b"7", b'{"a": 1}', b'{"b":1,"a":1}'])
def test_what_is_no_canonical_object_is_refused(pair: Pair, data: bytes) -> None:
    here, there = pair
    here.sendall(len(data).to_bytes(4, "big") + data)

    with pytest.raises(IntegrityError):
        got(there)


def test_a_request_that_came_late_leaves_time_for_its_answer(pair: Pair) -> None:
    """What was left of the wait for a frame, 1 us at worst, was all for the answer."""
    here, there = pair
    for each in pair:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    here.settimeout(1e-6)
    large: Document = {"a": "b" * (MAX_FRAME_BYTES - 100)}
    with ThreadPoolExecutor(1) as pool:
        arrived = pool.submit(got, there)
        send(here, large)
        assert arrived.result() == large


def test_sending_to_nobody_is_an_error(pair: Pair) -> None:
    here, there = pair
    there.close()

    with pytest.raises(UnavailableError, match="gone"):
        send(here, {"a": "b"})


def test_the_kernel_says_who_is_at_the_other_end(pair: Pair) -> None:
    assert peer_uid(pair[0]) == os.geteuid()


class _TellsOfAnother(socket.socket):
    """The kernel says process 1, user 2, group 3: for root all but one are 0."""

    def getsockopt(self, *_: int) -> bytes:  # type: ignore[override]  # one of three
        return struct.pack("3i", 1, 2, 3)


def test_the_user_is_told_from_its_process_and_its_group() -> None:
    with _TellsOfAnother() as connection:
        assert peer_uid(connection) == 2


@pytest.mark.parametrize("name", sorted(KINDS))
def test_errors_cross_with_their_kind_and_hint(name: str) -> None:
    document = error_document(KINDS[name]("it is so", hint="do that"))

    with pytest.raises(KINDS[name], match="it is so") as raised:
        raise_error(document["error"])
    assert type(raised.value) is KINDS[name]
    assert raised.value.hint == "do that"


def test_an_error_of_a_private_kind_crosses_as_the_nearest_known_one() -> None:
    """It raised StopIteration, and the custodian hung up without a word."""

    class _MovedError(errors.StaleError):
        pass

    for error, kind in (
        (_MovedError("it moved"), errors.StaleError),
        (errors.StrongroomError("of no kind"), UnavailableError),
    ):
        with pytest.raises(kind, match=str(error)) as raised:
            raise_error(error_document(error)["error"])
        assert type(raised.value) is kind


def test_every_kind_of_error_crosses() -> None:
    def leaves(kind: type[errors.StrongroomError]) -> set[str]:
        below = [x for x in kind.__subclasses__() if x.__module__ == errors.__name__]
        return {x.__name__ for x in below}.union(*map(leaves, below))

    assert set(KINDS) == leaves(errors.StrongroomError)


@pytest.mark.parametrize("value", [None, "x", {}, {"kind": "SystemExit"}, {"kind": 7}])
def test_an_error_that_nobody_knows_means_unavailable(value: canonical.Json) -> None:
    with pytest.raises(UnavailableError):
        raise_error(value)


def test_of_a_long_error_the_beginning_is_shown() -> None:
    with pytest.raises(errors.DeniedError) as raised:
        raise_error({"kind": "DeniedError", "message": "m" * 600, "hint": "h" * 600})
    assert (str(raised.value), raised.value.hint) == ("m" * 500, "h" * 500)


def test_fields_are_read_as_what_they_are_or_refused() -> None:
    document: Document = {
        "t": "x",
        "n": 3,
        "b": base64_of(b"ab"),
        "l": bases64_of([b"a", b""]),
    }

    assert (text(document, "t"), number(document, "n")) == ("x", 3)
    assert raw(document, "b") == b"ab"
    assert raws(document, "l", at_most=2) == (b"a", b"")
    for read in (text, number, raw):
        with pytest.raises(IntegrityError):
            read({"l": []}, "l")
        with pytest.raises(IntegrityError):
            read({}, "l")
    with pytest.raises(IntegrityError):
        raws(document, "l", at_most=1)
    with pytest.raises(IntegrityError):
        number({"n": -1}, "n")
