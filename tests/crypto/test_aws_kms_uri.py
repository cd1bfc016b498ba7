"""A URI says which key of AWS KMS and who is asked; a secret is an access key."""

from __future__ import annotations

import pytest

from strongroom.crypto.aws_kms_uri import AwsKmsUri, Login
from strongroom.errors import DeniedError, InputError
from strongroom.types import Secret


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("aws-kms:eu-central-1/weights", "kms.eu-central-1.amazonaws.com"),
        ("aws-kms:us-gov-west-1/a-b_c", "kms.us-gov-west-1.amazonaws.com"),
        ("aws-kms:cn-north-1/weights", "kms.cn-north-1.amazonaws.com.cn"),
        ("aws-kms:eu-west-1/k?endpoint=https://kms.example:443", "kms.example"),
        ("aws-kms:eu-west-1/k?endpoint=https://[2001:db8::1]:8443", "2001:db8::1"),
        ("aws-kms:eu-west-1/k?endpoint=http://127.0.0.1:80", "127.0.0.1"),
        ("aws-kms:eu-west-1/k?endpoint=http://[::1]:80", "::1"),
        ("aws-kms:eu-west-1/k?endpoint=http://localhost:80", "localhost"),
    ],
)
def test_a_uri_is_read_as_it_is_written(text: str, host: str) -> None:
    uri = AwsKmsUri.from_text(text)

    assert str(uri) == text
    assert uri.address.host == host


def test_an_endpoint_has_the_port_of_its_scheme() -> None:
    uri = AwsKmsUri.from_text("aws-kms:eu-west-1/k?endpoint=https://kms.example")
    assert str(uri).endswith("https://kms.example:443")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("aws-kms:weights", "REGION/KEY"),
        ("aws-kms:/weights", "REGION/KEY"),
        ("aws-kms:eu-central-1/", "REGION/KEY"),
        ("aws-kms:eu-central-1/aws/s3", "REGION/KEY"),
        ("aws-kms:eu-central-1/a\n", "REGION/KEY"),
        ("aws-kms:example.com#-1/a", "REGION/KEY"),
        ("aws-kms:eu-central-1/a?x=y", "REGION/KEY"),
        ("aws-kms:eu-central-1/a?endpoint=", "REGION/KEY"),
        ("aws-kms:eu-central-1/a?endpoint=ftp://h", "REGION/KEY"),
        ("aws-kms:eu-central-1/a?endpoint=https://h:x", "REGION/KEY"),
        ("aws-kms:eu-central-1/a?endpoint=https://:443", "REGION/KEY"),
        ("aws-kms:eu-central-1/a?endpoint=https://h%20h", "REGION/KEY"),
        ("aws-kms:eu-central-1/a?endpoint=https://h/path", "no more"),
        ("aws-kms:eu-central-1/a?endpoint=https://h?x=y", "no more"),
        ("aws-kms:eu-central-1/a?endpoint=https://h#x", "no more"),
        ("aws-kms:eu-central-1/a?endpoint=https://user:word@h", "no more"),
        ("aws-kms:eu-central-1/a?endpoint=http://kms.example", "in the clear"),
    ],
)
def test_a_uri_that_will_not_do_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        AwsKmsUri.from_text(text)


def test_an_access_key_may_have_a_session() -> None:
    plain = Login.from_secret(Secret(b"AKIA0:k/e+y="))
    short = Login.from_secret(Secret(b"ASIA0:k/e+y=:tok/en=="))

    assert (plain.access_key_id, plain.secret_key) == ("AKIA0", Secret(b"k/e+y="))
    assert plain.session == Secret(b"")
    assert short.session == Secret(b"tok/en==")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"AKIA0",
        b"AKIA0:",
        b":key",
        b"A:k:",
        b"A:k\r\nX: y",
        b"A:\xe9",
        b"A" * 9000,
    ],
)
def test_what_is_no_access_key_is_refused_and_not_repeated(text: bytes) -> None:
    with pytest.raises(DeniedError, match="no access key") as raised:
        Login.from_secret(Secret(text))
    assert "AKIA0" not in str(raised.value)
