"""Decisions that rest on people who lost their rights, on noise, or on a race."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from strongroom.access.accounts import AccountState
from strongroom.access.projects import Membership
from strongroom.errors import DeniedError, InputError, StrongroomError
from strongroom.types import Role
from tests.journeys.rooms import House


def suspend(house: House, name: str) -> None:
    root = house.by("root")
    root.room.people.change_state(root.actor, name, AccountState.SUSPENDED)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_permit_that_a_suspended_account_approved_releases_nothing(
    house: House, model: Path
) -> None:
    """ATT&CK T1078: tom's session was stolen, and he was suspended when it came out."""
    house.publish(model)
    house.refresh()
    permit = house.permit("ana", "biases")
    suspend(house, "tom")

    with pytest.raises(DeniedError):
        house.by("ana").open(permit.id)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_what_a_suspended_administrator_asked_for_is_not_carried_out(
    house: House,
) -> None:
    """ATT&CK T1136: once, the wish outlived the right to have it."""
    house.admit("eve", "office2", Role.ADMINISTRATOR)
    house.refresh()
    eve = house.by("eve")
    wish = eve.room.people.add(eve.actor, "straw", team="s", roles=[Role.RESEARCHER])
    suspend(house, "eve")

    with pytest.raises(DeniedError, match="who asked"):
        house.by("ines").approve(wish.id)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_request_that_nobody_could_read_is_refused_when_it_is_made(
    house: House, model: Path
) -> None:
    """ATT&CK T1499: once, one with a long purpose broke the list for everybody."""
    house.publish(model)
    house.refresh()

    with pytest.raises(InputError, match="free text"):
        house.by("ana").request("llm", segments=["biases"], purpose="x" * 300_000)

    assert house.by("ines").records.requests() == []


@pytest.mark.parametrize("kind", ["sqlite"])
def test_proving_an_entry_asks_policy_like_showing_it(house: House) -> None:
    """ATT&CK T1213: once, the proof came with the entry, for everybody."""
    house.refresh()

    for read in (house.by("ana").records.show, house.by("ana").records.prove):
        with pytest.raises(DeniedError):
            read(3)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_looking_around_without_the_right_to_is_recorded(
    house: House, model: Path
) -> None:
    """ATT&CK T1087, T1213: once, what a thief only tried to read left no entry."""
    house.publish(model)
    house.refresh()
    house.admit("eve", "delta", Role.RESEARCHER)
    eve, room = house.by("eve"), house.room.room
    tries: dict[str, list[Callable[[], object]]] = {
        "ledger:read": [
            eve.records.tail,
            lambda: eve.records.show(3),
            lambda: eve.records.prove(3),
        ],
        "ledger:export": [lambda: eve.records.export(house.folder / "out")],
        "model:show": [
            lambda: room.catalogue.show(eve.actor, "llm"),
            lambda: room.catalogue.versions(eve.actor, "llm"),
        ],
        "exposure:read": [lambda: eve.records.exposure("llm")],
        "key:manage": [
            lambda: room.upkeep.recovery.sets(eve.actor),
            lambda: room.upkeep.recovery.last_drill(eve.actor),
        ],
    }

    for action, attempts in tries.items():
        for attempt in attempts:
            with pytest.raises(DeniedError):
                attempt()
            body = json.loads(house.by("ada").records.tail(1)[0].body)
            assert (body["kind"], body["actor"]) == (
                "action.refused",
                eve.actor.account,
            )
            assert body["facts"]["action"] == action
    assert not (house.folder / "out").exists()


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_request_is_not_shown_to_who_has_no_part_in_it(
    house: House, model: Path
) -> None:
    """ATT&CK T1213: once, everybody read what others asked for and why."""
    root = house.by("root")
    root.room.people.add_project(root.actor, "secret")
    for name in ("olga", "ben"):
        root.room.people.set_member(root.actor, "secret", name, Membership.MEMBER)
    sealed = house.by("olga").seal(model, name="hidden", project="secret")
    assert sealed.request is not None
    house.by("ines").approve(sealed.request.id)

    house.by("ben").request("hidden", segments=["biases"], purpose="the merger")

    shown = {
        name: [p.request.body for p in house.by(name).records.requests()]
        for name in ("ana", "ben", "ines")
    }
    assert not shown["ana"]
    assert "the merger" in shown["ben"][0] == shown["ines"][0]


def test_last_approvals_at_once_keep_the_caps(house: House, model: Path) -> None:
    """ATT&CK T1030: two askers, every segment, all approved in the same moment."""
    house.publish(model)
    house.refresh()
    manifest = house.room.room.catalogue.show(house.actors["olga"], "llm").manifest
    asked = []
    for name in ("ana", "ben"):
        for segment in manifest.segments:
            request = house.by(name).request(
                "llm", segments=[segment.name], purpose="a test"
            )
            house.by("ines").approve(request.request.id)
            asked.append((name, request.request.id))

    def finish(pair: tuple[str, str]) -> bool:
        name, request = pair
        try:
            house.by("tom").approve(request)
            house.by(name).open(request).close()
        except StrongroomError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(finish, asked))

    report = house.by("ada").records.exposure("llm")
    shares = {holder.name: holder.held for holder in report.holders}
    assert report.person_cap is not None
    assert report.pair_cap is not None
    assert max(shares.values()) <= report.person_cap
    assert report.pair is not None
    assert report.pair[2] <= report.pair_cap
    assert any(opened)
    assert not house.by("ada").records.verify().findings


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_plan_is_read_before_others_have_to_wait_for_it(
    house: House, model: Path
) -> None:
    """ATT&CK T1499: once, matching a plan held the lock, and nobody could revoke.

    The lock is held here; a plan that is refused is refused without it.
    """
    with house.room.room.ledger.transaction(), ThreadPoolExecutor(1) as pool:
        sealing = pool.submit(house.by("ben").seal, model, name="slow", plan="[[[")
        refused = sealing.exception()

    assert isinstance(refused, InputError)
