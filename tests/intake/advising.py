"""Whoever issues advisories, and a room that takes them."""

from __future__ import annotations

from datetime import timedelta

from strongroom import canonical
from strongroom.client.client import Strongroom
from strongroom.crypto.signing import SigningKey
from strongroom.database.times import format_time
from strongroom.intake.advisories import PURPOSE
from strongroom.intake.known_bad import KnownBad
from strongroom.types import Secret
from strongroom.vault.reauditing import Reaudited
from tests.intake.rooms import reading_here
from tests.journeys.rooms import House

ISSUER = SigningKey(Secret(bytes(range(7, 39))))
KNOWN_BAD = KnownBad(key=ISSUER.public)


def bundle(
    house: House,
    *,
    number: int = 1,
    name: str = "SRA-2026-1",
    key: SigningKey = ISSUER,
    issued: timedelta = timedelta(0),
    **names: list[str] | int,
) -> bytes:
    """Return a bundle of one advisory, issued so long ago and good for 60 days."""
    at = house.clock() - issued
    advisory: canonical.Json = {"id": name, "database_specific": {"strongroom": names}}
    document: canonical.Json = {
        "v": 1,
        "number": number,
        "issued": format_time(at),
        "expires": format_time(at + timedelta(days=60)),
        "advisories": [advisory],
    }
    return key.sign(PURPOSE, canonical.to_json(document)).to_bytes()


def judging(
    house: House, name: str = "olga", known_bad: KnownBad = KNOWN_BAD
) -> Strongroom:
    """Return the room of somebody, with the key of our issuer pinned."""
    return reading_here(house.by(name), known_bad)


def reaudit(house: House, data: bytes | None = None, **options: bool) -> Reaudited:
    """Judge everything again as who may."""
    return judging(house).intakes.reaudits.run(data, **options)
