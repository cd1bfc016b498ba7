"""The custody file: what it states, and the root key under a passphrase.

Source: ``docs/specification/custody-file.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from strongroom import canonical
from strongroom.crypto import passphrases, wraps
from strongroom.crypto.passphrases import Cost
from strongroom.errors import (
    DeniedError,
    InputError,
    IntegrityError,
    MissingError,
)
from strongroom.settings.small_files import read_small
from strongroom.types import Random, Secret

MAX_FILE_BYTES = 4096
_FORMAT = "strongroom/custody/v1"
_MAX_NAME = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyFile:
    """What the file says; readable without the passphrase, and not yet trusted.

    Attributes:
        name: The custody domain.
        root_key_id: Names the root key.
        cost: What one guess costs.
        salt: 16 random bytes.
        wrapped: The root key, encrypted under the passphrase's key; empty while
            the file is being made.
    """

    name: str
    root_key_id: str
    cost: Cost
    salt: bytes
    wrapped: bytes = b""

    def __post_init__(self) -> None:
        check_name(self.name)

    def to_bytes(self) -> bytes:
        """Return the file's content, canonical JSON."""
        return canonical.to_json({**self._stated(), "wrapped": self.wrapped.hex()})

    def context(self) -> bytes:
        """Return what is authenticated with the root key: all that is stated."""
        stated = canonical.to_json(self._stated())
        return canonical.encode("strongroom/v1/custody-file", stated)

    def _stated(self) -> dict[str, canonical.Json]:
        return {
            "format": _FORMAT,
            "kdf": {
                "algorithm": "argon2id",
                "lanes": self.cost.lanes,
                "memory_kib": self.cost.memory_kib,
                "passes": self.cost.passes,
                "salt": self.salt.hex(),
            },
            "name": self.name,
            "root_key_id": self.root_key_id,
        }

    @classmethod
    def from_bytes(cls, data: bytes) -> CustodyFile:
        """Return what the file says.

        Raises:
            IntegrityError: It is not what ``to_bytes`` writes, or its cost is
                outside the floor and the ceiling.
        """
        document = canonical.from_json(data, at_most_bytes=MAX_FILE_BYTES)
        try:
            parsed = _parsed(document)
        except (InputError, ValueError, TypeError, KeyError):
            raise IntegrityError("it is not a custody file") from None
        if parsed.to_bytes() != data:
            raise IntegrityError("it is not a custody file of this version")
        return parsed


def read_custody_file(path: Path) -> CustodyFile:
    """Return what the file says, without a passphrase.

    Raises:
        MissingError: There is no such file.
        IntegrityError: It is not a custody file.
        SetupError: Others than its owner may read it.
        UnavailableError: It cannot be read.
    """
    data = read_private(path)
    try:
        return CustodyFile.from_bytes(data)
    except IntegrityError as error:
        raise IntegrityError(f"{path}: {error}") from None


def read_private(path: Path) -> bytes:
    """Return the bytes of a custodian's file, at most ``MAX_FILE_BYTES`` and one.

    Raises:
        MissingError: There is no such file.
        SetupError: Others than its owner may read it.
        UnavailableError: It cannot be read.
    """
    data = read_small(path, MAX_FILE_BYTES, private=True)
    if data is None:
        raise MissingError(f"there is no custodian at {path}")
    return data


def check_name(name: str) -> None:
    """Refuse a name that no custodian has.

    Raises:
        InputError: It is empty, too long, or cannot be shown.
    """
    if not 0 < len(name) <= _MAX_NAME or not name.isprintable():
        raise InputError(f"a custodian's name has 1 to {_MAX_NAME} characters")


def lock_up(
    root: Secret, stated: CustodyFile, passphrase: Secret, random: Random
) -> CustodyFile:
    """Return ``stated`` with the root key wrapped and everything authenticated.

    Raises:
        InputError: The passphrase is not usable.
        UnavailableError: Memory is short.
    """
    key = passphrases.derive(passphrase, stated.salt, stated.cost)
    return replace(stated, wrapped=wraps.wrap(key, root, stated.context(), random))


def unlock(file: CustodyFile, passphrase: Secret) -> Secret:
    """Return the root key.

    Raises:
        DeniedError: The passphrase does not open it, or the file was altered.
        UnavailableError: Memory is short.
    """
    try:
        key = passphrases.derive(passphrase, file.salt, file.cost)
        return wraps.unwrap(key, file.wrapped, file.context())
    except (IntegrityError, InputError):
        raise DeniedError(
            f"the passphrase does not open custodian {file.name}",
            hint="type it again; if it is right, the file was altered",
        ) from None


def _parsed(document: canonical.Json) -> CustodyFile:
    if not isinstance(document, Mapping) or not isinstance(document["kdf"], Mapping):
        raise TypeError
    kdf = document["kdf"]
    return CustodyFile(
        name=str(document["name"]),
        root_key_id=str(document["root_key_id"]),
        cost=Cost(
            memory_kib=_whole(kdf["memory_kib"]),
            passes=_whole(kdf["passes"]),
            lanes=_whole(kdf["lanes"]),
        ),
        salt=bytes.fromhex(str(kdf["salt"])),
        wrapped=bytes.fromhex(str(document["wrapped"])),
    )


def _whole(value: canonical.Json) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value
