"""Another key issues advisories once a second person agrees, and the former none."""

from __future__ import annotations

import pytest

from strongroom.access.request import Request
from strongroom.crypto.signing import SigningKey
from strongroom.errors import (
    ConflictError,
    DeniedError,
    InputError,
    IntegrityError,
    SetupError,
)
from strongroom.intake.known_bad import KnownBad
from strongroom.ledger.recorded import newest_recorded
from strongroom.types import Secret
from strongroom.vault.reauditing import Reaudited
from tests.intake.advising import ISSUER, bundle, judging
from tests.journeys.rooms import House

HIGHEST = 2**53 - 1
NEXT = SigningKey(Secret(bytes(range(70, 102))))
THIRD = SigningKey(Secret(bytes(range(80, 112))))


def ask(house: House, key: SigningKey = NEXT) -> Request:
    return house.by("root").intakes.issuers.replace(key.public.raw.hex())


def replace(house: House, key: SigningKey = NEXT) -> None:
    house.by("ines").approve(ask(house, key).id)


def take(
    house: House, number: int, key: SigningKey, *, dry_run: bool = False
) -> Reaudited:
    """Judge again by a bundle of this key, as a room that pins it."""
    room = judging(house, known_bad=KnownBad(key=key.public))
    return room.intakes.reaudits.run(
        bundle(house, number=number, key=key), dry_run=dry_run
    )


def judge(house: House, key: SigningKey) -> list[str]:
    found = judging(house, known_bad=KnownBad(key=key.public)).intakes.reaudits.run()
    return [finding.rule for _, finding in found.findings]


def test_numbers_begin_anew_for_another_key(house: House) -> None:
    """Once, whoever stole a key could end the numbers of every later one."""
    take(house, HIGHEST, ISSUER)
    with pytest.raises(ConflictError, match="older than"):
        take(house, 8, ISSUER)
    replace(house)

    assert judge(house, NEXT) == ["advisory/issuer"]
    assert take(house, 1, NEXT, dry_run=True).clean
    assert take(house, 1, NEXT).clean
    assert judge(house, NEXT) == []
    take(house, 2, NEXT)
    with pytest.raises(ConflictError, match="older than 2"):
        take(house, 1, NEXT)
    listed = house.by("olga").intakes.issuers.all()
    assert [(one.key, one.number) for one in listed] == [
        (ISSUER.public, HIGHEST),
        (NEXT.public, 2),
    ]


def test_nothing_by_a_key_that_was_replaced_is_taken(house: House) -> None:
    take(house, 7, ISSUER)
    replace(house)

    for dry_run in (True, False):
        with pytest.raises(SetupError, match="pins another key"):
            take(house, 8, ISSUER, dry_run=dry_run)
    with pytest.raises(IntegrityError, match="no signature by key"):
        judging(house, known_bad=KnownBad(key=NEXT.public)).intakes.reaudits.run(
            bundle(house, number=9, key=ISSUER)
        )
    with pytest.raises(ConflictError, match="did so before"):
        ask(house, ISSUER)


def test_another_key_in_the_file_alone_changes_nothing(house: House) -> None:
    """Whoever could write room.toml once had a bundle of their own taken."""
    take(house, 7, ISSUER)

    with pytest.raises(SetupError, match="pins another key"):
        take(house, 8, NEXT)
    with pytest.raises(SetupError, match="pins another key"):
        judge(house, NEXT)
    assert judge(house, ISSUER) == []


def test_what_is_known_stays_until_the_new_key_says_something(house: House) -> None:
    named = bundle(house, number=7, globals=["os.*"])
    judging(house).intakes.reaudits.run(named)
    replace(house)
    known_bad = KnownBad(key=NEXT.public)

    with house.room.room.ledger.reading() as reading:
        kept = known_bad.last(reading)

    assert kept is not None
    assert [advisory.id for advisory in kept.advisories] == ["SRA-2026-1"]
    judging(house, known_bad=known_bad)


def test_it_waits_for_another_team_and_stands_in_the_ledger(house: House) -> None:
    take(house, 7, ISSUER)
    with pytest.raises(DeniedError):
        house.by("olga").intakes.issuers.replace(NEXT.public.raw.hex())
    request = ask(house)
    assert request.state == "pending"
    assert len(house.by("olga").intakes.issuers.all()) == 1

    house.by("ines").approve(request.id)

    with house.room.room.ledger.reading() as reading:
        entry = newest_recorded(house.room.room.ledger, reading, "issuer.replaced")
    assert entry is not None
    assert entry.facts == {
        "issuer": NEXT.public.raw.hex(),
        "former": ISSUER.public.raw.hex(),
        "number": 7,
        "request": request.id,
    }


def test_of_two_that_were_asked_for_the_second_is_asked_for_again(house: House) -> None:
    take(house, 7, ISSUER)
    first, second = ask(house), ask(house, THIRD)
    house.by("ines").approve(first.id)

    with pytest.raises(ConflictError, match="since this was asked for"):
        house.by("ines").approve(second.id)
    replace(house, THIRD)
    assert take(house, 1, THIRD).clean


def test_nobody_is_replaced_before_the_first_bundle(house: House) -> None:
    with pytest.raises(ConflictError, match="nobody to replace"):
        ask(house)
    with pytest.raises(InputError, match="64 hex digits"):
        house.by("root").intakes.issuers.replace("no key")
