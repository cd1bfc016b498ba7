"""A decision that saw other rows than the ledger's is named, and no other one."""

from __future__ import annotations

import hashlib
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from strongroom.access.projects import MEMBERS, Member, Membership
from strongroom.access.teams import TEAMS, Team
from strongroom.database import tables
from strongroom.database.basis import Basis, RowsRead, RowUsed, digest_of_list
from strongroom.database.counted import RowSet, digest_of, line_of
from strongroom.database.guards import RowChange
from strongroom.ledger.log import Writing
from strongroom.ledger.reconcile import reconcile
from strongroom.ledger.replay import DecisionFinding, Named, Replay, prefixes_of
from strongroom.ledger.rows import Rows
from strongroom.types import AccountId, ProjectId, TeamId
from tests.ledger.world import World, event

PROJECT = "project-a/"


def change(row_id: str, revision: int = 1, table: str = "members") -> RowChange:
    return RowChange(
        table=table, id=row_id, revision=revision, mac=bytes([revision]) * 32
    )


def mac_of(revision: int) -> bytes:
    return bytes([revision]) * 32


def saw(
    *rows: tuple[str, int],
    after: int = 0,
    prefix: str = PROJECT,
    listed: bool = False,
) -> RowsRead:
    """Return the reading of these ids at these revisions."""
    found = [(row_id, revision, mac_of(revision)) for row_id, revision in sorted(rows)]
    digest = digest_of_list if listed else digest_of
    return RowsRead(
        table="members",
        prefix=prefix,
        after=after,
        digest=digest("members", prefix, found),
        listed=listed,
    )


def entry(
    *changes: RowChange,
    reads: tuple[RowsRead, ...] = (),
    used: tuple[RowUsed, ...] = (),
    seen: int = 0,
) -> Rows:
    return Rows(changes=changes, basis=Basis(seen=seen, reads=reads, used=used))


def replayed(*entries: Rows) -> list[tuple[int | None, str, str]]:
    replay = Replay()
    for position, each in enumerate(entries):
        replay.take(each, position)
    return [(f.position, f.id, f.problem) for f in replay.findings]


def test_a_reading_of_every_row_is_no_finding() -> None:
    assert not replayed(
        entry(change("project-a/ana"), change("project-b/ana")),
        entry(change("project-a/ben"), change("project-a/ana", 2)),
        entry(reads=(saw(("project-a/ana", 2), ("project-a/ben", 1)),)),
    )


@pytest.mark.parametrize(
    "reading",
    [
        saw(),
        saw(("project-a/ana", 1)),
        saw(("project-a/ana", 1), ("project-a/ben", 1)),
        saw(("project-a/ana", 2), ("project-a/ben", 1), ("project-a/cy", 1)),
    ],
    ids=["none", "one is missing", "one is old", "one too many"],
)
def test_a_reading_of_other_rows_is_a_finding(reading: RowsRead) -> None:
    found = replayed(
        entry(change("project-a/ana"), change("project-a/ben")),
        entry(change("project-a/ana", 2)),
        entry(reads=(reading,)),
    )

    assert found == [(2, PROJECT, "unseen")]


def test_what_entries_of_old_say_is_compared_too() -> None:
    changed = entry(change("project-a/ana"), change("project-a/ben"))
    both = (("project-a/ana", 1), ("project-a/ben", 1))

    assert not replayed(changed, entry(reads=(saw(*both, listed=True),)))
    assert replayed(changed, entry(reads=(saw(*both[:1], listed=True),))) == [
        (1, PROJECT, "unseen")
    ]


def test_each_decision_costs_what_changed_since_the_one_before() -> None:
    """Once, each had every row hashed again: 1.0 s for a thousand people."""
    few, many = (calls(decisions(count)) for count in (400, 1600))

    assert many / few < 5  # 16 where it grows with the square


def decisions(count: int) -> list[Rows]:
    """Return a ledger in which each decision sees one row more than the last."""
    held, taken = RowSet(), list[Rows]()
    for number in range(count):
        row = f"project-a/{number:x}"
        mac = hashlib.sha256(row.encode()).digest()
        digest = held.digest("members", PROJECT)
        held.add(line_of(row, 1, mac))
        reading = RowsRead(table="members", prefix=PROJECT, after=0, digest=digest)
        changed = RowChange(table="members", id=row, revision=1, mac=mac)
        taken.append(entry(changed, reads=(reading,)))
    return taken


def calls(entries: list[Rows]) -> int:
    """Return how many functions a replay calls; every row it looks at takes some."""
    replay, made = Replay(), 0

    def count(_frame: object, _event: str, _argument: object) -> None:
        nonlocal made
        made += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        for position, rows in enumerate(entries):
            replay.take(rows, position)
    finally:
        sys.setprofile(before)
    assert not replay.findings
    return made


def test_what_the_entry_itself_changed_counts_from_when_it_was_written() -> None:
    """Read, written, read again, written again: all in one entry."""
    before = saw()
    between = saw(("project-a/ana", 1), after=1)

    assert not replayed(
        entry(
            change("project-a/ana"), change("project-a/ben"), reads=(before, between)
        ),
        entry(reads=(saw(("project-a/ana", 1), ("project-a/ben", 1)),)),
    )
    assert replayed(
        entry(change("project-a/ana"), change("project-a/ben"), reads=(saw(after=1),))
    ) == [(0, PROJECT, "unseen")]


def test_a_row_used_as_it_is_is_no_finding() -> None:
    ana = RowUsed(table="members", id="project-a/ana", revision=2)

    assert not replayed(
        entry(change("project-a/ana"), change("project-a/ana", 2)),
        entry(used=(ana,), seen=1),
    )


@pytest.mark.parametrize(("seen", "outdated"), [(0, False), (2, False), (3, True)])
def test_a_row_may_change_only_after_the_transaction_began(
    seen: int, outdated: bool
) -> None:
    """Entry 2 changed it: whoever could see three entries had to see that."""
    first = RowUsed(table="members", id="project-a/ana", revision=1)

    found = replayed(
        entry(change("project-a/ana")),
        entry(),
        entry(change("project-a/ana", 2)),
        entry(change("project-a/ana", 3)),
        entry(used=(first,), seen=seen),
    )

    assert bool(found) is outdated


@pytest.mark.parametrize("revision", [0, 3])
def test_a_revision_that_was_never_named_is_a_finding(revision: int) -> None:
    ana = RowUsed(table="members", id="project-a/ana", revision=revision)

    assert replayed(
        entry(change("project-a/ana"), change("project-a/ana", 2)), entry(used=(ana,))
    )


def test_a_row_that_was_never_named_is_a_finding() -> None:
    nobody = RowUsed(table="members", id="project-a/nobody", revision=1)

    assert replayed(entry(used=(nobody,))) == [(0, "project-a/nobody", "outdated")]


def test_a_row_put_back_and_changed_since_is_named_for_that() -> None:
    replay = Replay()
    for position, revision in enumerate((1, 2, 2, 3)):
        replay.take(entry(change("project-a/ana", revision)), position)
    old = RowUsed(table="members", id="project-a/ana", revision=1)
    replay.take(entry(used=(old,), seen=4), 4)

    assert replay.repeated == [("members", "project-a/ana", 2)]
    assert [f.position for f in replay.findings] == [4]


IDS = st.sampled_from(["project-a/ana", "project-a/ben", "project-b/ana", "x"])
PREFIXES = st.sampled_from([PROJECT, "project-b/", "project-c/"])


@given(st.lists(st.lists(IDS | PREFIXES, max_size=5), max_size=8))
def test_it_agrees_with_a_list_of_all_rows(entries: list[list[str]]) -> None:
    """An honest room: what ends in a slash is read, the rest is changed."""
    revisions: dict[str, int] = {}
    taken = []
    for steps in entries:
        changes: list[RowChange] = []
        reads: list[RowsRead] = []
        for step in steps:
            if step.endswith("/"):
                below = {k: v for k, v in revisions.items() if k.startswith(step)}
                reads.append(saw(*below.items(), after=len(changes), prefix=step))
            else:
                revisions[step] = revisions.get(step, 0) + 1
                changes.append(change(step, revisions[step]))
        taken.append(entry(*changes, reads=tuple(reads)))

    assert not replayed(*taken)


@given(st.lists(st.lists(IDS | PREFIXES, max_size=5), max_size=8), st.integers(0, 8))
def test_one_that_is_resumed_goes_on_as_if_it_never_stopped(
    entries: list[list[str]], stop: int
) -> None:
    """Some readings are wrong, some rows put back: both find the same from there."""
    taken = [
        entry(
            *[change(s, 1 + at % 3) for at, s in enumerate(steps) if s[-1] != "/"],
            reads=tuple(saw(prefix=s) for s in steps if s[-1] == "/"),
        )
        for steps in entries
    ]
    before, whole = Replay(), Replay()
    for position, rows in enumerate(taken):
        whole.take(rows, position)
        if position < stop:
            before.take(rows, position)
    counted = {(r.table, r.prefix) for rows in taken[stop:] for r in rows.basis.reads}

    resumed = Replay.resumed(before.named, min(stop, len(taken)), counted)
    for position, rows in enumerate(taken[stop:], start=stop):
        resumed.take(rows, position)

    assert resumed.named == whole.named
    later = [f for f in whole.findings if f.position is not None and f.position >= stop]
    assert resumed.findings == later


def test_one_that_is_resumed_knows_that_older_rows_were_changed_before() -> None:
    """Revision 2 came before entry 7, so whoever saw seven entries saw it."""
    key = ("members", "project-a/ana")
    old = RowUsed(table="members", id="project-a/ana", revision=1)
    for seen, outdated in ((7, True), (6, False)):
        replay = Replay.resumed({key: Named(None, 2, mac_of(2))}, 7, set())
        replay.take(entry(used=(old,), seen=seen), 7)

        assert bool(replay.findings) is outdated


@pytest.mark.parametrize(("seen", "outdated"), [(7, False), (8, False), (9, True)])
def test_one_that_is_resumed_knows_when_a_row_changed_first_since(
    seen: int, outdated: bool
) -> None:
    """Entry 8 changed it: whoever saw eight entries used it as it was."""
    key = ("members", "project-a/ana")
    old = RowUsed(table="members", id="project-a/ana", revision=1)
    replay = Replay.resumed({key: Named(None, 1, mac_of(1))}, 7, set())
    for position, each in enumerate(
        (entry(), entry(change("project-a/ana", 2)), entry(used=(old,), seen=seen)), 7
    ):
        replay.take(each, position)

    assert bool(replay.findings) is outdated


def test_a_finding_is_a_sentence() -> None:
    unseen = DecisionFinding(
        position=4, table="holdings", id="model-a/", problem="unseen"
    )
    outdated = DecisionFinding(
        position=None, table="accounts", id="ana", problem="outdated"
    )

    assert str(unseen) == (
        "entry 4: a decision did not see every row of holdings below model-a/"
    )
    assert str(outdated) == "a waiting entry relies on accounts ana as it was before"


def begin(world: World) -> None:
    with world.ledger.transaction() as writing:
        TEAMS.insert(writing, Team(id=TeamId("team-a"), name="alpha"))
        writing.append(event())


def add_member(writing: Writing, name: str) -> None:
    member = Member(
        id=f"project-a/{name}",
        project=ProjectId("project-a"),
        account=AccountId(name),
        state=Membership.MEMBER,
    )
    MEMBERS.insert(writing, member)


def test_an_entry_says_what_was_counted_before_and_after_a_change(
    world: World,
) -> None:
    with world.ledger.transaction() as writing:
        assert MEMBERS.find_all(writing, prefix=PROJECT) == []
        add_member(writing, "ana")
        assert len(MEMBERS.find_all(writing, prefix=PROJECT)) == 1
        add_member(writing, "ben")
        first = writing.append(event())
        assert len(MEMBERS.find_all(writing, prefix=PROJECT)) == 2
        second = writing.append(event())

    assert first.body.count(b'"members","project-a/",') == 2
    assert second.body.count(b'"members","project-a/",0,') == 1
    with world.ledger.reading() as reading:
        assert reconcile(world.ledger, reading) == []


def test_many_who_count_and_add_at_once_are_no_finding(world: World) -> None:
    """The order of the entries is the order of the reads, on both databases."""
    begin(world)
    start = threading.Barrier(4)

    def count_and_add(name: str) -> None:
        start.wait()
        for number in range(6):
            with world.ledger.transaction() as writing:
                # Its id is taken before the lock, as by a login that is refused.
                writing.append(event())
                TEAMS.get(writing, "team-a", lock=True)
                MEMBERS.find_all(writing, prefix=PROJECT)
                add_member(writing, f"{name}-{number}")
                writing.append(event())
                MEMBERS.find_all(writing, prefix=PROJECT)
                writing.append(event())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count_and_add, "abcd"))

    with world.ledger.reading() as reading:
        assert reconcile(world.ledger, reading) == []
        assert len(MEMBERS.find(reading)) == 24


def test_many_who_count_a_whole_table_and_add_are_no_finding(world: World) -> None:
    """Nobody has a row to lock where there is none yet, so the table is locked."""
    start = threading.Barrier(4)

    def count_and_add(name: str) -> None:
        start.wait()
        for number in range(4):
            with world.ledger.transaction() as writing:
                TEAMS.lock_all(writing)
                TEAMS.find_all(writing, prefix="")
                team = f"team-{name}{number}"
                TEAMS.insert(writing, Team(id=TeamId(team), name=team))
                writing.append(event())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count_and_add, "abcd"))

    with world.ledger.reading() as reading:
        assert reconcile(world.ledger, reading) == []
        assert len(TEAMS.find(reading)) == 16


def test_many_who_read_a_row_that_others_change_are_no_finding(world: World) -> None:
    """It is read without a lock, so it may change before the commit."""
    begin(world)
    start = threading.Barrier(4)

    def read_or_rename(number: int) -> None:
        start.wait()
        for turn in range(8):
            with world.ledger.transaction() as writing:
                team = TEAMS.get(writing, "team-a", lock=number == 0)
                if number == 0:
                    TEAMS.replace(writing, team, name=f"alpha-{turn}")
                writing.append(event())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(read_or_rename, range(4)))

    with world.ledger.reading() as reading:
        assert reconcile(world.ledger, reading) == []


def rows_of(world: World, table: sa.Table) -> list[dict[str, Any]]:
    with world.database.reading() as connection:
        return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


def test_a_member_hidden_while_somebody_counted_is_named(world: World) -> None:
    """The attacker takes away the row and its naming, and brings both again."""
    with world.ledger.transaction() as writing:
        add_member(writing, "ana")
        writing.append(event())
    named, members = rows_of(world, tables.entry_rows), rows_of(world, tables.members)
    world.attack(sa.delete(tables.entry_rows), sa.delete(tables.members))

    with world.ledger.transaction() as writing:
        assert MEMBERS.find_all(writing, prefix=PROJECT) == []
        writing.append(event())
    world.attack(
        sa.insert(tables.entry_rows).values(named),
        sa.insert(tables.members).values(members),
    )

    with world.ledger.reading() as reading:
        assert [str(f) for f in reconcile(world.ledger, reading)] == [
            "entry 1: a decision did not see every row of members below project-a/"
        ]


def test_a_whole_table_is_counted_like_what_is_below_a_prefix() -> None:
    """An id without a stroke is below no prefix but the empty one."""
    every = saw(("ana", 2), ("project-a/ben", 1), prefix="")
    once = entry(change("ana"), change("project-a/ben"), change("x", table="teams"))
    assert not replayed(
        once,
        entry(change("ana", 2)),
        entry(change("cy"), reads=(every,)),
        entry(reads=(saw(("ana", 2), ("cy", 1), ("project-a/ben", 1), prefix=""),)),
    )
    assert replayed(once, entry(reads=(every,))) == [(1, "", "unseen")]
    named = {("members", "ana"): Named(0, 2, mac_of(2))}
    resumed = Replay.resumed(named, 1, {("members", "")})
    resumed.take(entry(change("project-a/ben")), 1)
    resumed.take(entry(reads=(every,)), 2)
    resumed.take(entry(reads=(saw(("ana", 2), prefix=""),)), 3)
    assert [str(finding) for finding in resumed.findings] == [
        "entry 3: a decision did not see every row of members"
    ]


@given(st.text("/ab", max_size=12))
def test_a_prefix_ends_wherever_a_stroke_stands(row_id: str) -> None:
    ends = [at for at, letter in enumerate(row_id, 1) if letter == "/"]

    assert list(prefixes_of(row_id)) == ["", *(row_id[:end] for end in ends)]
