"""A custodian whose root key lies in AWS KMS; see ``crypto.aws_kms``."""

from __future__ import annotations

from pathlib import Path

from strongroom.crypto.aws_kms import AwsKmsKey
from strongroom.crypto.aws_kms_uri import AwsKmsUri, Login
from strongroom.crypto.held_key import HeldKeyCustodian, with_anchor_key
from strongroom.crypto.token_file import TokenFile, read_token_file
from strongroom.errors import ConflictError, IntegrityError
from strongroom.types import Random, Secret, new_id


class AwsKmsCustodian(HeldKeyCustodian):
    """A ``KeyCustodian`` that asks AWS KMS for each wrap and unwrap."""

    @classmethod
    def create(
        cls, path: Path, *, name: str, uri: AwsKmsUri, login: Secret, random: Random
    ) -> AwsKmsCustodian:
        """Have the service make a key, write both files, and return the custodian.

        Raises:
            ConflictError: There is a custodian at ``path``.
            DeniedError: It is no access key, or one that may not.
            InputError: The name is not usable.
            SetupError: The alias is taken, the key does not bind wraps, or botocore
                is missing.
            UnavailableError: The service or the disk does not answer.
        """
        if path.exists():  # before a key is made that nobody would use
            raise ConflictError(f"there is a custodian at {path}")
        stated = TokenFile(name=name, root_key_id=new_id("root", random), uri=uri)
        key = AwsKmsKey.make(uri, Login.from_secret(login))
        custodian = cls(path, with_anchor_key(stated, key, random), key)
        custodian.store(path, random)
        return custodian

    @classmethod
    def open(
        cls, path: Path, login: Secret, *, uri: AwsKmsUri | None = None
    ) -> AwsKmsCustodian:
        """Return the custodian.

        Args:
            path: Of the file that ``create`` wrote.
            login: ``ID:SECRET`` or ``ID:SECRET:SESSION`` of an access key.
            uri: Where the service is now; as it was if ``None``.

        Raises:
            DeniedError: It is no access key, or one that may not.
            IntegrityError: One of the two files was altered.
            MissingError: There is no such file or key.
            SetupError: The key is of another kind, disabled, or was imported; or
                botocore is missing.
            UnavailableError: The service or the disk does not answer.
        """
        file = read_token_file(path)
        where = uri or file.uri
        if not isinstance(where, AwsKmsUri):
            raise IntegrityError(f"{path} is of another kind of custodian")
        key = AwsKmsKey.find(where, Login.from_secret(login))
        custodian = cls(path, file, key)  # proves the key by the file's anchor key
        custodian.anchor()
        return custodian
