"""Holders of recovery papers: what enough of them get, and what fewer do not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from strongroom.app import open_strongroom
from strongroom.app.copies import RestoreOptions
from strongroom.app.restoring import restore
from strongroom.client.client import Strongroom
from strongroom.crypto.paper import Paper
from strongroom.crypto.recovery import RecoveryKey
from strongroom.crypto.sharing import combine
from strongroom.errors import StrongroomError
from strongroom.types import Secret
from tests.journeys.fixtures import clock, model, quick, solo_room
from tests.journeys.rooms import CHEAP, Clock
from tests.vault.recovering import hand_out, propose

__all__ = ["clock", "model", "quick", "solo_room"]

THEIRS = Secret(b"a passphrase that the thieves chose")


@pytest.fixture
def papers(solo_room: Strongroom, model: Path) -> tuple[Paper, ...]:
    """Give three papers, two of which restore the room."""
    key = RecoveryKey.generate(os.urandom)
    made = hand_out(solo_room, key)
    propose(solo_room, key)
    solo_room.seal(model, name="llm")
    solo_room.room.upkeep.recovery_wrapping.run(solo_room.actor)
    return made


def stolen(quick: Path, papers: tuple[Paper, ...], into: str) -> RestoreOptions:
    """Return what thieves with these papers and a copy of the room would do."""
    shutil.copytree(quick / "room", quick / f"copy-{into}")
    shutil.rmtree(quick / f"copy-{into}" / "custodians")
    return RestoreOptions(
        copy=quick / f"copy-{into}",
        into=quick / into,
        papers=papers,
        passphrases={"*": THEIRS},
        by="me",
        cost=CHEAP,
    )


def test_enough_papers_and_the_copies_open_everything_and_the_room_sees_nothing(
    solo_room: Strongroom,
    papers: tuple[Paper, ...],
    quick: Path,
    clock: Clock,
) -> None:
    """ATT&CK T1003, T1530: this is what recovery is, so SECURITY.md says it.

    The entry that says so stands in the thieves' own copy of the ledger.
    """
    before = solo_room.room.anchors.newest()
    restore(stolen(quick, papers[:2], "theirs"), now=clock)

    with open_strongroom(
        quick / "theirs", passphrases={"*": THEIRS}, now=clock
    ) as theirs:
        assert theirs.open("llm", purpose="theft").tensors()
    assert solo_room.room.anchors.newest() == before


def test_one_paper_less_opens_nothing(
    papers: tuple[Paper, ...], quick: Path, solo_room: Strongroom, clock: Clock
) -> None:
    """ATT&CK T1552: a collector of papers stands before all of it, not a part."""
    with pytest.raises(StrongroomError):
        restore(stolen(quick, papers[:1], "one"), now=clock)
    assert not (quick / "one").exists()
    assert solo_room.bound


def test_papers_without_the_copies_are_a_key_to_nothing(
    papers: tuple[Paper, ...],
) -> None:
    """ATT&CK T1552.004: the seed is no secret of the room, and opens no object."""
    key = RecoveryKey(combine([paper.share for paper in papers[:2]]))

    with pytest.raises(StrongroomError):
        key.unwrap(os.urandom(1168), b"a place")


def test_papers_of_a_replaced_set_open_older_copies_only(
    solo_room: Strongroom,
    papers: tuple[Paper, ...],
    quick: Path,
    clock: Clock,
) -> None:
    """ATT&CK T1490: replacing a set does not reach the copies that are out."""
    old = stolen(quick, papers[:2], "older")
    propose(solo_room, RecoveryKey.generate(os.urandom), set_id=78)
    solo_room.room.upkeep.recovery_wrapping.run(solo_room.actor)

    with pytest.raises(StrongroomError):
        restore(stolen(quick, papers[:2], "newer"), now=clock)
    assert restore(old, now=clock).moved.moved > 0
