"""Papers of this room restore its keys; others are named."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from strongroom.app.recovered import recover_keys
from strongroom.crypto.paper import Paper
from strongroom.crypto.recovery import RecoveryKey
from strongroom.crypto.sharing import split
from strongroom.errors import InputError, IntegrityError
from strongroom.settings import Domain, PinnedSet, Settings
from strongroom.types import Profile, RoomId

ROOM = RoomId(f"room-{'a' * 26}")
HOME, FAR = (RecoveryKey.generate(os.urandom) for _ in range(2))


def papers(key: RecoveryKey, set_id: int) -> tuple[Paper, ...]:
    """Return three papers, two of which restore the key."""
    shares = split(key.seed, shares=3, threshold=2, set_id=set_id, random=os.urandom)
    return tuple(
        Paper(share=share, room=ROOM, key=key.id, shares=3) for share in shares
    )


def pinned(key: RecoveryKey, set_id: int, domain: str) -> PinnedSet:
    """Return what ``room.toml`` says of a set."""
    return PinnedSet(
        key=key.id, domains=(domain,), set_id=set_id, shares=3, threshold=2
    )


SETTINGS = Settings(
    folder=Path("room"),
    room=ROOM,
    profile=Profile.SOLO,
    database="sqlite+pysqlite:///room.db",
    keys={},
    domains=tuple(
        Domain(name=name, custodian=f"file:{name}", store=f"folder:{name}")
        for name in ("home", "far")
    ),
    recovery=(pinned(HOME, 7, "home"), pinned(FAR, 8, "far")),
)
OF_HOME, OF_FAR = papers(HOME, 7), papers(FAR, 8)


def test_the_papers_of_two_sets_restore_two_keys() -> None:
    mixed = [OF_FAR[2], OF_HOME[1], OF_FAR[0], OF_HOME[0], OF_HOME[2]]

    found = recover_keys(mixed, SETTINGS)
    assert [(one.key.id, one.set_id, one.papers) for one in found] == [
        (HOME.id, 7, 3),
        (FAR.id, 8, 2),
    ]


def test_words_alone_are_enough() -> None:
    words = [Paper(share=paper.share) for paper in OF_HOME[:2]]

    assert recover_keys(words, SETTINGS)[0].key.id == HOME.id
    assert recover_keys(words, replace(SETTINGS, recovery=()))[0].key.id == HOME.id


def test_a_paper_of_another_room_is_named() -> None:
    other = replace(OF_HOME[1], room=f"room-{'b' * 26}")

    with pytest.raises(InputError, match="paper 2 of set 7 is of another room"):
        recover_keys([OF_HOME[0], other], SETTINGS)


def test_a_paper_of_another_set_is_named_with_the_sets_there_are() -> None:
    other = Paper(share=papers(FAR, 9)[2].share)

    with pytest.raises(InputError, match="paper 3 is of set 9") as refused:
        recover_keys([OF_HOME[0], other], SETTINGS)
    assert refused.value.hint == "bring papers of set 7 (home), 8 (far)"


def test_too_few_papers_of_one_set_are_counted() -> None:
    with pytest.raises(InputError, match=r"^1 of 2 papers") as refused:
        recover_keys([*OF_HOME, OF_FAR[0]], SETTINGS)
    assert refused.value.hint == "bring 1 more of set 8"


def test_a_paper_given_twice_is_named() -> None:
    with pytest.raises(InputError, match="paper 1 was given twice"):
        recover_keys([OF_HOME[0], OF_HOME[0]], SETTINGS)


def test_a_set_that_only_has_the_number_of_one_is_refused() -> None:
    impostor = RecoveryKey.generate(os.urandom)
    words = [Paper(share=paper.share) for paper in papers(impostor, 7)]

    with pytest.raises(IntegrityError, match=f"restore {impostor.id}, not {HOME.id}"):
        recover_keys(words, SETTINGS)


def test_no_paper_restores_nothing() -> None:
    with pytest.raises(InputError, match="no paper"):
        recover_keys([], SETTINGS)
