"""Which private text belongs to a person, and what may be missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from strongroom.canonical import Json
from strongroom.ledger import checks, erasure
from strongroom.ledger.erasure import Person
from strongroom.ledger.events import Event
from tests.ledger.world import ANA, World, event

ZOE = Person(account="account-zoe", name="Zoe", requests=frozenset({"request-1"}))


def entry(kind: str, actor: str | None = "account-ana", **facts: str) -> dict[str, Any]:
    return {"kind": kind, "actor": actor, "facts": facts}


@pytest.mark.parametrize(
    ("subject", "said", "private"),
    [
        ("account-zoe", entry("session.opened"), {"source": "here"}),
        ("", entry("session.refused", None), {"name": "zoe", "source": "here"}),
        ("account-ana", entry("action.refused"), {"named": "ZOE"}),
        ("", entry("action.refused", "account-zoe"), {"named": "a typo"}),
        ("", entry("permit.revoked", account="account-zoe"), {"reason": "left"}),
        ("", entry("request.declined", request="request-1"), {"reason": "no"}),
        ("account-zoe", entry("account.created", account="account-zoe"), {"name": "Z"}),
    ],
)
def test_text_of_or_about_somebody_is_theirs(
    subject: str, said: dict[str, Any], private: dict[str, str]
) -> None:
    assert ZOE.is_in(subject=subject, entry=said, private=private)


@pytest.mark.parametrize(
    ("subject", "said", "private"),
    [
        ("account-ana", entry("session.opened"), {"source": "here"}),
        ("", entry("session.refused", None), {"name": "zoey", "source": "here"}),
        ("account-zoe", entry("project.created", "account-zoe"), {"name": "zoe"}),
        ("account-zoe", entry("version.begun", "account-zoe"), {"name": "zoe"}),
        (
            "account-bob",
            entry("account.created", "account-zoe", account="account-bob"),
            {"name": "bob"},
        ),
        ("", entry("request.declined", request="request-2"), {"reason": "no"}),
    ],
)
def test_text_about_others_and_names_of_things_stay(
    subject: str, said: dict[str, Any], private: dict[str, str]
) -> None:
    assert not ZOE.is_in(subject=subject, entry=said, private=private)


def problems(world: World) -> list[str]:
    with world.ledger.reading() as reading:
        return [f.problem for f in checks.check_all(world.ledger, reading)]


def record(world: World, positions: list[int]) -> None:
    facts: dict[str, Json] = {
        "account": "account-zoe",
        "request": "request-1",
        "count": len(positions),
        "entries": positions,
    }
    with world.ledger.transaction() as writing:
        writing.append(Event(kind=erasure.ERASED, actor=ANA, facts=facts))


def test_text_may_be_missing_only_where_an_erasure_says_so(world: World) -> None:
    for name in ("one", "two", "three"):
        world.note(name)
    world.note()
    world.attack("DELETE FROM private_facts")

    assert [p.split(" are gone")[0] for p in problems(world)] == [
        f"the private fields of entry {n}" for n in range(3)
    ]
    record(world, [0, 2])
    assert len(problems(world)) == 1
    record(world, [1])
    assert problems(world) == []


def test_what_is_found_is_removed_and_nothing_else(world: World) -> None:
    """Removed 500 at a time."""
    with world.ledger.transaction() as writing:
        for number in range(502):
            whose = ZOE.account if number else "account-bob"
            facts: dict[str, Json] = {"account": whose, "state": "left"}
            writing.append(event("account.changed", facts, {"reason": "moved"}))
    with world.ledger.transaction() as writing:
        found = erasure.find(writing, ZOE)
        erasure.remove(writing, found)
    assert [text.position for text in found] == [*range(1, 502)]
    with world.ledger.transaction() as writing:
        assert erasure.find(writing, ZOE) == []
        assert len(erasure.find(writing, replace(ZOE, account="account-bob"))) == 1


def test_an_erasure_covers_nothing_that_came_after_it(world: World) -> None:
    """Else one entry written ahead would let text vanish for ever."""
    record(world, list(range(50)))
    world.note("later")
    world.attack("DELETE FROM private_facts")

    assert len(problems(world)) == 1


def test_an_erasure_of_very_many_entries_is_understood(world: World) -> None:
    """Its list no longer fits an entry and moves to the attached document."""
    world.note("one")
    world.notes(1200)
    world.attack("DELETE FROM private_facts")

    record(world, list(range(1200)))

    assert problems(world) == []


def test_names_of_things_and_the_kind_of_an_erasure_are_published() -> None:
    """Entries of older versions are read by these words."""
    assert erasure.ERASED == "person.erased"
    things = {"team.created", "project.created", "version.begun"}
    assert things == erasure.NAMES_OF_THINGS


def test_text_is_found_in_the_order_of_its_entries_with_their_places(
    world: World,
) -> None:
    for number in range(3):
        world.note()
        with world.ledger.transaction() as writing:
            writing.append(
                Event(
                    kind="action.refused",
                    actor=ANA,
                    facts={"rules": [], "action": "a", "resource": "b"},
                    private={"named": ("Zoe", "somebody", "zoe")[number]},
                )
            )
    with world.ledger.reading() as reading:
        found = erasure.find(reading, ZOE)
        ids = [world.ledger.entry(reading, place).id for place in (1, 5)]
    assert [text.position for text in found] == [1, 5]
    assert [text.id for text in found] == ids
