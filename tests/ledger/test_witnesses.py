"""A room believes what a witness proves, and tells of what it only says."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

import pytest
import sqlalchemy as sa

from strongroom.cli.demo.copies import copy_database
from strongroom.database import tables
from strongroom.errors import (
    ForkError,
    IntegrityError,
    MissingError,
    UnavailableError,
)
from strongroom.ledger import cosigned as cosigned_table
from strongroom.ledger.port import Trouble
from strongroom.ledger.second import BOTH
from strongroom.ledger.settled import settle
from strongroom.ledger.witness import Answer, WitnessRequest
from strongroom.ledger.witnesses import Witnesses
from tests.ledger.exports import cosigned, ledger_of
from tests.ledger.test_second import arm, record, switch
from tests.ledger.witnesses import Beside, Party, at_work, only_file
from tests.ledger.world import Clock, World, world_at


class Lying:
    """Answers whatever it is told to."""

    def __init__(self, status: int, body: str, newest: str = "") -> None:
        self.answer = Answer(status=HTTPStatus(status), body=body)
        self.shown = newest
        self.asked = 0

    def add_checkpoint(self, body: bytes) -> Answer:
        self.asked += 1
        return self.answer

    def newest(self, origin: str) -> str:
        if not self.shown:
            raise MissingError("it saw nothing")
        return self.shown


class Absent:
    """Does not answer."""

    def add_checkpoint(self, body: bytes) -> Answer:
        raise UnavailableError("it takes too long")

    def newest(self, origin: str) -> str:
        raise UnavailableError("it takes too long")


@pytest.fixture
def party(world: World, tmp_path: Path) -> Party:
    return Party(tmp_path, world)


def test_witnesses_sign_the_newest_checkpoint_and_the_policy_is_met(
    party: Party,
) -> None:
    witnesses = party.of()
    party.world.notes(5)

    assert witnesses.ask() == []

    report = witnesses.report()
    assert {s.name: s.size for s in report.statements} == {"w1": 5, "w2": 5, "w3": 5}
    assert (report.met_size, report.least, report.quorum) == (5, 2, "all")
    assert {s.at for s in report.statements} == {party.world.clock()}
    assert witnesses.any_signed()


def test_growth_is_signed_from_where_each_witness_stands(party: Party) -> None:
    witnesses = party.of()
    party.world.notes(3)
    witnesses.ask()
    away = party.links.pop("w2")
    party.world.notes(300)
    assert party.of().ask() == []
    party.links["w2"] = away
    party.world.notes(1)

    assert party.of().ask() == []

    assert party.of().report().met_size == 304
    assert party.of().compare() == []


def test_a_witness_that_knows_more_than_the_room_kept_tells_its_size(
    party: Party,
) -> None:
    """The answer was lost on the way: it has signed, and the room does not know."""
    party.world.notes(4)
    party.of().ask()
    party.world.attack("DELETE FROM cosignatures")
    party.world.notes(4)

    assert party.of().ask() == []

    assert party.of().report().met_size == 8


def test_an_empty_ledger_is_not_signed(party: Party) -> None:
    assert party.of().ask() == []
    assert party.of().compare() == []
    assert party.of().report().statements == ()
    assert not party.of().any_signed()
    with pytest.raises(MissingError):
        party.of().request_for(party.policy.witnesses["w1"])


def test_a_witness_is_asked_once_for_each_checkpoint(party: Party) -> None:
    party.world.notes(2)
    party.of().ask()
    party.world.clock.pass_(hours=1)

    party.of().ask()
    first = party.of().report()
    party.of().ask(renew=True)

    hour = {s.at.hour for s in first.statements}
    assert {s.at.hour for s in party.of().report().statements} == {h + 1 for h in hour}


def test_witnesses_are_not_asked_more_than_once_a_second(party: Party) -> None:
    witnesses, absent = party.of(), Lying(503, "busy\n")
    party.links["w1"] = absent
    party.world.notes(2)

    for _ in range(3):
        witnesses.ask_seldom()
    assert absent.asked == 1

    party.world.clock.pass_(seconds=1)
    witnesses.ask_seldom()
    assert absent.asked == 2


def test_a_request_goes_and_comes_back_as_a_file(party: Party) -> None:
    party.world.notes(5)
    known = party.policy.witnesses["w1"]
    witnesses = party.of()
    request = witnesses.request_for(known)
    party.world.notes(5)  # meanwhile
    with at_work(party.folders["w1"].path, party.world.clock) as witness:
        answer = witness.answer(request)

    assert witnesses.accept(known, request, answer.body).witness == known.key

    (statement,) = witnesses.report().statements
    assert (statement.name, statement.size) == ("w1", 5)
    for wrong in ("", "nonsense", answer.body[:-9] + "\n", f"\n\n{answer.body}"):
        with pytest.raises(IntegrityError):
            witnesses.accept(known, request, wrong)
    with pytest.raises(IntegrityError, match="somebody else"):
        witnesses.accept(party.policy.witnesses["w2"], request, answer.body)


def test_a_ledger_put_back_is_proven_older_by_a_witness(
    sqlite_world: World, tmp_path: Path
) -> None:
    """ATT&CK T1070: whoever puts everything of the room back cannot reach this."""
    party, old = Party(tmp_path, sqlite_world), tmp_path / "old.db"
    sqlite_world.note("five")
    party.of().ask()
    copy_database(Path(sqlite_world.database.url.database or ""), old)
    sqlite_world.notes(3)
    party.of().ask()

    with world_at(f"sqlite+pysqlite:///{old}") as before:
        with pytest.raises(ForkError, match="shows 4 entries that this room"):
            party.of(before).compare()
        before.notes(1)
        with pytest.raises(ForkError, match="an older room was put back"):
            party.of(before).ask()
        before.note("another history")
        before.notes(3)
        with pytest.raises(ForkError, match="another root for 4 entries"):
            party.of(before).ask()


def test_a_room_with_two_signatures_is_proven_older_too(
    sqlite_world: World, tmp_path: Path
) -> None:
    """Witnesses kept one signature, so what they showed was no proof any more."""
    arm(sqlite_world)
    record(sqlite_world, switch(BOTH))
    settle(sqlite_world.ledger)
    party, old = Party(tmp_path, sqlite_world), tmp_path / "old.db"
    copy_database(Path(sqlite_world.database.url.database or ""), old)
    sqlite_world.notes(3)
    assert party.of().ask() == []
    assert party.of().compare() == []

    with world_at(f"sqlite+pysqlite:///{old}") as before:
        arm(before)
        with pytest.raises(ForkError, match="shows 4 entries that this room"):
            party.of(before).compare()


def test_keys_wait_for_the_quorum_where_the_room_says_so(party: Party) -> None:
    party.world.notes(5)
    waiting, going_on = party.of(waits=True), party.of()
    going_on.before_release(5)
    assert not going_on.any_signed()

    waiting.before_release(5)

    assert waiting.report().met_size == 5
    party.world.notes(1)
    party.links["w1"] = party.links["w2"] = Absent()
    going_on.before_release(6)
    with pytest.raises(UnavailableError, match=r"w1: it takes too long"):
        party.of(waits=True).before_release(6)
    assert party.of().report().met_size == 5


def test_cosignatures_of_another_history_let_no_key_go(
    party: Party, tmp_path: Path
) -> None:
    """ATT&CK T1565.001: genuine lines and notes, put into another database."""
    party.world.notes(5)
    party.of().ask()
    with party.world.database.reading() as connection:
        lines = connection.execute(sa.select(tables.cosignatures)).mappings().all()
        note = connection.execute(sa.select(tables.checkpoints.c.note)).scalar_one()
    party.world.attack(
        sa.delete(tables.checkpoints),
        sa.delete(tables.tiles),
        sa.delete(tables.entries),
        sa.delete(tables.cosignatures),
    )
    party.world.notes(4)
    party.world.note()
    party.world.attack(
        *(sa.insert(tables.cosignatures).values(**line) for line in lines),
        sa.update(tables.checkpoints)
        .where(tables.checkpoints.c.size == 5)
        .values(note=note),
    )

    with pytest.raises(ForkError, match="another history"):
        party.of(waits=True).before_release(5)


FOREIGN = ledger_of(5)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, ""),
        (200, "nonsense\n"),
        (200, "\n\n\N{EM DASH} witness.example/w1 AAAAAAAAAAAA\n"),
        (200, cosigned(FOREIGN.note(), 1).splitlines(keepends=True)[-1]),
        (400, "no\n"),
        (403, "no\n"),
        (404, "who?\n"),
        (409, "7\n"),
        (409, "999999999\n"),
        (409, "a fork\n"),
        (409, "9" * 5000),
        (422, "no\n"),
        (503, "lost\n"),
    ],
)
def test_a_witness_that_lies_is_told_of_and_stops_nothing(
    status: int, body: str, party: Party
) -> None:
    """Its word is no proof: else any witness could close the room."""
    party.world.notes(5)
    party.links["w1"] = Lying(status, body)

    (trouble,) = party.of().ask()

    assert trouble.witness == "w1"
    assert party.of().report().met_size == 5
    party.of(waits=True).before_release(5)


def test_a_witness_that_shows_a_note_of_nobody_is_told_of(party: Party) -> None:
    party.world.notes(5)
    for shown in ("nonsense", FOREIGN.note(), FOREIGN.note() + "x"):
        party.links["w1"] = Lying(409, "9\n", shown)
        assert [t.witness for t in party.of().compare()] == ["w1"]


def test_a_witness_that_does_not_answer_is_told_of(party: Party) -> None:
    party.world.notes(5)
    party.links["w3"] = Absent()

    expected = [Trouble("w3", "it takes too long")]

    assert party.of().compare() == expected
    assert party.of().ask() == expected
    assert str(expected[0]) == "witness w3: it takes too long"


def test_a_witness_that_went_back_is_told_of(party: Party) -> None:
    """Its folder was put back: it remembers less than it signed."""
    party.world.notes(5)
    party.of().ask()
    seen = only_file(party.folders["w1"].path / "seen")
    before = seen.read_bytes()
    party.world.notes(5)
    party.of().ask()
    seen.write_bytes(before)

    (trouble,) = party.of().compare()

    assert "it signed 10 entries and now remembers 5" in str(trouble)


def test_a_witness_that_no_longer_knows_the_ledger_is_told_of(party: Party) -> None:
    """It used to be silent about one that signed before and answers 404 now."""
    party.world.notes(5)
    party.of().ask()
    party.links["w1"] = Lying(404, "who?\n")

    (trouble,) = party.of().compare()

    assert "it signed 5 entries and now remembers 0" in str(trouble)


def test_a_witness_whose_clock_is_ahead_is_told_of(party: Party) -> None:
    party.world.notes(5)
    party.world.clock.pass_(hours=1)
    party.of().ask()
    party.world.clock.pass_(hours=-1)

    troubles = party.of().compare()

    assert {t.witness for t in troubles} == {"w1", "w2", "w3"}
    assert all("has not come yet" in str(trouble) for trouble in troubles)


def test_a_witness_that_forgot_is_told_of(party: Party) -> None:
    party.world.notes(5)
    party.of().ask()
    only_file(party.folders["w1"].path / "seen").unlink()
    party.world.notes(1)

    troubles = party.of().ask()

    assert any("lost what it saw" in str(trouble) for trouble in troubles)


@pytest.mark.parametrize("cell", ["line", "seconds", "witness", "size"])
def test_an_altered_row_never_counts(cell: str, party: Party) -> None:
    """ATT&CK T1565.001: the database's administrator invents a witness's word."""
    party.world.notes(4)
    party.world.notes(1)
    party.of().ask()
    columns = tables.cosignatures.c
    other = sa.select(columns.line).where(columns.line.like("%w2 %")).scalar_subquery()
    values: dict[str, object] = {
        "line": other,
        "seconds": 9,
        "witness": "nobody",
        "size": 4,
    }
    where = columns.line.like("%w1 %")
    party.world.attack(
        sa.update(tables.cosignatures).where(where).values({cell: values[cell]})
    )

    try:
        report = party.of().report()
    except IntegrityError:
        assert not party.of().any_signed()
        return
    assert cell in ("seconds", "witness")
    assert {s.size for s in report.statements} == {5}
    assert {s.at for s in report.statements} == {party.world.clock()}


def test_a_room_without_links_asks_nobody(party: Party) -> None:
    party.world.notes(1)
    alone = Witnesses(party.world.ledger, party.policy, {}, now=party.world.clock)

    assert alone.ask() == alone.compare() == []
    waiting = Witnesses(
        party.world.ledger,
        party.policy,
        {},
        releases_wait=True,
        now=party.world.clock,
    )
    with pytest.raises(UnavailableError, match="by hand"):
        waiting.before_release(1)


# --- limits, defaults, and what is said ------------------------------------------


@pytest.mark.parametrize(("ahead", "told"), [(299, False), (300, False), (301, True)])
def test_a_clock_may_be_300_seconds_ahead(party: Party, ahead: int, told: bool) -> None:
    party.world.notes(1)
    clock = Clock()
    clock.pass_(seconds=ahead)
    folder = party.folders["w1"]
    party.links = {"w1": Beside(folder, clock)}
    assert party.of().ask() == []

    troubles = party.of().compare()

    said = [Trouble("w1", "it signed at a time that has not come yet")]
    assert troubles == (said if told else [])


def test_a_witness_that_is_asked_seldom_is_asked_after_the_time(party: Party) -> None:
    party.world.notes(1)
    party.links = {"w1": Absent()}
    witnesses = party.of()
    found = []
    for seconds in (0, 0.999, 0.001, 0.5):
        party.world.clock.pass_(seconds=seconds)
        found.append(len(witnesses.ask_seldom()))
    assert found == [1, 0, 1, 0]


def test_a_witness_that_never_agrees_is_asked_three_times(party: Party) -> None:
    party.world.notes(9)

    class Moving:
        """Has always seen another size than it was asked from."""

        asked = 0

        def add_checkpoint(self, body: bytes) -> Answer:
            self.asked += 1
            return Answer(status=HTTPStatus.CONFLICT, body=f"{self.asked}\n")

        def newest(self, origin: str) -> str:
            raise MissingError("it saw nothing")

    moving = Moving()
    party.links = {"w1": moving}

    (trouble,) = party.of().ask()

    assert moving.asked == 3
    assert str(trouble) == "witness w1: it does not sign (409): 3"


@pytest.mark.parametrize(("size", "asked"), [("0", 1), ("9", 3), ("10", 1)])
def test_a_size_that_helps_nothing_is_not_asked_from(
    party: Party, size: str, asked: int
) -> None:
    party.world.notes(9)
    lying = Lying(409, f"{size}\n")
    party.links = {"w1": lying}
    party.of().ask()
    # From 9 it asks a second time, and hears the same again.
    assert lying.asked == min(asked, 2)


def test_what_a_witness_forgot_is_told_in_numbers(party: Party) -> None:
    party.world.notes(2)
    party.of().ask()
    with party.world.ledger.reading() as reading:
        note = cosigned_table.cosigned_note(reading.connection, 2)
    party.world.notes(2)
    party.of().ask()
    party.links = {"w1": Lying(200, "", note or "")}
    assert party.of().compare() == [
        Trouble("w1", "it signed 4 entries and now remembers 2")
    ]
    party.links = {"w1": Lying(200, "")}
    assert party.of().compare() == [
        Trouble("w1", "it signed 4 entries and now remembers 0")
    ]


def test_what_a_witness_shows_is_kept_if_it_is_news(party: Party) -> None:
    party.world.notes(2)
    party.of().ask()
    party.world.attack("DELETE FROM cosignatures")
    assert not party.of().any_signed()

    assert party.of().compare() == []

    assert {s.name: s.size for s in party.of().report().statements} == {
        "w1": 2,
        "w2": 2,
        "w3": 2,
    }
    assert party.of().any_signed()


def test_keys_do_not_wait_unless_the_room_says_so(party: Party) -> None:
    party.world.notes(1)
    party.links = {}
    witnesses = Witnesses(party.world.ledger, party.policy, {}, now=party.world.clock)
    assert not witnesses.releases_wait
    witnesses.before_release(1)
    with pytest.raises(UnavailableError, match="some are asked by hand only"):
        party.of(waits=True).before_release(1)
    party.links = {"w1": Absent()}
    with pytest.raises(UnavailableError, match="witness w1: it takes too long"):
        party.of(waits=True).before_release(1)


def test_a_quorum_that_signed_once_is_not_looked_up_for_less(party: Party) -> None:
    party.world.notes(3)
    witnesses = party.of(waits=True)
    witnesses.before_release(3)
    party.links.clear()
    party.world.attack("DELETE FROM cosignatures")
    for size in (0, 1, 3):
        witnesses.before_release(size)
    with pytest.raises(UnavailableError):
        witnesses.before_release(4)


def test_an_altered_cosignature_means_that_nobody_signed(party: Party) -> None:
    party.world.notes(1)
    party.of().ask()
    party.world.attack("UPDATE cosignatures SET line = replace(line, ' ', '  ')")

    assert not party.of().any_signed()


def test_a_request_begins_with_what_the_witness_signed_last(party: Party) -> None:
    known = party.policy.witnesses["w1"]
    for size, older in ((2, 0), (3, 2)):
        party.world.notes(size - party.world.size())
        request = WitnessRequest.from_bytes(party.of().request_for(known))
        assert request.older == older
        assert party.world.ledger.notes.open(request.note).size == size
        party.of().ask()


def test_an_answer_of_another_witness_is_not_kept(party: Party) -> None:
    party.world.notes(1)
    first, second = (party.policy.witnesses[name] for name in ("w1", "w2"))
    request = party.of().request_for(first)
    answer = party.links["w2"].add_checkpoint(request)
    with pytest.raises(IntegrityError, match="a signature of somebody else"):
        party.of().accept(first, request, answer.body)
    assert not party.of().any_signed()
    kept = party.of().accept(second, request, answer.body)
    assert kept.witness == second.key
    assert [s.name for s in party.of().report().statements] == ["w2"]
