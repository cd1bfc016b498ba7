"""Recording what people know, and what they may do with it, over a real room."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import resources

import pytest
import sqlalchemy as sa

from strongroom.access.training_records import TrainingRecords
from strongroom.database import people_tables
from strongroom.errors import (
    ConflictError,
    DeniedError,
    InputError,
    IntegrityError,
    MissingError,
)
from strongroom.types import AccountKind, Role
from tests.attacks.both_databases.administrator import Administrator
from tests.journeys.fixtures import clock, house, kind, model, quick, sealed
from tests.journeys.rooms import House, again
from tests.permits.openings import BLOCK, Reader, newest

__all__ = ["clock", "house", "kind", "model", "quick", "sealed"]

TEXT = "ab" * 32
MONTH = timedelta(days=30)


ASKED = f"""[standard.training]
restricted = ["weight-handling"]
approver = ["{TEXT}"]

[standard.administration]"""


@pytest.fixture
def strict(sealed: House) -> Iterator[House]:
    """Give a house where ``restricted`` asks for a course and approvers for a text."""
    house = sealed
    with resources.as_file(resources.files("strongroom.access") / "policies") as ours:
        shutil.copytree(ours, house.folder / "rules")
    terms = house.folder / "rules" / "terms.toml"
    terms.write_text(terms.read_text().replace("[standard.administration]", ASKED))
    settings = house.folder / "room.toml"
    settings.write_text('policy = "rules"\n' + settings.read_text())
    with again(house.folder, house.clock) as reopened:
        house.room = reopened
        yield house


def records(house: House) -> TrainingRecords:
    return house.room.room.training


def take(house: House, name: str = "ana", *, until: datetime | None = None) -> None:
    records(house).add(
        house.actors["root"],
        name,
        "weight-handling",
        until=until or house.clock.now + MONTH,
    )


def test_without_the_course_nobody_asks_and_the_refusal_says_which(
    strict: House,
) -> None:
    with pytest.raises(DeniedError) as refused:
        strict.by("ana").request("llm", segments=[BLOCK], purpose="a test")

    assert str(refused.value) == "training is lacking: weight-handling (not taken)"
    assert refused.value.reasons == ("training-current",)
    take(strict)
    assert strict.by("ana").request("llm", segments=[BLOCK], purpose="a test")


def test_a_permit_in_force_stops_when_the_course_expires(strict: House) -> None:
    take(strict, until=strict.clock.now + timedelta(hours=1))
    for name in ("ines", "tom"):
        records(strict).acknowledge(strict.actors[name], TEXT)
    row = strict.permit("ana", BLOCK)
    strict.clock.advance(hours=1)
    strict.refresh()

    with pytest.raises(DeniedError, match=r"weight-handling .expired on 2026-11-22"):
        Reader.of(strict, "ana", row).release()
    take(strict)
    assert Reader.of(strict, "ana", row).keys()


def test_an_approver_who_did_not_acknowledge_the_text_decides_nothing(
    strict: House,
) -> None:
    take(strict)
    asked = strict.by("ana").request("llm", segments=[BLOCK], purpose="a test")

    with pytest.raises(DeniedError, match=r"text abababababab .not acknowledged"):
        strict.by("ines").approve(asked.request.id)
    records(strict).acknowledge(strict.actors["ines"], TEXT)

    assert strict.by("ines").approve(asked.request.id)


def test_an_entry_says_who_recorded_what(strict: House) -> None:
    take(strict)

    entry = newest(strict)
    assert entry["kind"] == "training.recorded"
    assert entry["course"] == "weight-handling"
    assert entry["account"] == strict.actors["ana"].account


def test_what_was_taken_is_a_course_and_what_was_read_a_text(strict: House) -> None:
    take(strict)
    records(strict).acknowledge(strict.actors["ana"], TEXT)

    found = records(strict).show(strict.actors["ana"], "ana").training

    assert {row.name: row.kind.value for row in found} == {
        "weight-handling": "course",
        TEXT: "text",
    }


def test_a_course_that_is_taken_back_counts_no_longer(strict: House) -> None:
    take(strict)
    records(strict).remove(strict.actors["root"], "ana", "weight-handling")

    with pytest.raises(DeniedError, match="expired on"):
        strict.by("ana").request("llm", segments=[BLOCK], purpose="a test")
    with pytest.raises(ConflictError, match="does not count for ana now"):
        records(strict).remove(strict.actors["root"], "ana", "weight-handling")


def test_what_a_person_knows_counts_for_their_agents(strict: House) -> None:
    root = strict.actors["root"]
    people = strict.room.room.people
    asked = people.add(
        root,
        "bot",
        team="alpha",
        roles=[Role.RESEARCHER],
        kind=AccountKind.AGENT,
        owner="ana",
    )
    records(strict).acknowledge(strict.actors["ines"], TEXT)
    strict.by("ines").approve(asked.id)

    take(strict)

    found = records(strict).show(root, "bot")
    assert [row.name for row in found.training] == ["weight-handling"]


def test_an_account_is_shown_with_what_decisions_read(strict: House) -> None:
    take(strict)
    found = records(strict).show(strict.actors["ada"], "ana")

    assert (found.team, found.projects) == ("alpha", ("default",))
    assert [row.name for row in found.training] == ["weight-handling"]
    assert (found.lacking, found.reviews) == ((), 0)
    assert records(strict).show(strict.actors["ana"], "ana") == found
    ines = records(strict).show(strict.actors["ada"], "ines")
    assert ines.lacking == ("text abababababab (not acknowledged)",)


def test_what_somebody_took_is_not_shown_to_everybody(strict: House) -> None:
    """It was refused without an entry, though refusals are entries."""
    with pytest.raises(DeniedError, match="is shown to them, and to who decides"):
        records(strict).show(strict.actors["ana"], "ben")

    assert newest(strict)["action"] == "training:read"
    assert newest(strict)["rules"] == ["training-is-personal"]


def test_an_unknown_course_or_text_is_refused_with_those_that_are_known(
    strict: House,
) -> None:
    later = strict.clock.now + MONTH
    with pytest.raises(InputError, match="nothing asks for the course 'weights'") as no:
        records(strict).add(strict.actors["root"], "ana", "weights", until=later)
    assert no.value.hint == "terms.toml asks for: weight-handling"
    with pytest.raises(InputError, match="nothing asks for the course"):
        records(strict).add(strict.actors["root"], "ana", TEXT, until=later)
    with pytest.raises(InputError, match="nothing asks for the text"):
        records(strict).acknowledge(strict.actors["ana"], "cd" * 32)
    with pytest.raises(MissingError):
        records(strict).add(
            strict.actors["root"], "nobody", "weight-handling", until=later
        )


def test_a_date_that_is_over_is_refused(strict: House) -> None:
    with pytest.raises(InputError, match="UTC is over"):
        take(strict, until=strict.clock.now)


def test_nobody_records_their_own(strict: House) -> None:
    """ATT&CK T1098: an administrator who would also approve, say."""
    with pytest.raises(DeniedError) as refused:
        take(strict, "root")
    assert refused.value.reasons == ("not-your-own-training",)


def test_a_course_written_into_the_database_does_not_count(strict: House) -> None:
    """ATT&CK T1565.001: the administrator of the database moves the date."""
    take(strict, until=strict.clock.now + timedelta(minutes=1))
    table = people_tables.training
    Administrator.of(strict).execute(
        sa.update(table).values(until=strict.clock.now + MONTH)
    )

    with pytest.raises(IntegrityError, match="was not written by this room"):
        strict.by("ana").request("llm", segments=[BLOCK], purpose="a test")
