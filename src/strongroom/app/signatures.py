"""Second signatures in ``room.toml``: their keys, and from when on they count."""

from __future__ import annotations

from dataclasses import dataclass, replace

from strongroom.access.request import Request
from strongroom.app.telling import tell_custodians
from strongroom.client.client import Strongroom
from strongroom.client.room import Room
from strongroom.crypto.durable import write_durably
from strongroom.crypto.roomkeys import PublicKeys, RoomKeys
from strongroom.ledger.settled import settle
from strongroom.settings import FILE_NAME, Settings, load_settings
from strongroom.types import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Switched:
    """How far a switch came.

    Attributes:
        request: What others have to agree to first; ``None`` when nobody has to.
        both: Whether two signatures are demanded now.
        since: Size of the first checkpoint with two; ``None`` if one is enough.
    """

    request: Request | None
    both: bool
    since: int | None


def prepare(room: Strongroom, *, successors: bool = False) -> bool:
    """Make and pin second keys; return whether the room has to be opened again.

    Args:
        room: Of a key-holder.
        successors: Whether others are wanted where the newest are in use.

    Raises:
        DeniedError: The actor may not manage keys.
        InputError: They were made as often as they may be.
        ConflictError: Somebody else made them meanwhile.
        UnavailableError: The home custodian or the disk does not answer.
    """
    signatures = room.room.upkeep.signatures
    if signatures.are_pinned and not successors:
        return False
    made = signatures.prepare(room.actor, successors=successors)
    if made is None and signatures.are_pinned:
        return False
    _pin_keys(room.room.settings, made or room.room.keys, room.room.random)
    return True


def switch(room: Strongroom, *, both: bool, successors: bool = False) -> Switched:
    """Ask for one signature from now on or for two, or see how far that is.

    Args:
        room: Opened since the second keys were pinned.
        both: Whether two are wanted.
        successors: Whether the newest keys are to make the second ones.

    Raises:
        DeniedError: The actor may not manage keys.
        ConflictError: The second keys are not usable here yet.
        ForkError: A custodian elsewhere saw another ledger.
        IntegrityError: A custodian elsewhere does not believe it.
        UnavailableError: The disk or the database does not answer.
    """
    signatures = room.room.upkeep.signatures
    request = None
    if signatures.demanded() != both or (successors and not signatures.are_newest()):
        request = signatures.waiting(both=both)
        request = request or signatures.propose(room.actor, both=both)
    demanded = signatures.demanded()
    done = demanded == both and (not successors or signatures.are_newest())
    pin_demand(room.room)
    tell_custodians(room.room.ledger, room.room.domains)
    return Switched(
        request=None if done else request,
        both=demanded,
        since=room.room.ledger.notes.since,
    )


def pin_demand(room: Room) -> None:
    """Write what the ledger demands into ``room.toml``, unless it stands there.

    Raises:
        IntegrityError: The ledger's newest switch is not in its tree.
        UnavailableError: The file cannot be written.
    """
    settle(room.ledger)
    notes = room.ledger.notes
    # The first key's number is left out: that is how the files of before are written.
    number = notes.seconds.index(notes.second) + 1 if notes.second else 1
    key = number if number > 1 else None
    if (room.settings.second_since, room.settings.second_key) != (notes.since, key):
        settings = load_settings(room.settings.folder)
        settings = replace(settings, second_since=notes.since, second_key=key)
        _write(settings, room.random)


def _pin_keys(settings: Settings, keys: RoomKeys, random: Random) -> None:
    """Pin the public halves of keys that the room holds beside those it pins."""
    settings = load_settings(settings.folder)
    pinned = PublicKeys.from_hex(settings.keys)
    if pinned != keys.public and pinned.are_held(keys.public):
        _write(replace(settings, keys=keys.public.to_hex()), random)


def _write(settings: Settings, random: Random) -> None:
    text = settings.to_toml().encode()
    write_durably(settings.folder / FILE_NAME, text, random, overwrite=True)
