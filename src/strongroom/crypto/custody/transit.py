"""A custodian whose root key lies in the transit engine of Vault or OpenBao.

Never run against a server here: it follows the published API, and the tests play
the service.  See ``crypto.transit``.
"""

from __future__ import annotations

from pathlib import Path

from strongroom.crypto.held_key import HeldKeyCustodian, with_anchor_key
from strongroom.crypto.token_file import TokenFile, read_token_file
from strongroom.crypto.transit import TransitKey, TransitUri
from strongroom.errors import ConflictError, IntegrityError
from strongroom.types import Random, Secret, new_id


class TransitCustodian(HeldKeyCustodian):
    """A ``KeyCustodian`` that asks a service for each wrap and unwrap."""

    @classmethod
    def create(
        cls, path: Path, *, name: str, uri: TransitUri, token: Secret, random: Random
    ) -> TransitCustodian:
        """Have the service make a key, write both files, and return the custodian.

        Raises:
            ConflictError: There is a custodian at ``path``.
            DeniedError: The token may not.
            InputError: The name is not usable.
            SetupError: There is such a key, or it does not bind wraps.
            UnavailableError: The service or the disk does not answer.
        """
        if path.exists():  # before a key is made that nobody would use
            raise ConflictError(f"there is a custodian at {path}")
        key = TransitKey(uri, token)
        key.make()
        key.verify()
        stated = TokenFile(name=name, root_key_id=new_id("root", random), uri=uri)
        custodian = cls(path, with_anchor_key(stated, key, random), key)
        custodian.store(path, random)
        return custodian

    @classmethod
    def open(
        cls, path: Path, token: Secret, *, uri: TransitUri | None = None
    ) -> TransitCustodian:
        """Return the custodian.

        Args:
            path: Of the file that ``create`` wrote.
            token: What the service knows us by.
            uri: Where the service is now; as it was if ``None``.

        Raises:
            DeniedError: The token may not.
            IntegrityError: One of the two files was altered.
            MissingError: There is no such file or key.
            SetupError: The key is of another type, or can leave its service.
            UnavailableError: The service or the disk does not answer.
        """
        file = read_token_file(path)
        where = uri or file.uri
        if not isinstance(where, TransitUri):
            raise IntegrityError(f"{path} is of another kind of custodian")
        key = TransitKey(where, token)
        key.verify()
        custodian = cls(path, file, key)
        custodian.anchor()
        return custodian
