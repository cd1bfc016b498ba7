"""What is checked each time a room is opened, before anybody works in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from strongroom.access.accounts import ACCOUNTS
from strongroom.access.lapses import settle
from strongroom.access.profiles import verify_profile
from strongroom.access.sessions import Actor
from strongroom.app.signatures import pin_demand
from strongroom.app.witnesses import record_witnesses
from strongroom.client.places import check_kept_outside
from strongroom.client.room import Room
from strongroom.client.seen import check_seen
from strongroom.crypto import roomkeys, wraps
from strongroom.crypto.roomkeys import PublicKeys, RoomKeys
from strongroom.errors import IntegrityError, SetupError
from strongroom.ledger import checks, confirmed
from strongroom.ledger.anchors import Anchors
from strongroom.ledger.events import Event
from strongroom.ledger.failures import record_failure
from strongroom.ledger.log import Ledger
from strongroom.ledger.reconcile import RowFinding
from strongroom.ledger.recorded import newest_recorded
from strongroom.settings import Settings
from strongroom.types import Profile
from strongroom.vault.recovery_wraps import load_room_keys
from strongroom.vault.seals import CustodyDomain

_NAMED = 5
"""Rows that are named when a room does not open."""


def remembering(room: Room, seen: Path | None) -> Room:
    """Return the room as one of a reader who keeps what they saw last, if anywhere.

    Args:
        room: Whose ledger is compared with it.
        seen: The reader's file.

    Raises:
        SetupError: It lies inside the room, and is put back with it.
        ForkError: The ledger does not continue what the reader saw.
        IntegrityError: What is kept is not a checkpoint of this ledger.
        UnavailableError: The file cannot be read or written.
    """
    if seen is None:
        return room
    check_kept_outside(seen, room.settings.folder)
    before = check_seen(room.anchors, seen, random=room.random)
    return replace(room, seen=before)


def check_start(room: Room) -> None:
    """Refuse to work on a room whose ledger, rows or anchors do not fit.

    Raises:
        SetupError: ``room.toml`` pins other keys than the home custodian holds, or
            says another profile than the ledger.
        IntegrityError: The tail of the ledger was altered, or guarded rows are not
            what the entries say.
        ForkError: A custodian or a witness saw another history.
        UnavailableError: The database does not answer.
    """
    pinned = PublicKeys.from_hex(room.settings.keys)
    if not pinned.are_held(room.keys.public):
        raise SetupError("room.toml pins other keys than the home custodian holds")
    with room.ledger.reading() as reading:
        checks.check_tail(room.ledger, reading)
        verify_profile(room.ledger, reading, room.settings.profile)
    if room.witnesses is not None:  # before anything is signed on top
        for trouble in room.witnesses.compare():
            room.tell(trouble)
    room.ledger.catch_up()
    check_rows(room.ledger)
    _record_rules(room)
    settle(room.ledger)
    record_witnesses(room.ledger, room.settings)
    pin_demand(room)
    room.anchors.advance_all(domain.custodian for domain in room.domains.values())


def check_rows(ledger: Ledger) -> None:
    """Refuse to work with rows that are not what the ledger recorded.

    What was done in sight of other rows cannot be undone, so it is only recorded.

    Raises:
        IntegrityError: Rows differ; the message names the first of them.
    """
    with ledger.reading() as reading:
        checked = confirmed.check_rows(ledger, reading)
    record_failure(ledger, checked.findings)
    if checked.differing:
        raise IntegrityError(
            f"rows are not what the ledger recorded: {_some(checked.differing)}",
            hint="keep the room as it is, and compare it with a backup",
        )
    if checked.confirmed is not None:
        confirmed.save(ledger, checked.confirmed)


def _some(findings: Sequence[RowFinding]) -> str:
    named = "; ".join(str(finding) for finding in findings[:_NAMED])
    more = len(findings) - _NAMED
    return f"{named}; and {more} more" if more > 0 else named


def _record_rules(room: Room) -> None:
    """Record the rules in force if they are not those of the last time."""
    with room.ledger.reading() as reading:
        last = newest_recorded(room.ledger, reading, "policy.loaded")
    digest = room.gate.rules_digest
    if last is not None and last.facts["digest"] == digest:
        return
    facts = {"digest": digest, "profile": room.settings.profile}
    with room.ledger.transaction() as writing:
        writing.append(Event(kind="policy.loaded", actor=None, facts=facts))


def local_actor(room: Room) -> Actor | None:
    """Return the owner of a ``solo`` room: whoever has the passphrase is that."""
    if room.settings.profile is not Profile.SOLO:
        return None
    with room.ledger.reading() as reading:
        owner = min(ACCOUNTS.find(reading), key=lambda account: account.created_at)
    return Actor(account=owner.id)


def unwrap_keys(settings: Settings, home: CustodyDomain, ledger: Ledger) -> RoomKeys:
    """Return the room's own keys; the home custodian first checks the ledger.

    Raises:
        SetupError: They are not in the database.
        ForkError: The custodian saw another history.
        IntegrityError: One was altered.
        UnavailableError: The custodian or the database does not answer.
    """
    anchors = Anchors(ledger)
    root_key_id = home.custodian.root_key_id
    with ledger.database.reading() as connection:
        wrapped = load_room_keys(connection, root_key_id)
    if not roomkeys.are_whole(wrapped):
        raise SetupError("the room's own keys are not in its database")
    return RoomKeys.from_seeds(
        {
            name: anchors.unwrap(
                home.custodian,
                data,
                wraps.room_key_context(
                    room=settings.room, name=name, root_key_id=root_key_id
                ),
            )
            for name, data in wrapped.items()
        }
    )
