"""Every key of a room: its algorithm, age, what it protects, and who can use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from strongroom.access.accounts import ACCOUNTS, AccountState
from strongroom.access.factors import FACTORS
from strongroom.access.people import ROOM
from strongroom.access.sessions import Actor
from strongroom.client.room import Room
from strongroom.crypto.algorithms import Algorithm, load_algorithms
from strongroom.crypto.keys import SUITE_AES_256_GCM
from strongroom.crypto.roomkeys import second_names
from strongroom.database import tables
from strongroom.ledger.log import Reading
from strongroom.ledger.recorded import Recorded, newest_recorded
from strongroom.vault.recovery_sets import active_sets
from strongroom.vault.recovery_wraps import sealed_manifests
from strongroom.vault.rekeys import REKEYS, RekeyState
from strongroom.vault.roots import ROOT_KEYS, RootKey, RootState
from strongroom.vault.versions import ARTIFACTS, VERSIONS

_ROOM_KEYS = {
    "checkpoint": ("ed25519", "signs the ledger's checkpoints"),
    "manifest": ("ed25519", "signs manifests"),
    "permit": ("ed25519", "signs permits"),
    "answer": ("ed25519", "signs releases of keys"),
    "guard": ("hmac-sha-256", "MACs of rows that decisions rely on"),
    "totp": ("aes-256-gcm", "encrypts the secrets of second factors"),
    "coordinate": ("hmac-sha-256", "blinds extents that exposure counts"),
}
_SECONDS = {"checkpoint": "the ledger's checkpoints", "manifest": "manifests"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyItem:
    """One key, or all keys of one kind.

    Attributes:
        kind: ``root``, ``room``, ``recovery``, ``segment``, ``reader``, ``passphrase``
            or ``factor``.
        name: Which.
        algorithm: How it works, and until when that was reviewed.
        since: Of segments, when one of them was sealed or re-keyed last; ``None``
            where it lives for one opening.
        protects: What it is for.
        used_by: Who can use it.
    """

    kind: str
    name: str
    algorithm: Algorithm
    since: datetime | None
    protects: str
    used_by: str

    def is_overdue(self, today: date) -> bool:
        """Return whether the review date of its algorithm has passed."""
        return self.algorithm.is_overdue(today)


def take_inventory(room: Room, actor: Actor) -> list[KeyItem]:
    """Return every key of the room.

    Raises:
        DeniedError: The actor may not read the ledger.
        IntegrityError: A row or a manifest was altered.
    """
    with (
        room.gate.recording_refusals(actor, "ledger:read", "room"),
        room.ledger.reading() as reading,
    ):
        room.gate.require(reading, actor, "ledger:read", ROOM)
        known = load_algorithms()
        return [
            *_roots(room, reading, known),
            *_of_the_room(room, reading, known),
            *_recovery(reading, known),
            *_segments(room, reading, known),
            *_of_people(room, reading, known),
        ]


def _roots(
    room: Room, reading: Reading, known: Mapping[str, Algorithm]
) -> Iterator[KeyItem]:
    counts = _wraps_by_root(reading.connection)
    rows = [
        row
        for row in ROOT_KEYS.find(reading)
        if row.state is not RootState.DESTROYED
        and (row.state is not RootState.LOST or row.id in counts)
    ]
    rotated = {row.domain for row in rows if row.state is not RootState.LOST}
    for row in rows:
        yield _root(room, row, counts.get(row.id, 0), known)
    founded = _founded(reading)
    for domain in room.settings.domains:
        if domain.name not in rotated:
            yield KeyItem(
                kind="root",
                name=domain.name,
                algorithm=known["aes-256-gcm"],
                since=founded,
                protects="shares of segments wrapped by it",
                used_by=_holder(room, domain.custodian),
            )


def _root(
    room: Room, row: RootKey, wraps: int, known: Mapping[str, Algorithm]
) -> KeyItem:
    return KeyItem(
        kind="root",
        name=f"{row.domain}, {row.state}",
        algorithm=known["aes-256-gcm"],
        since=row.created_at,
        protects=f"shares of segments: {wraps}",
        used_by=_holder(room, row.custodian),
    )


def _of_the_room(
    room: Room, reading: Reading, known: Mapping[str, Algorithm]
) -> Iterator[KeyItem]:
    founded, home = _founded(reading), room.settings.home.name
    holder = f"the desk, while the custodian {home} is unlocked"
    for name, (algorithm, protects) in _ROOM_KEYS.items():
        yield KeyItem(
            kind="room",
            name=name,
            algorithm=known[algorithm],
            since=founded,
            protects=protects,
            used_by=holder,
        )
    digests = [key.digest for key in room.public_keys.checkpoint.seconds]
    for number, digest in enumerate(digests, start=1):
        made = _prepared(room, reading, digest)
        for purpose, name in second_names(number).items():
            more = (
                "too" if number == len(digests) else "no more; what they signed counts"
            )
            yield KeyItem(
                kind="room",
                name=name,
                algorithm=known["ml-dsa-65"],
                since=made.at if made else founded,
                protects=f"signs {_SECONDS[purpose]} {more}",
                used_by=holder,
            )


def _prepared(room: Room, reading: Reading, digest: str) -> Recorded | None:
    """Return the entry that says when a second key was made."""
    return newest_recorded(
        room.ledger,
        reading,
        "signatures.prepared",
        where=lambda facts: facts["checkpoint"] == digest,
    )


def _recovery(reading: Reading, known: Mapping[str, Algorithm]) -> Iterator[KeyItem]:
    for one in active_sets(reading):
        yield KeyItem(
            kind="recovery",
            name=f"set {one.set_id}",
            algorithm=known["mlkem768-x25519"],
            since=one.created_at,
            protects="shares of segments of " + ", ".join(one.domains),
            used_by=f"holders of any {one.threshold} of {one.shares} papers",
        )


def _segments(
    room: Room, reading: Reading, known: Mapping[str, Algorithm]
) -> Iterator[KeyItem]:
    """Yield the keys of each version's segments, by suite."""
    names = {artifact.id: artifact.name for artifact in ARTIFACTS.find(reading)}
    sealed = {row.id: row.sealed_at for row in VERSIONS.find(reading)}
    for one in REKEYS.find(reading):  # by id: later generations come last
        if one.state is RekeyState.ENDED:
            sealed[f"{one.artifact}/{one.number}"] = one.begun_at
    for manifest in sealed_manifests(reading, room.public_keys.manifest):
        suites = [segment.facts.context.suite for segment in manifest.segments]
        for suite in sorted(set(suites)):
            aes = suite == SUITE_AES_256_GCM
            version = f"{manifest.artifact}/{manifest.version}"
            yield KeyItem(
                kind="segment",
                name=f"{names[manifest.artifact]}@{manifest.version}"
                f", generation {manifest.generation}",
                algorithm=known["aes-256-gcm" if aes else "chacha20-poly1305"],
                since=sealed[version],
                protects=f"segments: {suites.count(suite)}, {manifest.classification}",
                used_by="readers on a permit",
            )


def _of_people(
    room: Room, reading: Reading, known: Mapping[str, Algorithm]
) -> Iterator[KeyItem]:
    since = _founded(reading)
    active = [a for a in ACCOUNTS.find(reading) if a.state is AccountState.ACTIVE]
    yield KeyItem(
        kind="reader",
        name="one for each opening",
        algorithm=known["mlkem768-x25519"],
        since=None,
        protects="keys on their way to a reader",
        used_by="the reader's process",
    )
    yield KeyItem(
        kind="passphrase",
        name="passwords, and passphrases of custody files",
        algorithm=known["argon2id"],
        since=since,
        protects=f"active accounts: {len(active)};"
        f" domains: {len(room.settings.domains)}",
        used_by="whoever knows them",
    )
    factors = FACTORS.find(reading)
    if factors:
        yield KeyItem(
            kind="factor",
            name="one-time codes",
            algorithm=known["totp-sha-1"],
            since=min(factor.created_at for factor in factors),
            protects=f"second factors: {len(factors)}",
            used_by="their owners",
        )


def _holder(room: Room, uri: str) -> str:
    return room.used_by.get(uri.partition(":")[0], "whoever controls it")


def _founded(reading: Reading) -> datetime | None:
    columns = tables.entries.c
    found: datetime | None = reading.connection.execute(
        sa.select(columns.at).order_by(columns.id).limit(1)
    ).scalar()
    return found


def _wraps_by_root(connection: sa.Connection) -> dict[str, int]:
    column = tables.wraps.c.root_key_id
    rows = connection.execute(sa.select(column, sa.func.count()).group_by(column))
    return {row[0]: row[1] for row in rows}
