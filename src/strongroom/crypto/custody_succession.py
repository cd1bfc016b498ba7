"""A custodian process that follows another one of the same keeper.

It holds the former root key too, so that shares move from the one to the other
and pass nobody.  It must not be told of its room by the first desk that asks: it
would take over shares of one room for another.

Source: ``docs/specification/custody-protocol.md``.
"""

from __future__ import annotations

from strongroom.crypto.custody.port import Anchor, KeyCustodian
from strongroom.crypto.custody_pin import PinFile
from strongroom.errors import DeniedError, InputError, SetupError


def succeed(
    new: KeyCustodian, pins: PinFile, former: KeyCustodian, former_pins: PinFile
) -> None:
    """Give a custodian the room, and the ledger, that the former one knows.

    Args:
        new: The one that follows.
        pins: Where its room is kept.
        former: The one that it takes over from.
        former_pins: Where the former one's room is kept.

    Raises:
        DeniedError: Each serves another room.
        InputError: They are of two domains, or the same.
        IntegrityError: A file was altered.
        SetupError: The former one has no room.
        UnavailableError: A file cannot be read or written.
    """
    if new.name != former.name or new.root_key_id == former.root_key_id:
        raise InputError(
            f"{new.name} cannot follow {former.name}",
            hint=f"make another one: strongroom custodian create FILE --name"
            f" {former.name}",
        )
    pin, own = former_pins.read(), pins.read()
    if pin is None:
        raise SetupError(f"the former custodian {former.name} has no room")
    if own is None:
        pins.write(pin)
    elif not own.is_of(pin):
        raise DeniedError(f"{new.name} and its successor serve two rooms")
    elif own.above < pin.above:
        pins.replace(pin)  # it was told of second signatures meanwhile
    if new.anchor() == Anchor.empty():  # every ledger grew from the empty one
        new.advance(former.anchor(), lambda _older, _newer: ())
