"""Openings as a reader makes them, one step at a time."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

from strongroom.crypto.hpke import ReaderKey
from strongroom.permits.holdings import HOLDINGS
from strongroom.permits.opening import NONCE_BYTES, Opening
from strongroom.permits.permit import Permit, PermitRow
from strongroom.permits.reader import OpenedAnswer, open_answer
from strongroom.permits.requests import RequestDraft
from strongroom.types import SegmentId
from tests.journeys.rooms import House

BLOCK, OTHER = "blocks.0.1", "blocks.1.1"
BYTES = 32768
"""Of each of the two segments."""


@dataclass(frozen=True)
class Reader:
    """Somebody who asks the desk, and checks what it says."""

    house: House
    name: str
    key: ReaderKey
    opening: Opening

    @classmethod
    def of(
        cls,
        house: House,
        name: str,
        row: PermitRow,
        *,
        segments: tuple[str, ...] = (),
        version: int | None = None,
    ) -> Reader:
        """Make a reader's key and what it asks for on a permit."""
        permit = permit_in(house, row)
        key = ReaderKey.generate()
        opening = Opening(
            permit=permit.id,
            artifact=permit.artifact,
            version=version or permit.version or 1,
            segments=segments or permit.segments,
            reader=key.public,
            nonce=os.urandom(NONCE_BYTES),
        )
        return cls(house=house, name=name, key=key, opening=opening)

    def asking(self, **changes: object) -> Reader:
        """Return the same reader with another question, same nonce and key."""
        opening = replace(self.opening, **changes)  # type: ignore[arg-type]  # a test
        return replace(self, opening=opening)

    def release(self) -> bytes:
        """Return the desk's answer."""
        actor = self.house.actors[self.name]
        return self.house.room.room.desk.release(actor, self.opening)

    def check(self, answer: bytes) -> OpenedAnswer:
        """Return what the answer holds, if it is for this opening."""
        room = self.house.room.room
        return open_answer(
            answer,
            opening=self.opening,
            reader=self.key,
            keys=room.public_keys,
            room=room.settings.room,
        )

    def keys(self) -> Mapping[SegmentId, bytes]:
        """Return the keys that the desk releases."""
        opened = self.check(self.release())
        return {segment: key.reveal() for segment, key in opened.keys.items()}


def permit_in(house: House, row: PermitRow) -> Permit:
    """Return the signed permit in a row."""
    return row.open(house.room.room.public_keys.permit)


def held_bytes(house: House, name: str) -> int:
    """Return the bytes that were released to an account, for ever."""
    with house.room.room.ledger.reading() as reading:
        columns = HOLDINGS.columns
        account = house.actors[name].account
        found = HOLDINGS.find(reading, columns.account == account)
    return sum(holding.plain_bytes for holding in found)


def size(house: House) -> int:
    """Return how many entries the ledger has."""
    with house.room.room.ledger.reading() as reading:
        checkpoint = house.room.room.ledger.checkpoint(reading)
    return checkpoint.size if checkpoint else 0


def newest(house: House) -> dict[str, object]:
    """Return the facts of the newest entry, with its kind."""
    with house.room.room.ledger.reading() as reading:
        body = json.loads(house.room.room.ledger.entry(reading, size(house) - 1).body)
    return {"kind": body["kind"], **body["facts"]}


def draft(*segments: str, target: str = "llm", **more: object) -> RequestDraft:
    """Return what somebody asks for, with a purpose unless it says another."""
    values: dict[str, object] = {"purpose": "a test", **more}
    return RequestDraft(target=target, segments=segments, **values)  # type: ignore[arg-type]
