"""What somebody hears of a message that others should have had."""

from __future__ import annotations

from dataclasses import replace

import pytest

from strongroom.access.telling import (
    Message,
    Told,
    record_told,
    tell_each,
    tell_nobody,
)
from strongroom.types import Role
from tests.access.rooms import Rooms, Said

MESSAGE = Message(about="break-glass", subject="permit-1", title="t", text="x")


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (Told(reached=1), "told at once"),
        (Told(reached=3), "3 told"),
        (Told(), "nobody was told: notifications.toml has no target for it"),
        (Told(reached=2, failed=("a: away",)), "not everybody was told: a: away"),
    ],
)
def test_a_failure_is_said_before_a_success(told: Told, sentence: str) -> None:
    assert told.sentence == sentence


def test_so_many_as_were_told_are_said() -> None:
    said = [Told(reached=count).sentence for count in (1, 2, 3)]
    assert said == ["told at once", "2 told", "3 told"]


def test_several_messages_add_up_and_a_failure_is_said_once() -> None:
    def tell(message: Message) -> Told:
        return Told(reached=bool(message.person), failed=("a: away",))

    every = [replace(MESSAGE, person=name) for name in (None, "ana", "ben")]

    assert tell_each(tell, every) == Told(reached=2, failed=("a: away",))
    assert tell_each(tell, []) == Told()


def test_without_targets_nobody_is_told() -> None:
    assert tell_nobody(MESSAGE) == Told()


def test_the_entry_says_how_many_and_the_reasons_can_be_erased(rooms: Rooms) -> None:
    actor = rooms.actor("root", Role.ADMINISTRATOR)
    failed = Told(reached=2, failed=("a: away", "b: gone", "c: shut"))
    for told in (failed, Told(reached=1)):
        with rooms.world.ledger.transaction() as writing:
            record_told(writing, actor, MESSAGE, told)

    facts = {"about": "break-glass", "subject": "permit-1"}
    assert rooms.said("notice.sent") == [
        Said(
            actor.account,
            actor.session,
            {**facts, "reached": 2, "failed": 3},
            {"why": "a: away; b: gone; c: shut"},
            actor.account,
        ),
        Said(
            actor.account,
            actor.session,
            {**facts, "reached": 1, "failed": 0},
            {},
            None,
        ),
    ]
    assert failed.sentence == "not everybody was told: a: away; b: gone; c: shut"
    assert MESSAGE.person is None
    assert (Told().reached, Told().failed) == (0, ())
