"""A call of AWS KMS: signed as AWS wants it, and its errors become ours."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from strongroom.crypto.aws_kms_calls import ask_kms
from strongroom.crypto.aws_kms_uri import Login
from strongroom.errors import (
    DeniedError,
    InputError,
    MissingError,
    UnavailableError,
)
from strongroom.types import Secret
from tests import kms

LOGIN = Login.from_secret(kms.LOGIN)


@pytest.fixture
def said() -> Iterator[kms.Said]:
    with kms.saying() as said:
        said.says({})
        yield said


def call(said: kms.Said, what: str, login: Login = LOGIN) -> object:
    where = kms.uri(said.port, "weights")
    return ask_kms(where, login, what, {"b": 1, "a": 2}, seconds=10.0)


def test_a_call_is_one_signed_request(said: kms.Said) -> None:
    said.says({"KeyId": "k"})
    assert call(said, "Encrypt") == {"KeyId": "k"}
    ((headers, body),) = said.asked

    assert json.loads(body) == {"a": 2, "b": 1}
    assert headers["Content-Type"] == "application/x-amz-json-1.1"
    assert headers["X-Amz-Target"] == "TrentService.Encrypt"
    assert "X-Amz-Security-Token" not in headers
    assert "/eu-central-1/kms/aws4_request" in headers["Authorization"]
    assert LOGIN.secret_key.reveal().decode() not in str(said.asked)


def test_a_session_goes_with_it_and_is_signed(said: kms.Said) -> None:
    call(said, "Encrypt", Login.from_secret(Secret(kms.LOGIN.reveal() + b":session")))
    headers, _ = said.asked[0]

    assert headers["X-Amz-Security-Token"] == "session"
    assert (
        "host;x-amz-date;x-amz-security-token;x-amz-target"
        in (headers["Authorization"])
    )


def test_nothing_to_say_is_an_answer(said: kms.Said) -> None:
    """AWS answers CreateAlias with nothing, moto with ``null``."""
    for body in (b"", b"null", b"{}"):
        said.body = body
        assert call(said, "CreateAlias") == {}


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        ("AccessDeniedException", 400, DeniedError),
        ("UnrecognizedClientException", 400, DeniedError),
        ("ExpiredTokenException", 400, DeniedError),
        ("InvalidSignatureException", 400, DeniedError),
        ("com.amazonaws.kms#NotFoundException", 400, MissingError),
        ("AlreadyExistsException", 400, InputError),
        ("DisabledException", 400, UnavailableError),
        ("KMSInvalidStateException", 400, UnavailableError),
        ("ThrottlingException", 400, UnavailableError),
        ("KMSInternalException", 500, UnavailableError),
        ("x" * 200_000, 400, UnavailableError),
        ("\x1b[2J", 400, UnavailableError),
    ],
)
def test_what_the_service_says_becomes_our_error(
    said: kms.Said, kind: str, status: int, error: type[Exception]
) -> None:
    said.says({"__type": kind, "message": "of theirs"}, status)
    with pytest.raises(error) as raised:
        call(said, "Encrypt")
    assert "of theirs" not in str(raised.value)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 150


def test_an_error_that_is_no_json_is_one_still(said: kms.Said) -> None:
    said.status, said.body = 502, b"<html>"
    with pytest.raises(UnavailableError, match="502: no reason"):
        call(said, "Encrypt")


def test_without_botocore_it_says_what_to_install() -> None:
    program = """
import sys
sys.modules["botocore"] = None
from strongroom.crypto.aws_kms_calls import ask_kms
from strongroom.crypto.aws_kms_uri import AwsKmsUri, Login
from strongroom.errors import SetupError
from strongroom.types import Secret
uri = AwsKmsUri.from_text("aws-kms:eu-central-1/weights")
try:
    ask_kms(uri, Login.from_secret(Secret(b"A:k")), "Encrypt", {}, seconds=1.0)
except SetupError as error:
    print(error.hint)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "strongroom[aws]" in done.stdout
