"""Whose room a custodian process serves: told once, kept for good.

The first desk that a new process talks to names its room and its checkpoint key;
from then on no other is believed.  A false first one can only make a custodian
useless that nothing was wrapped with yet.

Source: ``docs/specification/custody-protocol.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from strongroom import canonical
from strongroom.crypto.custody_file import (
    MAX_FILE_BYTES,
    read_private,
)
from strongroom.crypto.durable import write_durably
from strongroom.errors import IntegrityError, MissingError
from strongroom.types import Random, RoomId

_FORMAT = "strongroom/custody-pin/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A room, and the verifier key that its checkpoints must be signed with.

    Attributes:
        room: Its id.
        verifier: ``origin+hash+base64``, as C2SP signed-note writes it.
    """

    room: RoomId
    verifier: str

    def to_bytes(self) -> bytes:
        """Return the file's content, canonical JSON."""
        return canonical.to_json(
            {"format": _FORMAT, "room": self.room, "verifier": self.verifier}
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Pin:
        """Return what the file says.

        Raises:
            IntegrityError: It is not what ``to_bytes`` writes.
        """
        document = canonical.from_json(data, at_most_bytes=MAX_FILE_BYTES)
        if not isinstance(document, Mapping):
            raise IntegrityError("it is no custodian's pin")
        pin = cls(
            room=RoomId(str(document.get("room"))),
            verifier=str(document.get("verifier")),
        )
        if pin.to_bytes() != data:
            raise IntegrityError("it is no custodian's pin of this version")
        return pin


class PinFile:
    """Where a custodian's pin is kept, beside its own file."""

    def __init__(self, custodian: Path, *, random: Random) -> None:
        """Name the file; nothing is read yet."""
        self._path = custodian.with_name(custodian.name + ".pin")
        self._random = random

    def read(self) -> Pin | None:
        """Return the pin, or ``None`` for a custodian that has no room yet.

        Raises:
            IntegrityError: The file was altered.
            SetupError: Others than its owner may read it.
            UnavailableError: It cannot be read.
        """
        try:
            data = read_private(self._path)
        except MissingError:
            return None
        return Pin.from_bytes(data)

    def write(self, pin: Pin) -> None:
        """Keep the pin durably; there is none yet.

        Raises:
            ConflictError: There is one.
            UnavailableError: It cannot be written.
        """
        write_durably(self._path, pin.to_bytes(), self._random)
