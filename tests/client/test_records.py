"""The ledger as people read it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from strongroom.client.client import Strongroom
from strongroom.client.records import separations
from strongroom.errors import DeniedError, MissingError
from tests.journeys.rooms import House


def test_the_tail_is_the_newest_entries(solo_room: Strongroom, model: Path) -> None:
    solo_room.seal(model, name="llm")
    entries = solo_room.records.tail(3)
    kinds = [json.loads(entry.body)["kind"] for entry in entries]
    assert kinds[-1] == "reference.moved"
    assert [e.position for e in entries] == sorted(e.position or 0 for e in entries)


def test_an_entry_shows_its_private_fields(solo_room: Strongroom, model: Path) -> None:
    solo_room.seal(model, name="llm")
    found = [solo_room.records.show(e.position or 0) for e in solo_room.records.tail()]
    assert {"name": "llm"} in [private for _, private in found]


def test_an_entry_that_is_not_there_is_missing(solo_room: Strongroom) -> None:
    with pytest.raises(MissingError):
        solo_room.records.show(10_000)


def test_a_verified_ledger_says_how_large_it_is(solo_room: Strongroom) -> None:
    report = solo_room.records.verify()
    assert report.findings == ()
    assert report.size > 0
    assert len(report.root) == 64
    assert report.rows_checked


def test_reports_say_who_has_no_second_factor(solo_room: Strongroom) -> None:
    assert [p.has_factor for p in solo_room.records.people()] == [False]
    assert "one person has no second factor" in separations(solo_room.room)
    assert "one person has no second factor" in solo_room.records.verify().separations


def test_in_a_house_where_everybody_has_one_nothing_is_said(house: House) -> None:
    assert all(p.has_factor for p in house.by("root").records.people())
    assert not any("factor" in s for s in separations(house.room.room))


def test_researchers_do_not_read_the_ledger(house: House) -> None:
    with pytest.raises(DeniedError):
        house.by("ana").records.tail()
    with pytest.raises(DeniedError):
        house.by("ana").records.show(0)


def test_waiting_requests_are_listed(house: House, model: Path) -> None:
    house.by("olga").seal(model, name="llm")
    (waiting,) = house.by("ines").records.requests()
    assert (waiting.asker, waiting.request.action) == ("olga", "model:publish")
    house.by("ines").approve(waiting.request.id)
    assert house.by("ines").records.requests() == []
    assert len(house.by("ines").records.requests(every=True)) > 1
