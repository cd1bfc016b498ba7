"""Recording what people know, and what they may do with it, over a real room."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from importlib import resources

import pytest
import sqlalchemy as sa

from strongroom.access.accounts import ACCOUNTS
from strongroom.access.breakglass import BREAK_GLASS, GlassState, record_break_glass
from strongroom.access.person_terms import BreakGlassTerms, TrainingTerms
from strongroom.access.projects import Membership
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
from tests.access.rooms import Rooms, Said
from tests.access.test_breakglass import issued
from tests.attacks.both_databases.administrator import Administrator
from tests.journeys.fixtures import clock, house, kind, model, quick, sealed
from tests.journeys.rooms import House, again
from tests.ledger.world import event
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
    return house.room.room.persons.training


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


# --- with an administrator and one person ------------------------------------


@pytest.fixture
def quiet(rooms: Rooms) -> TrainingRecords:
    """Give records where researchers have to know a course and a text."""
    asked = TrainingTerms(roles={Role.RESEARCHER: frozenset({"weights", TEXT})})
    terms = replace(rooms.gate.terms, training=asked)
    return TrainingRecords(replace(rooms.gate, terms=terms))


def test_entries_say_who_recorded_what_of_whom_and_until_when(
    rooms: Rooms, quiet: TrainingRecords
) -> None:
    root = rooms.actor("root", Role.ADMINISTRATOR, team="office")
    ana = rooms.actor("ana", Role.RESEARCHER)
    until = rooms.world.clock() + timedelta(days=1)
    row = quiet.add(root, "ana", "weights", until=until)
    assert (row.revision, row.kind, row.until) == (1, "course", until)
    rooms.world.clock.pass_(seconds=1)
    gone = quiet.remove(root, "ana", "weights")
    text = quiet.acknowledge(ana, TEXT)

    assert (gone.revision, gone.id) == (2, f"{ana.account}/weights")
    assert gone.until == gone.added_at == rooms.world.clock()
    assert gone.added_by == root.account
    assert (text.kind, text.until, text.added_by) == ("text", None, ana.account)
    assert text.id == f"{ana.account}/{TEXT}"
    facts = {"account": ana.account, "course": "weights"}
    assert rooms.said("training.recorded") == [
        Said(root.account, root.session, {**facts, "until": at}, {}, None)
        for at in ("2026-11-23T10:00:00.000000Z", "2026-11-22T10:00:01.000000Z")
    ]
    read = {"account": ana.account, "digest": TEXT}
    assert rooms.said("training.acknowledged") == [
        Said(ana.account, ana.session, read, {}, None)
    ]


def test_a_course_counts_from_the_next_moment_on(
    rooms: Rooms, quiet: TrainingRecords
) -> None:
    root = rooms.actor("root", Role.ADMINISTRATOR, team="office")
    rooms.account("ana", Role.RESEARCHER)
    least = timedelta.resolution
    quiet.add(root, "ana", "weights", until=rooms.world.clock() + least)
    assert quiet.remove(root, "ana", "weights").until == rooms.world.clock()

    with pytest.raises(ConflictError, match="weights does not count for ana now"):
        quiet.remove(root, "ana", "weights")
    with pytest.raises(ConflictError, match="does not count"):
        quiet.remove(root, "ana", TEXT)


def test_a_text_is_not_taken_back(rooms: Rooms, quiet: TrainingRecords) -> None:
    """It counts as long as it is the text; another one has another digest."""
    root = rooms.actor("root", Role.ADMINISTRATOR, team="office")
    quiet.acknowledge(rooms.actor("ana", Role.RESEARCHER), TEXT)

    with pytest.raises(ConflictError, match="does not count"):
        quiet.remove(root, "ana", TEXT)


def test_a_refusal_names_what_was_wanted(rooms: Rooms, quiet: TrainingRecords) -> None:
    ana, ben = rooms.actor("ana", Role.RESEARCHER), rooms.account("ben")
    later = rooms.world.clock() + MONTH
    for use in (
        lambda: quiet.add(ana, ben.id, "weights", until=later),
        lambda: quiet.remove(ana, ben.id, "weights"),
        lambda: quiet.show(ana, ben.id),
    ):
        with pytest.raises(DeniedError):
            use()
    rooms.suspend("ana")
    with pytest.raises(DeniedError):
        quiet.acknowledge(ana, TEXT)

    assert rooms.refusals() == [
        ("training:record", ben.id),
        ("training:record", ben.id),
        ("training:read", ben.id),
        ("training:acknowledge", ana.account),
    ]


def test_an_account_is_shown_with_what_it_owns_and_owes(
    rooms: Rooms, quiet: TrainingRecords
) -> None:
    root = rooms.actor("root", Role.ADMINISTRATOR, team="office")
    ana = rooms.actor("ana", Role.RESEARCHER)
    for name, state in (
        ("vision", Membership.OWNER),
        ("llm", Membership.MEMBER),
        ("audio", Membership.OWNER),
    ):
        rooms.people.add_project(root, name)
        rooms.people.set_member(root, name, "ana", state)
    rooms.people.set_member(root, "llm", "root", Membership.OWNER)
    with rooms.world.ledger.transaction() as writing:
        account = ACCOUNTS.get(writing, ana.account)
        terms = BreakGlassTerms(longest=timedelta(hours=1), review_within=MONTH)
        rows = [
            record_break_glass(writing, account, issued(name), terms=terms, reason="x")
            for name in ("permit-1", "permit-2", "permit-3")
        ]
        BREAK_GLASS.replace(writing, rows[0], state=GlassState.ACCEPTED)
        writing.append(event())

    shown = quiet.show(ana, "ana")
    assert (shown.account, shown.team) == (account, "alpha")
    assert shown.projects == ("audio", "llm", "vision")
    assert shown.owns == ("audio", "vision")
    assert shown.lacking == (
        "text abababababab (not acknowledged)",
        "weights (not taken)",
    )
    assert (shown.training, shown.reviews) == ((), 2)
    rooms.sessions.close(ana, why="logout")
    with pytest.raises(DeniedError, match="the session has ended"):
        quiet.show(ana, "ana")
