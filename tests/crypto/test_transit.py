"""A transit engine as its API is published: what is asked, what is believed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from strongroom.crypto.conversation import MAX_ANSWER_BYTES
from strongroom.crypto.transit import TransitKey, TransitUri
from strongroom.errors import (
    DeniedError,
    InputError,
    IntegrityError,
    MissingError,
    SetupError,
    UnavailableError,
)
from strongroom.types import Secret
from tests.transit import TOKEN, Engine, running

VECTOR = json.loads((Path(__file__).parents[1] / "vectors/transit.json").read_text())
SHARE = Secret(bytes(range(32)))


@pytest.fixture
def engine() -> Iterator[Engine]:
    with running() as engine:
        engine.keys["weights"] = bytes(32)
        yield engine


@pytest.fixture
def key(engine: Engine) -> TransitKey:
    return TransitKey(engine.uri("weights"), TOKEN)


def test_the_published_answers_are_understood(engine: Engine, key: TransitKey) -> None:
    engine.status, engine.body = 200, json.dumps(VECTOR["encrypt"]).encode()
    wrapped = key.wrap(SHARE, b"place")
    assert wrapped.decode() == VECTOR["encrypt"]["data"]["ciphertext"]
    engine.body = json.dumps(VECTOR["decrypt"]).encode()
    assert key.unwrap(wrapped, b"place") == Secret(b"the quick brown fox\n")
    engine.body = json.dumps(VECTOR["read_key"]).encode()
    key.verify()


@pytest.mark.parametrize("wrapped", VECTOR["refused"])
def test_what_is_no_wrap_of_an_engine_is_not_sent(
    key: TransitKey, wrapped: dict[str, str]
) -> None:
    with pytest.raises(IntegrityError):
        key.unwrap(wrapped["text"].encode(), b"place")


def test_an_answer_that_only_drips_is_not_waited_for(engine: Engine) -> None:
    """Each byte began the time anew: a service could hold the desk for ever."""
    engine.drips, engine.body = True, b" " * 10_000
    key = TransitKey(engine.uri("weights"), TOKEN, seconds=0.3)

    with pytest.raises(UnavailableError):
        key.wrap(SHARE, b"place")
    engine.drips = False


@pytest.mark.parametrize("length", range(1, 7))
def test_no_bit_of_a_wrap_can_be_flipped(key: TransitKey, length: int) -> None:
    """The last bits of base64 stood for nothing: flipped, the wrap still opened."""
    wrapped = key.wrap(Secret(bytes(length)), b"place")
    last = len(wrapped.rstrip(b"=")) - 1

    for bit in range(8):
        altered = bytearray(wrapped)
        altered[last] ^= 1 << bit
        opened = None
        with suppress(IntegrityError):
            opened = key.unwrap(bytes(altered), b"place")
        assert opened is None


def test_a_wrap_opens_in_its_place_only(key: TransitKey) -> None:
    wrapped = key.wrap(SHARE, b"place")

    assert key.unwrap(wrapped, b"place") == SHARE
    assert key.unwrap(wrapped, b"elsewhere") is None


@pytest.mark.parametrize(
    "facts",
    [
        {"type": "chacha20-poly1305"},
        {"type": None},
        {"derived": True},
        {"exportable": True},
        {"allow_plaintext_backup": True},
    ],
)
def test_a_key_that_will_not_do_is_refused(
    engine: Engine, key: TransitKey, facts: dict[str, object]
) -> None:
    engine.facts = facts
    with pytest.raises(SetupError):
        key.verify()


def test_a_key_is_made_once(engine: Engine) -> None:
    fresh = TransitKey(engine.uri("fresh"), TOKEN)
    with pytest.raises(MissingError):
        fresh.verify()
    fresh.make()
    fresh.verify()
    with pytest.raises(SetupError, match="has a key"):
        fresh.make()


def test_a_token_that_may_not_is_refused_and_not_repeated(engine: Engine) -> None:
    key = TransitKey(engine.uri("weights"), Secret(b"hvs.wrong"))
    with pytest.raises(DeniedError) as raised:
        key.wrap(SHARE, b"place")
    assert "hvs.wrong" not in str(raised.value)


@pytest.mark.parametrize("status", [301, 429, 500, 503])
def test_a_service_that_fails_is_unavailable(
    engine: Engine, key: TransitKey, status: int
) -> None:
    engine.status = status
    with pytest.raises(UnavailableError, match=str(status)):
        key.wrap(SHARE, b"place")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"data": []}',
        b'{"data": {"ciphertext": 7, "plaintext": "*"}}',
        b'{"data": {"ciphertext": "\\u00e9", "plaintext": "\\u00e9"}}',
        b'{"data": {"ciphertext": "\\ud800", "plaintext": "\\ud800"}}',
        b" " * (MAX_ANSWER_BYTES + 1),
    ],
)
def test_an_answer_that_is_none_is_refused(
    engine: Engine, key: TransitKey, body: bytes
) -> None:
    """Text that is no ASCII, or half a character, once got out as a ValueError."""
    wrapped = key.wrap(SHARE, b"place")
    engine.body = body
    with pytest.raises(UnavailableError):
        key.wrap(SHARE, b"place")
    with pytest.raises(UnavailableError):
        key.unwrap(wrapped, b"place")


def test_nobody_there_is_unavailable(engine: Engine) -> None:
    del engine
    uri = TransitUri(host="127.0.0.1", port=1, mount="m", key="k", secure=False)
    with pytest.raises(UnavailableError, match="does not answer"):
        TransitKey(uri, TOKEN).wrap(SHARE, b"place")


@pytest.mark.parametrize(
    "text",
    [
        "transit:https://vault.example:8200/transit/weights",
        "transit:http://127.0.0.1:80/transit/weights",
        "transit:https://[2001:db8::1]:443/a/b-c_d",
    ],
)
def test_a_uri_is_read_as_it_is_written(text: str) -> None:
    assert str(TransitUri.from_text(text)) == text


@pytest.mark.parametrize(("scheme", "port"), [("http", 80), ("https", 443)])
def test_a_uri_without_a_port_means_that_of_its_scheme(scheme: str, port: int) -> None:
    uri = TransitUri.from_text(f"transit:{scheme}://127.0.0.1/transit/weights")

    assert uri.port == port


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("transit:https://vault.example/weights", "HOST/MOUNT/KEY"),
        ("transit:https://vault.example/a/b/c", "HOST/MOUNT/KEY"),
        ("transit:https://vault.example/a/../b", "HOST/MOUNT/KEY"),
        ("transit:https://vault.example/a/%2e", "HOST/MOUNT/KEY"),
        ("transit:ftp://vault.example/a/b", "HOST/MOUNT/KEY"),
        ("transit:https://vault.example:x/a/b", "HOST/MOUNT/KEY"),
        ("transit:https:///a/b", "a host"),
        ("transit:https://user:word@vault.example/a/b", "no more"),
        ("transit:https://vault.example/a/b?token=x", "no more"),
        ("transit:http://vault.example/a/b", "in the clear"),
    ],
)
def test_a_uri_that_will_not_do_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        TransitUri.from_text(text)
