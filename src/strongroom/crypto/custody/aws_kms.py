"""Custodians whose root key lies in AWS KMS; see ``crypto.aws_kms``."""

from __future__ import annotations

from typing import Final

from strongroom.crypto.aws_kms import AwsKmsKey
from strongroom.crypto.aws_kms_uri import AwsKmsUri, Login
from strongroom.crypto.held_key import Holder
from strongroom.types import Random, Secret


def _make(uri: AwsKmsUri, login: Secret, _: str, __: Random) -> AwsKmsKey:
    return AwsKmsKey.make(uri, Login.from_secret(login))


def _find(uri: AwsKmsUri, login: Secret, _: str, __: Random) -> AwsKmsKey:
    return AwsKmsKey.find(uri, Login.from_secret(login))


AWS_KMS: Final = Holder(uri=AwsKmsUri, make=_make, find=_find)
"""Makes and opens them; the secret is ``ID:SECRET`` or ``ID:SECRET:SESSION``."""
