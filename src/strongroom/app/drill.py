"""Restores a room from papers into a folder that is thrown away, to know it works.

Papers fade, people leave, and copies rot; only doing it shows that it can be done.
One segment of each model is opened and every byte of it compared with the signed
manifest.  What was proved, or that it failed, is an entry in the ledger.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from strongroom.access.people import ROOM
from strongroom.access.sessions import Actor
from strongroom.app.copies import RestoreOptions
from strongroom.app.recovered import Recovered, recover_keys
from strongroom.app.restoring import restore
from strongroom.app.wiring import Clock, open_ledger, open_strongroom
from strongroom.canonical import Json
from strongroom.client.room import Room
from strongroom.crypto import keys
from strongroom.crypto.inspection import verify_object
from strongroom.crypto.paper import Paper
from strongroom.crypto.passphrases import Cost
from strongroom.errors import InputError, StrongroomError
from strongroom.ledger.anchors import Anchors
from strongroom.ledger.events import Event
from strongroom.settings import load_settings
from strongroom.types import Random, Secret
from strongroom.vault.manifest_segment import ManifestSegment
from strongroom.vault.recovery_wraps import Held, held_shares, sealed_manifests
from strongroom.vault.seals import domain_named

_CHEAP = Cost(memory_kib=19 * 1024, passes=2, lanes=1)
"""The passphrase is 32 random bytes that nobody learns; guessing needs no cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drilled:
    """What a drill proved.

    Attributes:
        recovered: The keys that the papers gave.
        size: Entries in the ledger of the copy.
        segments: One of each model: opened, and as its manifest says.
        length: Plaintext bytes of these objects.
        lost: Shares of the copy that are wrapped to none of the keys.
    """

    recovered: tuple[Recovered, ...]
    size: int
    segments: tuple[str, ...]
    length: int
    lost: int


def drill(
    room: Room,
    actor: Actor,
    papers: Sequence[Paper],
    *,
    copy: Path | None = None,
    database: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
    now: Clock,
    random: Random = os.urandom,
) -> Drilled:
    """Restore a copy of the room, look into every model, and record it.

    Args:
        room: Whose ledger records the drill.
        actor: A key-holder.
        papers: Of every set that is needed.
        copy: Folder of the copy; the room's own folder unless given.
        database: URL of a copy of the database, when it is no file.
        progress: Told the shares moved since the last call.
        now: The clock, aware UTC.
        random: Source of everything in the copy.

    Raises:
        DeniedError: The actor may not manage keys.
        InputError: The papers or the copy do not fit; see ``restore``.
        IntegrityError: The copy, or an object in a store, is not what was sealed.
        SetupError: The clock is behind, so that it cannot be recorded.
        UnavailableError: The database does not answer, so that it cannot either.
    """
    source = copy or room.settings.folder
    with (
        room.gate.recording_refusals(actor, "key:manage", "room"),
        room.ledger.transaction() as writing,
    ):
        room.gate.require(writing, actor, "key:manage", ROOM)
        recovered = tuple(recover_keys(papers, load_settings(source)))
        writing.append(_event(actor, "recovery.tried", recovered))
    if database is not None:
        _verify_copy(room, database)
    found = Drilled(recovered=recovered, size=0, segments=(), length=0, lost=0)
    try:
        with tempfile.TemporaryDirectory(prefix="strongroom-drill-") as folder:
            options = RestoreOptions(
                copy=source,
                into=Path(folder) / "room",
                papers=papers,
                passphrases={"*": Secret(random(32).hex().encode())},
                by=actor.account,
                database=database,
                drill=True,
                allow_lost=True,
                cost=_CHEAP,
            )
            found = _restore_and_look(options, recovered, progress, now, random)
    except BaseException:  # also an interrupt: that it failed is an entry too
        with contextlib.suppress(StrongroomError):  # what went wrong first counts
            _record(room, actor, found, passed=False)
        raise
    _record(room, actor, found, passed=True)
    return found


def _verify_copy(room: Room, database: str) -> None:
    """Refuse to drill on the room's own database, by whatever URL.

    An entry was just added to the room; a copy made before does not have it.

    Raises:
        InputError: It is the room's own.
    """
    ledger = open_ledger(replace(room.settings, database=database), now=room.now)
    with contextlib.closing(ledger.database):
        size = Anchors(ledger).newest().size
    if size >= room.anchors.newest().size:
        raise InputError(
            "a drill writes to the copy, and that is the room's own database",
            hint="restore a dump into another database, and name that",
        )


def _restore_and_look(
    options: RestoreOptions,
    recovered: tuple[Recovered, ...],
    progress: Callable[[int], None],
    now: Clock,
    random: Random,
) -> Drilled:
    restored = restore(options, progress=progress, now=now, random=random)
    opened = open_strongroom(
        options.into, passphrases=options.passphrases, now=now, random=random
    )
    with opened:
        looked = _look(opened.room, random)
    return Drilled(
        recovered=recovered,
        size=restored.size,
        segments=tuple(segment.id for segment in looked),
        length=sum(segment.facts.stream_bytes for segment in looked),
        lost=restored.moved.lost,
    )


def _look(room: Room, random: Random) -> list[ManifestSegment]:
    """Open one segment of the newest version of each model, chosen at random.

    Raises:
        IntegrityError: Its key, or a byte of it, is not what the manifest says.
    """
    with room.ledger.reading() as reading:
        every = sealed_manifests(reading, room.public_keys.manifest)
        newest = {m.artifact: m for m in sorted(every, key=lambda m: m.version)}
        shares = [
            _one_of(_openable(room, held_shares(reading.connection, m)), random)
            for m in newest.values()
        ]
    looked = []
    for held in filter(None, shares):
        segment = held[0].segment
        store = domain_named(room.domains, segment.domain).store
        verify_object(store, segment.facts, _key(room, held), name=segment.name)
        looked.append(segment)
    return looked


def _openable(room: Room, shares: Sequence[Held]) -> list[Held]:
    """Return the shares of those segments of which none was lost."""
    there = [held for held in shares if _root(room, held) in held.wrapped]
    found = Counter(held.segment.id for held in there)
    return [
        held
        for held in there
        if found[held.segment.id] == held.segment.facts.context.shares
    ]


def _root(room: Room, held: Held) -> str:
    return domain_named(room.domains, held.domain).custodian.root_key_id


def _one_of(shares: Sequence[Held], random: Random) -> list[Held]:
    """Return all shares of one segment; nothing if there is none."""
    if not shares:
        return []
    index = int.from_bytes(random(4), "big") % len(shares)
    return [held for held in shares if held.segment == shares[index].segment]


def _key(room: Room, shares: Sequence[Held]) -> Secret:
    """Return K of a segment, from what the new custodians hold.

    Raises:
        IntegrityError: A wrap was altered, or the shares yield another key.
    """
    parts = []
    for held in shares:
        facts = held.segment.facts
        custodian = domain_named(room.domains, held.domain).custodian
        root = _root(room, held)
        share = room.anchors.unwrap(custodian, held.wrapped[root], held.context(root))
        parts.append(
            keys.derive_share_key(share, held.share, facts.salt, facts.context)
        )
    key = keys.derive_key(parts, facts.salt, facts.context)
    keys.verify_commitment(key, facts.commitment, facts.salt, facts.context)
    return key


def _record(room: Room, actor: Actor, found: Drilled, *, passed: bool) -> None:
    facts: dict[str, Json] = {
        "size": found.size,
        "models": len(found.segments),
        "segments": list(found.segments),
        "bytes": found.length,
        "lost": found.lost,
        "passed": passed,
    }
    with room.ledger.transaction() as writing:
        writing.append(_event(actor, "recovery.drilled", found.recovered, facts))


def _event(
    actor: Actor,
    kind: str,
    recovered: Sequence[Recovered],
    facts: Mapping[str, Json] | None = None,
) -> Event:
    return actor.event(
        kind,
        {
            "keys": [one.key.id for one in recovered],
            "sets": [one.set_id for one in recovered],
            "papers": [one.papers for one in recovered],
            **(facts or {}),
        },
    )
