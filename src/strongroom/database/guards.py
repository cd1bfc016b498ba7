"""The MACs of rows that decisions rely on, and of entries that wait.

Source: ``docs/specification/guarded-rows.md``.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from strongroom import canonical
from strongroom.database.times import format_time
from strongroom.errors import UnavailableError
from strongroom.types import Secret

_ENTRY_TAG = "strongroom/v1/entry"
_ENTRY = struct.Struct(">I19sIQI27sI32s")  # tag, id, time and leaf, as ``encode`` does


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChange:
    """One guarded row as written: what a ledger entry says of it."""

    table: str
    id: str
    revision: int
    mac: bytes


class Guards:
    """Computes the MACs of decision rows; without a key it refuses."""

    def __init__(self, key: Secret | None) -> None:
        self._key = key

    def mac(self, table: str, row: Mapping[str, object]) -> bytes:
        """Return the 32-byte MAC over table, id, revision and all content.

        Raises:
            UnavailableError: The home custodian is locked.
        """
        content = canonical.to_json({k: _plain(v) for k, v in row.items()})
        return self._digest("strongroom/v1/row", table, str(row["id"]), content)

    def entry_mac(self, entry_id: int, at: datetime, leaf: bytes) -> bytes:
        """Return the 32-byte MAC under which an entry waits for its index.

        Without it whoever writes to the database could have any entry signed,
        and could move time on.

        Raises:
            UnavailableError: The home custodian is locked.
        """
        return self._digest(_ENTRY_TAG, entry_id, format_time(at), leaf)

    def entry_macs(
        self, at: datetime, ids: Iterable[int], leaves: Iterable[bytes]
    ) -> list[bytes]:
        """Return ``entry_mac`` of entries that were made at one time, in order.

        At half the cost: one key state, and one call that writes the message.

        Args:
            at: When all of them were made, aware UTC.
            ids: Their ids, from 0 on.
            leaves: Their leaf hashes, 32 bytes each.

        Raises:
            UnavailableError: The home custodian is locked.
        """
        tag, time = _ENTRY_TAG.encode(), format_time(at).encode()
        started = hmac.new(self._revealed(), digestmod="sha256")
        macs = []
        for number, leaf in zip(ids, leaves, strict=True):
            mac = started.copy()
            mac.update(_ENTRY.pack(19, tag, 8, number, 27, time, 32, leaf))
            macs.append(mac.digest())
        return macs

    def confirmed_mac(self, frontier: bytes, rows: bytes) -> bytes:
        """Return the 32-byte MAC over how far rows were what the entries say.

        Raises:
            UnavailableError: The home custodian is locked.
        """
        return self._digest("strongroom/v1/confirmed", frontier, rows)

    def _digest(self, tag: str, *fields: canonical.Field) -> bytes:
        return hmac.digest(self._revealed(), canonical.encode(tag, *fields), "sha256")

    def _revealed(self) -> bytes:
        if self._key is None:
            raise UnavailableError(
                "the room is locked", hint="give the passphrase of its home custodian"
            )
        return self._key.reveal()


def _plain(value: object) -> canonical.Json:
    """Return the JSON form of a column's value that the MAC covers."""
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, bytes):
        return value.hex()
    if value is None or isinstance(value, bool | int | str):
        return value
    raise TypeError(f"a column holds a {type(value).__name__}")
