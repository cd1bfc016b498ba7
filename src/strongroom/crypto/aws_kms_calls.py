"""Calls of AWS KMS: signed, sent once, and what the service says translated.

``botocore`` signs the requests.  ``crypto.conversation`` sends them, because botocore
reads answers without a limit and knows no deadline for a whole one.

Source: AWS KMS API reference, "Common errors" and the errors of each operation;
the AWS JSON 1.1 protocol of Smithy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus

from strongroom.crypto.aws_kms_uri import AwsKmsUri, Login, url
from strongroom.crypto.conversation import ask
from strongroom.errors import (
    DeniedError,
    InputError,
    MissingError,
    SetupError,
    UnavailableError,
)

_KIND = re.compile(r"[A-Za-z0-9]{1,64}")
_REFUSED = frozenset(
    # KMS also says AccessDenied of a ciphertext that names a key it does not know.
    {"InvalidCiphertextException", "IncorrectKeyException", "AccessDeniedException"}
)
_DENIED = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorizedException",
        "OptInRequired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


def ask_kms(
    uri: AwsKmsUri,
    login: Login,
    what: str,
    document: Mapping[str, object],
    *,
    seconds: float,
) -> Mapping[str, object]:
    """Return what the service answers; empty if it has nothing to say.

    Args:
        uri: Which service.
        login: What it knows us by.
        what: The operation, such as ``Encrypt``.
        document: What is asked.
        seconds: See ``conversation.ask``.

    Raises:
        InputError: The service refused it: a wrap, or an alias that is taken.
        DeniedError: The access key may not, or is not known.
        MissingError: There is no such key.
        SetupError: botocore is missing.
        UnavailableError: The service does not answer, or not with JSON.
    """
    body = json.dumps(document, sort_keys=True).encode()
    status, data = ask(
        uri.address,
        "POST",
        "/",
        body=body,
        headers=_signed(uri, login, what, body),
        seconds=seconds,
    )
    found = _document(data)
    if status == HTTPStatus.OK and found is not None:
        return found
    kind = str((found or {}).get("__type", "")).rpartition("#")[2]
    _refuse(uri, what, kind, status)
    raise strange(uri)


def strange(uri: AwsKmsUri) -> UnavailableError:
    """Return the error for an answer that is none."""
    return UnavailableError(f"{uri.address.host} answers something else")


def _refuse(uri: AwsKmsUri, what: str, kind: str, status: int) -> None:
    """Raise our error for one of the service.

    Args:
        uri: Who was asked.
        what: The operation.
        kind: The service's name of the error.
        status: Of HTTP.
    """
    host = uri.address.host
    if (what == "Decrypt" and kind in _REFUSED) or kind == "AlreadyExistsException":
        raise InputError(f"{host} refused it")
    if kind in _DENIED:
        raise DeniedError(
            f"{host} does not let us use the key {uri.key}",
            hint="give an access key that may DescribeKey, Encrypt and Decrypt; "
            "a session may have ended",
        )
    if kind == "NotFoundException":
        raise MissingError(f"{uri.region} has no key {uri.key}")
    if status != HTTPStatus.OK:
        known = kind if _KIND.fullmatch(kind) else "no reason"
        raise UnavailableError(f"{host} answers {status}: {known}")


def _signed(uri: AwsKmsUri, login: Login, what: str, body: bytes) -> dict[str, str]:
    """Return the headers of a request, signed at the time of this machine's clock."""
    try:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials
    except ImportError:
        raise SetupError(
            "AWS KMS needs botocore", hint="pip install 'strongroom[aws]'"
        ) from None
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"TrentService.{what}",
    }
    request = AWSRequest(
        method="POST", url=f"{url(uri.address)}/", data=body, headers=headers
    )
    known = Credentials(
        login.access_key_id,
        login.secret_key.reveal().decode(),
        login.session.reveal().decode() or None,
    )
    SigV4Auth(known, "kms", uri.region).add_auth(request)
    return {str(name): str(value) for name, value in request.headers.items()}


def _document(content: bytes) -> Mapping[str, object] | None:
    """Return what was answered, nothing included; ``None`` if it is no JSON object."""
    try:
        document = json.loads(content or b"null")
    except (ValueError, RecursionError):
        return None
    return {} if document is None else document if isinstance(document, dict) else None
