"""Which recovery key a custodian process may wrap its shares to.

Its own operator names it, after a look at a paper.  The ledger alone would not
do: whoever controls a desk can write an entry about a recovery key of their own,
and have every share with it.

Source: ``docs/specification/custody-protocol.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from strongroom import canonical
from strongroom.crypto.custody_file import MAX_FILE_BYTES
from strongroom.crypto.durable import write_durably
from strongroom.errors import InputError, IntegrityError
from strongroom.settings.small_files import read_small
from strongroom.types import Random, id_bytes

_FORMAT = "strongroom/custody-trust/v1"
_KIND = "recovery-"


class TrustFile:
    """Where that is kept, beside the custodian's own file."""

    def __init__(self, custodian: Path, *, random: Random) -> None:
        """Name the file; nothing is read yet."""
        self._path = custodian.with_name(custodian.name + ".trust")
        self._random = random

    def read(self) -> str | None:
        """Return the id of the recovery key, or ``None`` if none was named.

        Raises:
            IntegrityError: The file was altered.
            SetupError: Others than its owner may read it.
            UnavailableError: It cannot be read.
        """
        data = read_small(self._path, MAX_FILE_BYTES, private=True)
        if data is None:
            return None
        document = canonical.from_json(data, at_most_bytes=MAX_FILE_BYTES)
        key = str(document.get("key")) if isinstance(document, Mapping) else ""
        if _to_bytes(key) != data:
            raise IntegrityError(f"{self._path} names no recovery key")
        return key

    def write(self, key: str) -> None:
        """Keep the id of a recovery key durably, in place of a former one.

        Raises:
            InputError: It is not the id of a recovery key.
            UnavailableError: It cannot be written.
        """
        if not key.startswith(_KIND):
            raise InputError(
                f"{key[:40]!r} is no recovery key", hint="a paper says: key: recovery-…"
            )
        id_bytes(key)
        write_durably(self._path, _to_bytes(key), self._random, overwrite=True)


def _to_bytes(key: str) -> bytes:
    return canonical.to_json({"format": _FORMAT, "key": key})
