"""A key in AWS KMS: what is asked, what is believed, over recorded answers and moto."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from strongroom.crypto.aws_kms import MAX_SECRET_BYTES, AwsKmsKey
from strongroom.crypto.aws_kms_uri import AwsKmsUri, Login
from strongroom.crypto.conversation import MAX_ANSWER_BYTES
from strongroom.errors import (
    DeniedError,
    InputError,
    IntegrityError,
    MissingError,
    SetupError,
    UnavailableError,
)
from strongroom.types import Secret
from tests import kms

VECTOR = json.loads((Path(__file__).parents[1] / "vectors/aws_kms.json").read_text())
RECORDED = VECTOR["conversation"]
KEY_ID, PLACE = VECTOR["key_id"], bytes.fromhex(VECTOR["place"])
SECRET = Secret(bytes.fromhex(VECTOR["secret"]))
LOGIN = Login.from_secret(kms.LOGIN)
SHARE = Secret(bytes(range(32)))
BLOB = base64.b64decode(RECORDED["encrypt"]["answer"]["CiphertextBlob"])


@pytest.fixture
def said() -> Iterator[kms.Said]:
    with kms.saying() as said:
        yield said


@pytest.fixture
def key(said: kms.Said) -> AwsKmsKey:
    return AwsKmsKey(kms.uri(said.port, "weights"), LOGIN, key_id=KEY_ID)


@pytest.fixture
def uri(kms_port: int) -> AwsKmsUri:
    return kms.uri(kms_port)


def replay(said: kms.Said, name: str) -> None:
    said.says(RECORDED[name]["answer"], RECORDED[name]["status"])


def queue(said: kms.Said, *names: str) -> None:
    for name in names:
        told = RECORDED[name]
        said.first.append((told["status"], json.dumps(told["answer"]).encode()))


def last(said: kms.Said) -> tuple[str, Any]:
    """Return target and document of the last request."""
    headers, body = said.asked[-1]
    return headers["X-Amz-Target"], json.loads(body)


def recorded(name: str) -> tuple[str, Any]:
    return RECORDED[name]["target"], RECORDED[name]["asks"]


# --- recorded answers -----------------------------------------------------------


def test_the_recorded_conversation_is_had_again(said: kms.Said, key: AwsKmsKey) -> None:
    replay(said, "encrypt")
    assert key.wrap(SECRET, PLACE) == BLOB
    assert last(said) == recorded("encrypt")
    replay(said, "decrypt")
    assert key.unwrap(BLOB, PLACE) == SECRET
    assert last(said) == recorded("decrypt")
    replay(said, "decrypt_elsewhere")
    assert key.unwrap(BLOB, b"elsewhere") is None
    assert last(said) == recorded("decrypt_elsewhere")


def test_a_recorded_key_is_found_and_used_by_its_id(said: kms.Said) -> None:
    replay(said, "describe_key")
    found = AwsKmsKey.find(kms.uri(said.port, "weights"), LOGIN)
    assert last(said) == recorded("describe_key")
    replay(said, "encrypt")
    found.wrap(SECRET, PLACE)
    assert last(said) == recorded("encrypt")


def test_a_key_of_a_hardware_module_was_made_inside_as_well(said: kms.Said) -> None:
    whole = RECORDED["describe_key"]["answer"]["KeyMetadata"]
    said.says({"KeyMetadata": {**whole, "Origin": "AWS_CLOUDHSM"}})

    AwsKmsKey.find(kms.uri(said.port, "weights"), LOGIN)


@pytest.mark.parametrize(
    "facts",
    [
        {"KeySpec": "RSA_2048"},
        {"KeyUsage": "SIGN_VERIFY"},
        {"Origin": "EXTERNAL"},
        {"Origin": "EXTERNAL_KEY_STORE"},
        {"Origin": None},
        {"KeyState": "Disabled"},
        {"KeyState": "PendingDeletion"},
    ],
)
def test_a_key_that_will_not_do_is_refused(
    said: kms.Said, facts: dict[str, object]
) -> None:
    whole = RECORDED["describe_key"]["answer"]["KeyMetadata"]
    said.says({"KeyMetadata": {**whole, **facts}})
    with pytest.raises(SetupError):
        AwsKmsKey.find(kms.uri(said.port, "weights"), LOGIN)


@pytest.mark.parametrize("key_id", ["../x", "", "k" * 65, 7.5, None])
def test_a_key_whose_id_is_none_is_refused(said: kms.Said, key_id: object) -> None:
    """It is put into every later request; one left out was taken for ``None``."""
    whole = RECORDED["describe_key"]["answer"]["KeyMetadata"]
    said.says({"KeyMetadata": {**whole, "KeyId": key_id}})
    with pytest.raises(UnavailableError):
        AwsKmsKey.find(kms.uri(said.port, "weights"), LOGIN)


def test_a_key_is_made_as_recorded(said: kms.Said) -> None:
    names = ("describe_missing", "create_key", "create_alias", "describe_key")
    queue(said, *names)
    AwsKmsKey.make(kms.uri(said.port, "weights"), LOGIN)

    asked = [(of["X-Amz-Target"], json.loads(body)) for of, body in said.asked]
    assert asked == [recorded(name) for name in names]


def test_an_alias_that_was_taken_meanwhile_is_refused(said: kms.Said) -> None:
    """Of two that create at once, the second learns it last."""
    queue(said, "describe_missing", "create_key", "create_alias_again")
    with pytest.raises(SetupError, match="has a key"):
        AwsKmsKey.make(kms.uri(said.port, "weights"), LOGIN)


# --- errors ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["InvalidCiphertextException", "IncorrectKeyException"]
)
def test_a_wrap_that_the_service_refuses_is_none(
    said: kms.Said, key: AwsKmsKey, kind: str
) -> None:
    said.says({"__type": kind}, 400)
    assert key.unwrap(BLOB, PLACE) is None


def test_a_denied_decryption_may_be_of_an_altered_wrap(
    said: kms.Said, key: AwsKmsKey
) -> None:
    """KMS says so of a ciphertext that names a key it does not know."""
    said.says({"__type": "AccessDeniedException"}, 400)
    assert key.unwrap(BLOB, PLACE) is None
    said.says({"__type": "UnrecognizedClientException"}, 400)
    with pytest.raises(DeniedError):
        key.unwrap(BLOB, PLACE)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"[" * 100_000,
        b'{"CiphertextBlob": 7, "Plaintext": "*", "KeyMetadata": 7}',
        b'{"CiphertextBlob": "\\u00e9", "Plaintext": "\\ud800", "KeyMetadata": {}}',
        b'{"CiphertextBlob": "", "KeyMetadata": {"KeyId": "../x"}}',
        b" " * (MAX_ANSWER_BYTES + 1),
    ],
)
def test_an_answer_that_is_none_is_refused(
    said: kms.Said, key: AwsKmsKey, body: bytes
) -> None:
    said.body = body
    with pytest.raises(UnavailableError):
        key.wrap(SECRET, PLACE)
    with pytest.raises(UnavailableError):
        key.unwrap(BLOB, PLACE)
    with pytest.raises((UnavailableError, SetupError)):
        AwsKmsKey.find(kms.uri(said.port, "weights"), LOGIN)


def test_an_answer_that_only_drips_is_not_waited_for(said: kms.Said) -> None:
    said.drips, said.body = True, b" " * 10_000
    where = kms.uri(said.port, "weights")
    with pytest.raises(UnavailableError):
        AwsKmsKey(where, LOGIN, key_id=KEY_ID, seconds=0.3).wrap(SECRET, PLACE)


def test_what_kms_would_not_take_is_not_sent(said: kms.Said, key: AwsKmsKey) -> None:
    for secret in (b"", bytes(MAX_SECRET_BYTES + 1)):
        with pytest.raises(InputError, match="1 to 4096"):
            key.wrap(Secret(secret), PLACE)
    with pytest.raises(InputError, match="binds"):
        key.wrap(SECRET, bytes(4097))
    for case in VECTOR["refused"]:
        with pytest.raises(IntegrityError):
            key.unwrap(bytes(case["zeros"]), PLACE)
    assert not said.asked


# --- moto -----------------------------------------------------------------------


def test_a_changed_encryption_context_is_refused(uri: AwsKmsUri) -> None:
    key = AwsKmsKey.make(uri, LOGIN)
    wrapped = key.wrap(SHARE, b"place")

    assert key.unwrap(wrapped, b"place") == SHARE
    for place in (b"", b"plac", b"place\0", b"Place", b"elsewhere"):
        assert key.unwrap(wrapped, place) is None


def test_a_wrap_of_another_key_is_refused(uri: AwsKmsUri, kms_port: int) -> None:
    """KMS would open it: a ciphertext names its key, unless the request does."""
    key = AwsKmsKey.make(uri, LOGIN)
    other = AwsKmsKey.make(kms.uri(kms_port), LOGIN)

    assert key.unwrap(other.wrap(SHARE, b"place"), b"place") is None


def test_the_longest_secret_and_place_go_through(uri: AwsKmsUri) -> None:
    key = AwsKmsKey.make(uri, LOGIN)
    longest, place = Secret(bytes(MAX_SECRET_BYTES)), bytes(4096)

    assert key.unwrap(key.wrap(longest, place), place) == longest


def test_a_key_is_made_once(uri: AwsKmsUri) -> None:
    with pytest.raises(MissingError):
        AwsKmsKey.find(uri, LOGIN)
    AwsKmsKey.make(uri, LOGIN)
    AwsKmsKey.find(uri, LOGIN)
    with pytest.raises(SetupError, match="has a key"):
        AwsKmsKey.make(uri, LOGIN)
