"""In a room of one, a restricted model waits a day, and its owner is told so."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.access.totp import code_at
from strongroom.app import open_strongroom
from strongroom.client.client import Strongroom
from strongroom.client.notices import notices
from strongroom.errors import DeniedError
from tests.journeys.fixtures import clock, model, quick, solo_room
from tests.journeys.rooms import PASSPHRASE, PASSWORD, Clock

__all__ = ["clock", "model", "quick", "solo_room"]


def use(quick: Path, clock: Clock, who: str = "owner") -> Strongroom:
    """Open the room as somebody who keeps what they saw."""
    return open_strongroom(
        quick / "room",
        passphrases={"*": PASSPHRASE},
        seen=quick / f"{who}.seen",
        now=clock,
    )


@pytest.fixture
def sealed(solo_room: Strongroom, model: Path, quick: Path, clock: Clock) -> None:
    """Seal a restricted model, seen by its owner."""
    solo_room.seal(model, name="llm", classification="restricted")
    solo_room.seal(model, name="other", classification="internal")
    use(quick, clock).close()
    clock.advance(minutes=1)


def ask(quick: Path, clock: Clock, who: str) -> str:
    """Ask for everything as somebody with the passphrase; return the permit's id."""
    with use(quick, clock, who) as room:
        permit = room.request("llm", purpose="look").permit
        assert permit is not None
        return permit.id


@pytest.mark.usefixtures("sealed")
def test_it_takes_a_day_a_second_factor_and_an_entry(quick: Path, clock: Clock) -> None:
    permit = ask(quick, clock, "owner")
    with use(quick, clock) as room:
        secret = room.room.people.begin_factor(room.actor).secret
        code = code_at(secret, clock.now)
        room.room.people.confirm_factor("me", code, source="test")
        with pytest.raises(DeniedError, match="opens from 2026-11-23 10:01 UTC") as e:
            room.open("llm")
        assert permit in e.value.hint
        clock.advance(hours=24)
        with pytest.raises(DeniedError, match="second factor"):
            room.open("llm")
        login, _, _ = room.login("me", PASSWORD, code_at(secret, clock.now))
        with login.open("llm") as opened:
            assert opened.complete
        kinds = [entry.body for entry in login.records.tail(5)]
    assert any(b'"kind":"key.released"' in body for body in kinds)


@pytest.mark.usefixtures("sealed")
def test_the_owner_is_told_while_it_waits_and_once_after(
    quick: Path, clock: Clock
) -> None:
    """MITRE ATT&CK T1078: somebody else has the passphrase, and asks."""
    permit = ask(quick, clock, "thief")
    clock.advance(hours=23)
    for _ in range(2):
        with use(quick, clock) as room:
            (notice,) = notices(room.room)
            assert (notice.permit, notice.model, notice.asker) == (permit, "llm", "me")
            assert (notice.opens_at - notice.asked_at).days == 1
    clock.advance(days=30)  # on a journey meanwhile; it ended long ago
    with use(quick, clock) as room:
        assert [n.permit for n in notices(room.room)] == [permit]
        room.room.people.add_project(room.actor, "later")
    with use(quick, clock) as room:
        assert notices(room.room) == []


@pytest.mark.usefixtures("sealed")
def test_what_was_revoked_is_not_told_again(quick: Path, clock: Clock) -> None:
    permit = ask(quick, clock, "thief")
    with use(quick, clock) as room:
        room.revoke(permit)
        assert notices(room.room) == []


@pytest.mark.usefixtures("sealed")
def test_an_opening_that_waits_for_nothing_is_no_news(
    quick: Path, clock: Clock
) -> None:
    with use(quick, clock, "thief") as room:
        room.request("other", purpose="look")
    with use(quick, clock) as room:
        assert notices(room.room) == []


@pytest.mark.usefixtures("sealed")
def test_without_a_memory_it_is_told_what_has_not_ended(
    quick: Path, clock: Clock
) -> None:
    permit = ask(quick, clock, "owner")
    for hours, told in ((25, [permit]), (4, [])):
        clock.advance(hours=hours)
        with use(quick, clock, f"new{hours}") as room:
            assert [n.permit for n in notices(room.room)] == told
