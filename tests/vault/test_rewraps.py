"""Which shares lack a wrap under another root key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from strongroom.client.client import Strongroom
from strongroom.types import SegmentId
from strongroom.vault.rewraps import insert_fresh, lacking


def test_shares_come_in_order_and_each_once(solo_room: Strongroom, model: Path) -> None:
    solo_room.seal(model, name="llm")
    solo_room.seal(model, name="other")
    root = solo_room.room.domains["home"].custodian.root_key_id
    with solo_room.room.ledger.reading() as reading:
        every = lacking(reading.connection, root, "root-new", at_most=1000)
        pages, after = [], None
        while page := lacking(
            reading.connection, root, "root-new", after=after, at_most=3
        ):
            pages += page
            after = page[-1]
        assert lacking(reading.connection, root, root, at_most=9) == []

    assert pages == every
    assert [one.place for one in every] == sorted(one.place for one in every)


def test_what_was_deleted_or_wrapped_meanwhile_is_not_inserted(
    solo_room: Strongroom, model: Path
) -> None:
    solo_room.seal(model, name="llm")
    root = solo_room.room.domains["home"].custodian.root_key_id
    with solo_room.room.ledger.database.writing() as connection:
        first, second, *_ = lacking(connection, root, "root-new", at_most=9)
        gone = replace(first.under("root-new", b"x"), segment=SegmentId("segment-gone"))
        rows = [first.under("root-new", b"x" * 60), gone]
        assert insert_fresh(connection, rows, root) == rows[:1]
        again = [rows[0], second.under("root-new", b"y" * 60)]
        assert insert_fresh(connection, again, root) == again[1:]
