"""One file system holds database, custodian and store, and it is full."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from strongroom.client.client import Strongroom
from strongroom.errors import UnavailableError
from strongroom.vault.versions import VersionState
from tests.disks import empty, fill, small_disk
from tests.journeys import rooms
from tests.journeys.rooms import Clock, again

KIB = 1024
FREE_KIB = (0, 16, 96, 128, 160)
"""A seal needs about 200: 70 for objects, the rest for the database's log."""


def sentences(*acts: Callable[[], object]) -> set[str]:
    """Do all; return what those said that the disk was too full for."""
    found = set()
    for act in acts:
        try:
            act()
        except UnavailableError as error:
            found.add(f"{error}; {error.hint}")
    return found


def look(room: Strongroom, target: str) -> None:
    """Open and verify every byte."""
    with room.open(target, purpose="a look") as opened:
        opened.check()


def is_whole(room: Strongroom, name: str) -> bool:
    """Return whether every version is there to the last byte, or not at all."""
    versions = room.room.catalogue.versions(room.actor, name)
    published = [v for v in versions if v.state is VersionState.PUBLISHED]
    for version in published:
        target = f"{name}@{version.number}"
        look(room, target)
    gone = {VersionState.SEALING, VersionState.ABANDONED}
    return {v.state for v in versions if v not in published} <= gone


@pytest.mark.slow
def test_a_full_disk_refuses_with_a_sentence_and_loses_nothing(
    quick: Path, clock: Clock
) -> None:
    """Wherever it is full: in the store, in the database, or when all is closed."""
    source = quick / "config.json"
    source.write_bytes(os.urandom(60 * KIB))
    refused: set[str] = set()
    with small_disk(quick / "disk", megabytes=6) as disk:
        folder = disk / "room"
        rooms.solo(folder, clock=clock).close()
        with again(folder, clock) as room:
            room.seal(source, name="llm")
        for free in FREE_KIB:
            with again(folder, clock) as room:
                fill(disk, but_bytes=free * KIB)
                refused |= sentences(
                    partial(room.seal, source, name="llm"),
                    partial(look, room, "llm"),
                )
            refused |= sentences(lambda: again(folder, clock).close())
            empty(disk)
            with again(folder, clock) as room:
                assert not room.records.verify().findings
                assert is_whole(room, "llm")
                room.seal(source, name="llm")
                room.clean()

    assert any("disk is full" in sentence for sentence in refused)  # the database
    assert any("No space left" in sentence for sentence in refused)  # the store
