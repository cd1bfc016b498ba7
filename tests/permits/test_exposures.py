"""Who holds how much, as people read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.access.projects import Membership
from strongroom.client.client import Strongroom
from strongroom.errors import DeniedError, MissingError
from strongroom.permits.exposures import _capped, _Found, _least
from tests.journeys.rooms import House
from tests.permits.documents import ACCOUNT
from tests.permits.test_matching import chosen


def test_nobody_holds_anything_at_first_but_who_sealed_it(
    house: House, model: Path
) -> None:
    house.publish(model)

    report = house.by("ines").records.exposure("llm")

    assert report.holders == ()
    assert report.sealers == ("olga",)
    assert (report.pair, report.coalition) == (None, None)
    assert report.coalition_bound == 5  # caps of 25 % and 45 %


def test_reserved_becomes_released_when_the_keys_leave(
    house: House, model: Path
) -> None:
    house.publish(model)
    permit = house.permit("ana", "biases")

    before = house.by("ines").records.exposure("llm").holders[0]
    with house.by("ana").open(permit.id):
        pass
    after = house.by("ines").records.exposure("llm").holders[0]

    assert (before.released, after.reserved) == (0, 0)
    assert before.reserved == after.released == before.held > 0


def test_what_a_revoked_permit_reserved_is_free_again(
    house: House, model: Path
) -> None:
    house.publish(model)
    permit = house.permit("ana", "biases")

    house.by("ines").revoke(permit.id)

    assert house.by("ines").records.exposure("llm").holders == ()


def test_the_worst_pair_is_counted_without_what_both_hold(
    house: House, model: Path
) -> None:
    house.publish(model)
    house.permit("ana", "biases")
    house.permit("ben", "biases", "blocks.0.0")

    report = house.by("ines").records.exposure("llm")

    assert [holder.name for holder in report.holders] == ["ben", "ana"]
    by_name = {holder.name: holder.held for holder in report.holders}
    assert report.pair is not None
    assert {report.pair[0], report.pair[1]} == {"ana", "ben"}
    assert report.pair[2] == by_name["ben"] < sum(by_name.values())


def test_one_who_may_hold_all_is_a_coalition_of_one(house: House, model: Path) -> None:
    house.publish(model, classification="open")
    with house.by("ana").open("llm"):
        pass

    report = house.by("ines").records.exposure("llm")

    assert report.coalition == ("ana",)
    assert (report.person_cap, report.coalition_bound) == (None, 1)


def test_caps_of_the_lineage_replace_those_of_the_class(
    house: House, model: Path
) -> None:
    house.publish(model)
    request = house.by("root").room.catalogue.change_caps(
        house.actors["root"], "llm", person=10, pair=19
    )
    house.by("tom").approve(request.id)

    report = house.by("ines").records.exposure("llm")

    assert report.person_cap == report.total * 10 // 100
    assert report.coalition_bound == 11


def test_who_is_not_in_the_project_does_not_read_it(house: House, model: Path) -> None:
    house.publish(model)
    house.by("root").room.people.set_member(
        house.actors["root"], "default", "ana", Membership.REMOVED
    )

    with pytest.raises(DeniedError):
        house.by("ana").records.exposure("llm")


def test_a_model_that_is_not_there_has_no_exposure(solo_room: Strongroom) -> None:
    with pytest.raises(MissingError):
        solo_room.records.exposure("absent")


def test_who_sealed_a_later_version_is_outside_as_well(
    house: House, model: Path
) -> None:
    house.publish(model)
    house.publish(model, by="ana")
    house.permit("ana", "biases")

    report = house.by("ines").records.exposure("llm")

    assert (report.version.number, report.sealers) == (2, ("ana", "olga"))
    assert report.holders == ()


def test_the_strictest_cap_that_is_stated_counts() -> None:
    assert [_least(v) for v in ((), (None,), (3, None, 2), (0, 1))] == [
        *(None, None, 2, 0),
    ]
    assert [_capped(200, p) for p in (None, 0, 25, 100)] == [None, 0, 50, 200]


@pytest.mark.parametrize(
    ("caps", "bound"), [((25, 45), 5), ((None, 45), 1), ((25, None), 1), ((0, 45), 1)]
)
def test_without_both_caps_one_person_may_be_enough(
    caps: tuple[int | None, int | None], bound: int
) -> None:
    found = _Found(
        held={},
        released={},
        origin=frozenset({ACCOUNT}),
        names={ACCOUNT: "olga"},
        caps=caps,
        whole=chosen(0, 1, 2),
    ).report()

    assert found.coalition_bound == bound
    percents = [None if cap is None else 3000 * cap // 100 for cap in caps]
    assert [found.person_cap, found.pair_cap] == percents
    assert (found.holders, found.sealers) == ((), ("olga",))
    assert (found.pair, found.coalition, found.total) == (None, None, 3000)
