"""Custodians follow one ledger, and refuse an older or another one."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from strongroom.crypto.custody.file import FileCustodian
from strongroom.crypto.custody.locked import LockedCustodian
from strongroom.crypto.custody.memory import MemoryCustodian
from strongroom.crypto.custody.port import ANCHOR_TRIES, Anchor, VerifyExtension
from strongroom.crypto.keys import derive_share_key
from strongroom.crypto.parts import open_part
from strongroom.crypto.passphrases import Cost
from strongroom.database import tables
from strongroom.errors import (
    ForkError,
    IntegrityError,
    StaleError,
    UnavailableError,
)
from strongroom.ledger.anchors import Anchors
from strongroom.ledger.log import Ledger
from strongroom.ledger.tree import root_hash, verify_consistency
from strongroom.types import Secret
from tests.contracts.releases import READER, case
from tests.ledger.exports import SmallLedger
from tests.ledger.world import KEYS, ORIGIN, World, world_at

SHARE = Secret(bytes(range(32)))


@pytest.fixture
def custodian() -> MemoryCustodian:
    return MemoryCustodian("home", random=os.urandom)


@pytest.fixture
def anchors(world: World) -> Anchors:
    return Anchors(world.ledger)


def remember(world: World) -> Callable[[], None]:
    """Copy the ledger's tables; the result puts them back."""
    kept = [tables.entries, tables.tiles, tables.checkpoints]
    with world.database.reading() as connection:
        rows = [connection.execute(sa.select(table)).all() for table in kept]

    def put_back() -> None:
        for table, old in zip(kept, rows, strict=True):
            world.attack(sa.delete(table))
            world.attack(*(sa.insert(table).values(**row._asdict()) for row in old))

    return put_back


def test_an_empty_ledger_has_the_empty_anchor(anchors: Anchors) -> None:
    assert anchors.newest() == Anchor.empty()


def test_a_custodian_follows_the_ledger(
    world: World, anchors: Anchors, custodian: MemoryCustodian
) -> None:
    for size in (1, 2, 258):
        world.notes(size - world.size())
        anchors.advance(custodian)
        assert custodian.anchor() == anchors.newest()
        assert custodian.anchor().size == size
    anchors.advance(custodian)


def test_a_secret_is_unwrapped_after_the_anchor_moved(
    world: World, anchors: Anchors, custodian: MemoryCustodian
) -> None:
    wrapped = custodian.wrap(SHARE, b"place")
    world.notes(3)

    assert anchors.unwrap(custodian, wrapped, b"place") == SHARE
    assert custodian.anchor().size == 3


def test_a_key_that_leaves_is_asked_for_first(
    world: World, anchors: Anchors, custodian: MemoryCustodian
) -> None:
    wrapped = custodian.wrap(SHARE, b"place")
    world.notes(3)

    def refuse(size: int) -> None:
        raise UnavailableError(f"nobody signed {size}")

    asked = Anchors(world.ledger, before_release=refuse)
    newest = asked.newest()
    with pytest.raises(UnavailableError, match="nobody signed 3"):
        asked.unwrap(custodian, wrapped, b"place", covering=newest)
    assert asked.unwrap(custodian, wrapped, b"place", known=newest) == SHARE
    assert anchors.unwrap(custodian, wrapped, b"place", covering=newest) == SHARE


def test_a_part_leaves_after_the_anchor_moved_and_only_its_reader_opens_it(
    world: World, anchors: Anchors, custodian: MemoryCustodian
) -> None:
    released = case(custodian)
    order, evidence = released.order, released.evidence
    world.notes(3)

    sealed = anchors.release(
        custodian, order, lambda _: evidence, covering=anchors.newest()
    )

    assert custodian.anchor().size == 3
    opened = open_part(
        sealed,
        READER,
        info=order.info,
        entry=order.entry,
        context=order.context,
        share=order.share,
    )
    assert opened == derive_share_key(SHARE, order.share, order.salt, order.context)


def test_all_custodians_advance_and_locked_ones_wait(
    world: World, anchors: Anchors, custodian: MemoryCustodian
) -> None:
    world.note()
    anchors.advance_all([LockedCustodian("far"), custodian])

    assert custodian.anchor().size == 1


class Overtaken(MemoryCustodian):
    """Somebody else shows it a newer ledger just before each of our calls."""

    def __init__(self, world: World, times: int) -> None:
        super().__init__("home", random=os.urandom)
        self._world, self._times = world, times

    def advance(self, anchor: Anchor, verify_extension: VerifyExtension) -> None:
        if self._times:
            self._times -= 1
            self._world.note()
            super().advance(Anchors(self._world.ledger).newest(), verify_extension)
        super().advance(anchor, verify_extension)


def test_an_anchor_that_moved_meanwhile_is_tried_again(
    world: World, anchors: Anchors
) -> None:
    world.note()
    anchors.advance(Overtaken(world, times=3))

    with pytest.raises(StaleError, match="moves faster"):
        anchors.advance(Overtaken(world, times=100))


def test_many_writers_and_one_custodian(migrated_url: str, tmp_path: Path) -> None:
    """Concurrent advances only ever move it forward."""
    home = FileCustodian.create(
        tmp_path / "home.custody",
        name="home",
        passphrase=Secret(b"correct horse battery"),
        random=os.urandom,
        cost=Cost(memory_kib=19 * 1024, passes=2, lanes=1),
    )
    with world_at(migrated_url) as world:
        anchors, failures = Anchors(world.ledger), []

        def work() -> None:
            try:
                for _ in range(8):
                    world.note()
                    anchors.advance(home)
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert failures == []
        assert home.anchor() == anchors.newest()
        assert home.anchor().size == 24


# --- whoever administers the database ---------------------------------------


def test_an_old_database_that_was_put_back_gets_no_key(
    world: World, anchors: Anchors, custodian: MemoryCustodian
) -> None:
    wrapped = custodian.wrap(SHARE, b"place")
    world.notes(3)
    put_back = remember(world)
    world.notes(2)
    anchors.advance(custodian)
    put_back()

    with pytest.raises(ForkError, match="an older database was put back"):
        anchors.unwrap(custodian, wrapped, b"place")
    with pytest.raises(ForkError):
        anchors.advance(custodian)
    assert custodian.anchor().size == 5


def test_a_database_from_before_the_first_entry_is_refused(
    world: World, anchors: Anchors, custodian: MemoryCustodian
) -> None:
    put_back = remember(world)
    world.note()
    seen = anchors.newest()
    put_back()

    with pytest.raises(ForkError, match="has 0 entries where a custodian saw 1"):
        anchors.verify_extension(Anchor.empty(), seen)


@pytest.mark.parametrize("more", [1, 2, 7])
def test_an_old_database_that_went_another_way_is_a_fork(
    world: World, anchors: Anchors, custodian: MemoryCustodian, more: int
) -> None:
    """Signed by this room, and as long, or longer; but another history."""
    world.notes(3)
    put_back = remember(world)
    world.notes(2)
    anchors.advance(custodian)
    put_back()
    for number in range(more):
        world.note(project=f"project-other-{number}")

    with pytest.raises(ForkError):
        anchors.advance(custodian)
    assert custodian.anchor().size == 5


def test_an_anchor_that_says_something_else_than_its_note_is_refused(
    world: World, anchors: Anchors
) -> None:
    world.notes(2)
    newest = anchors.newest()
    world.notes(2)

    with pytest.raises(ForkError):
        anchors.verify_extension(
            newest, replace(anchors.newest(), size=3, root=newest.root)
        )
    with pytest.raises(ForkError, match="something else than its anchor"):
        anchors.verify_extension(newest, replace(anchors.newest(), note=newest.note))


def test_a_note_that_is_not_this_rooms_is_refused(
    world: World, anchors: Anchors
) -> None:
    world.note()
    note = anchors.newest().note

    for other in (b"\xff", b"", note.replace(b"room-7", b"room-8"), note[:-5]):
        with pytest.raises(IntegrityError):
            anchors.of_note(other)


def test_tiles_that_are_gone_stop_the_anchor(
    world: World, anchors: Anchors, custodian: MemoryCustodian
) -> None:
    world.notes(2)
    world.attack("DELETE FROM tiles")

    with pytest.raises(IntegrityError):
        anchors.advance(custodian)


def test_only_the_ledger_is_asked(world: World, custodian: MemoryCustodian) -> None:
    """Also a locked room can show a custodian its newest checkpoint."""
    world.note()
    other = world.ledger
    locked = Ledger(
        other.database,
        origin=ORIGIN,
        key=KEYS.checkpoint.public,
        signer=None,
        guards=type(other.guards)(None),
        now=world.clock,
        random=os.urandom,
    )
    Anchors(locked).advance(custodian)

    assert custodian.anchor().size == 1


def test_a_covering_checkpoint_proves_the_very_entry(
    world: World, anchors: Anchors
) -> None:
    """Altered after its commit: keys once would have left on what nobody signed."""
    world.notes(5)
    with world.ledger.reading() as reading:
        entry = world.ledger.entry(reading, 3)
        assert anchors.covering(reading, entry).size == 5
        other = replace(entry, body=entry.body.replace(b"project-3", b"project-4"))
        with pytest.raises(IntegrityError, match="not in the ledger"):
            anchors.covering(reading, other)
        moved = replace(entry, position=2)
        with pytest.raises(IntegrityError, match="not in the ledger"):
            anchors.covering(reading, moved)
        waiting = replace(entry, position=None)
        with pytest.raises(UnavailableError, match="not under a checkpoint"):
            anchors.covering(reading, waiting)


def test_a_signed_head_of_another_history_is_a_fork_on_either_side(
    world: World, anchors: Anchors
) -> None:
    """Signed with the room's own key, by whoever put a database back for a while."""
    world.notes(3)
    mine = anchors.newest()
    foreign = SmallLedger(signer=KEYS.checkpoint)
    for number in range(4):
        foreign.add(f"another {number}")
    root = root_hash(foreign.leaves)
    other = Anchor(size=4, root=root, note=foreign.note().encode())
    world.notes(2)

    newest = anchors.newest()
    verify_consistency(
        older=mine.size,
        older_root=mine.root,
        newer=newest.size,
        newer_root=newest.root,
        proof=anchors.verify_extension(mine, newest),
    )
    for older, newer in ((mine, other), (other, anchors.newest())):
        with pytest.raises(ForkError):
            anchors.verify_extension(older, newer)


def test_a_head_that_is_smaller_than_what_was_seen_is_a_fork(
    world: World, anchors: Anchors
) -> None:
    world.notes(2)
    older = anchors.newest()
    world.notes(2)
    newer = anchors.newest()

    with pytest.raises(ForkError, match="the ledger had 4 entries and has 2"):
        anchors.verify_extension(newer, older)
    assert anchors.verify_extension(older, older) == []


class Behind:
    """A custodian that calls so many anchors stale, and keeps what it was shown."""

    name = "home"

    def __init__(self, world: World, times: int) -> None:
        self.world = world
        self.times = times
        self.sizes: list[int] = []

    def ask(self, anchor: Anchor) -> int:
        self.sizes.append(anchor.size)
        if len(self.sizes) <= self.times:
            self.world.notes(1)
            raise StaleError("the custodian has a newer one")
        return anchor.size


@pytest.mark.parametrize("times", [0, 1, ANCHOR_TRIES - 1, ANCHOR_TRIES])
def test_a_stale_anchor_is_replaced_by_the_newest_so_many_times(
    world: World, anchors: Anchors, times: int
) -> None:
    world.notes(1)
    behind = Behind(world, times)
    custodian = MemoryCustodian("home", random=os.urandom)

    if times < ANCHOR_TRIES:
        got = anchors._retried(custodian, anchors.newest(), behind.ask)
        assert got == times + 1
        assert behind.sizes == list(range(1, times + 2))
    else:
        with pytest.raises(StaleError, match="home moves faster than the ledger"):
            anchors._retried(custodian, anchors.newest(), behind.ask)
        assert behind.sizes == list(range(1, ANCHOR_TRIES + 1))


def test_a_stale_anchor_of_another_history_is_a_fork_at_once(
    world: World, anchors: Anchors
) -> None:
    world.notes(1)
    other = Anchor(size=1, root=bytes(32), note=anchors.newest().note)
    behind = Behind(world, 1)
    custodian = MemoryCustodian("home", random=os.urandom)

    with pytest.raises(ForkError):
        anchors._retried(custodian, other, behind.ask)
    assert behind.sizes == [1]


def test_an_entry_is_covered_by_a_larger_checkpoint_only(
    world: World, anchors: Anchors
) -> None:
    world.notes(2)
    with world.ledger.reading() as reading:
        last = world.ledger.entry(reading, 1)
        assert anchors.covering(reading, last) == anchors.newest()
        for position in (2, 3):
            with pytest.raises(UnavailableError, match="not under a checkpoint yet"):
                anchors.covering(reading, replace(last, position=position))


def test_a_checkpoint_that_is_no_text_is_refused(
    world: World, anchors: Anchors
) -> None:
    with pytest.raises(IntegrityError, match="a checkpoint is not text"):
        anchors.of_note(b"\xff")
    world.notes(1)
    newest = anchors.newest()
    assert anchors.of_note(newest.note) == newest


def test_the_newest_that_is_shown_has_to_be_in_the_database(
    world: World, anchors: Anchors
) -> None:
    older = anchors.newest()
    world.notes(3)
    newer = anchors.newest()
    put_back = remember(world)
    world.notes(1)
    beyond = anchors.newest()
    put_back()

    assert anchors.verify_extension(older, newer) == []
    with pytest.raises(ForkError, match="has 3 entries where a custodian saw 4"):
        anchors.verify_extension(newer, beyond)
    for wrong, said in (
        (replace(newer, root=bytes(32)), "something else than its anchor"),
        (replace(newer, size=2), "something else than its anchor"),
    ):
        with pytest.raises(ForkError, match=said):
            anchors.verify_extension(older, wrong)


def test_the_checkpoint_that_covers_an_entry_is_the_one_that_is_shown(
    world: World, anchors: Anchors, custodian: MemoryCustodian
) -> None:
    wrapped = custodian.wrap(SHARE, b"place")
    made = [anchors.newest()]
    for _ in range(3):
        world.notes(1)
        made.append(anchors.newest())

    for covering, known, shown in (
        (made[1], None, made[1]),
        (made[2], made[1], made[2]),
        (None, made[2], made[2]),
        (None, None, made[3]),
    ):
        got = anchors.unwrap(
            custodian, wrapped, b"place", covering=covering, known=known
        )
        assert got == SHARE
        assert custodian.anchor() == shown
