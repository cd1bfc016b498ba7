"""Whose room a custodian process serves: told once, kept for good.

The first desk that a new process talks to names its room and its checkpoint key;
from then on no other is believed.  A false first one can only make a custodian
useless that nothing was wrapped with yet.

Which second signature checkpoints have to carry changes later, as entries of that
room's ledger say.

Source: ``docs/specification/custody-protocol.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from strongroom import canonical
from strongroom.crypto.custody_file import (
    MAX_FILE_BYTES,
)
from strongroom.crypto.durable import write_durably
from strongroom.errors import IntegrityError
from strongroom.settings.small_files import read_small
from strongroom.types import Random, RoomId

_FORMAT = "strongroom/custody-pin/v1"
_CHANGED = "strongroom/custody-pin/v2"
"""Once an entry about second signatures was shown; the first form has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A room, and the verifier key that its checkpoints must be signed with.

    Attributes:
        room: Its id.
        verifier: ``origin+hash+base64``, as C2SP signed-note writes it.
        second: The key of second signatures in the same form; empty while one
            signature is enough.
        above: Size of the checkpoint under which that was shown; 0 if nothing was.
    """

    room: RoomId
    verifier: str
    second: str = ""
    above: int = 0

    def is_of(self, other: Pin) -> bool:
        """Return whether both name one room and one key."""
        return (self.room, self.verifier) == (other.room, other.verifier)

    def to_bytes(self) -> bytes:
        """Return the file's content, canonical JSON."""
        document: dict[str, canonical.Json] = {
            "format": _FORMAT,
            "room": self.room,
            "verifier": self.verifier,
        }
        if self.above:
            document["format"] = _CHANGED
            document["second"], document["above"] = self.second, self.above
        return canonical.to_json(document)

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
            second=str(document.get("second", "")),
            above=_size(document.get("above", 0)),
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
        data = read_small(self._path, MAX_FILE_BYTES, private=True)
        return None if data is None else Pin.from_bytes(data)

    def write(self, pin: Pin) -> None:
        """Keep the pin durably; there is none yet.

        Raises:
            ConflictError: There is one.
            UnavailableError: It cannot be written.
        """
        write_durably(self._path, pin.to_bytes(), self._random)

    def replace(self, pin: Pin) -> None:
        """Keep another pin durably in place of the one there is.

        Raises:
            UnavailableError: It cannot be written.
        """
        write_durably(self._path, pin.to_bytes(), self._random, overwrite=True)


def _size(value: canonical.Json) -> int:
    if type(value) is not int or not 0 <= value < 2**63:  # a bool is none either
        raise IntegrityError("it is no custodian's pin")
    return value
