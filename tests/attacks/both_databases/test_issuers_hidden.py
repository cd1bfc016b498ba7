"""Rows on advisories that were hidden while a bundle was taken, and put back since.

The administrator of the database can edit ``room.toml`` as well.
"""

from __future__ import annotations

from pathlib import Path

from strongroom.crypto.signing import SigningKey
from strongroom.database import advisory_tables
from strongroom.intake.known_bad import KnownBad
from strongroom.types import Secret
from tests.attacks.both_databases.administrator import Administrator
from tests.intake.advising import ISSUER, bundle, judging
from tests.intake.rooms import add
from tests.journeys.fixtures import foreign
from tests.journeys.rooms import House

__all__ = ["foreign"]

MINE = SigningKey(Secret(bytes(range(70, 102))))


def findings(house: House) -> list[str]:
    return list(house.by("ada").records.verify().findings)


def take(house: House, number: int, key: SigningKey) -> None:
    """Take a bundle in a room whose file pins this key."""
    data = bundle(house, number=number, key=key)
    judging(house, known_bad=KnownBad(key=key.public)).intakes.reaudits.run(data)


def test_an_issuer_hidden_while_another_took_the_place_is_found(house: House) -> None:
    """ATT&CK T1565.001: once, nobody had to agree to a key of one's own."""
    take(house, 7, ISSUER)
    admin = Administrator.of(house)

    hidden = admin.hide(advisory_tables.advisory_issuers)
    take(house, 8, MINE)
    admin.put(hidden)

    assert any("row of advisory_issuers" in finding for finding in findings(house))


def test_a_replacement_hidden_while_the_former_key_was_used_is_found(
    house: House,
) -> None:
    """ATT&CK T1565.001: the stolen key that was replaced signed one bundle more."""
    take(house, 7, ISSUER)
    asked = house.by("root").intakes.issuers.replace(MINE.public.raw.hex())
    house.by("ines").approve(asked.id)
    admin, issuers = Administrator.of(house), advisory_tables.advisory_issuers

    hidden = admin.hide(issuers, issuers.c.id == MINE.public.raw.hex())
    take(house, 8, ISSUER)
    admin.put(hidden)

    assert any("row of advisory_issuers" in finding for finding in findings(house))


def test_advisories_hidden_while_something_was_accepted_are_found(
    house: House, foreign: Path
) -> None:
    """ATT&CK T1565.001: without its row, the room never took a bundle."""
    take(house, 7, ISSUER)
    added = add(house, foreign, known_bad=KnownBad(key=ISSUER.public))
    admin = Administrator.of(house)

    hidden = admin.hide(advisory_tables.advisory_feeds)
    judging(house).intakes.accept(added.intake.id)
    admin.put(hidden)

    assert any("row of advisory_feeds" in finding for finding in findings(house))
