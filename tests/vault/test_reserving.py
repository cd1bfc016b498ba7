"""Each seal has a number of its own, which nobody gets again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from strongroom.client.client import Strongroom
from strongroom.errors import ConflictError
from strongroom.vault.reauditing import Reaudited
from strongroom.vault.vault import Sealed
from strongroom.vault.versions import VERSIONS, VersionState
from tests.intake.advising import KNOWN_BAD, bundle, reaudit
from tests.intake.rooms import add
from tests.journeys.rooms import House, write_foreign
from tests.journeys.waiting import waiting_for_locks


def test_the_number_of_a_seal_that_failed_is_not_given_again(
    solo_room: Strongroom, model: Path
) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        solo_room.seal(model, name="llm", progress=interrupt)

    assert solo_room.seal(model, name="llm").version.number == 2
    with solo_room.room.ledger.reading() as reading:
        states = {v.number: v.state for v in VERSIONS.find(reading)}
    assert states == {1: VersionState.ABANDONED, 2: VersionState.PUBLISHED}


def test_the_class_of_a_seal_that_failed_does_not_stay(
    solo_room: Strongroom, model: Path
) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        solo_room.seal(
            model, name="llm", classification="restricted", progress=interrupt
        )

    sealed = solo_room.seal(model, name="llm", classification="internal")

    assert sealed.artifact.classification == "internal"
    assert sealed.manifest.classification == "internal"


# --- under what is recalled ------------------------------------------------------


@pytest.fixture
def advisory(house: House, foreign: Path) -> bytes:
    """Give what will recall the one model of the house, which came from outside."""
    added = add(house, foreign)
    request = house.by("olga").intakes.accept(added.intake.id)
    house.by("ines").approve(request.id)
    return bundle(house, intakes=[added.intake.digest])


def states(house: House) -> dict[str, VersionState]:
    with house.room.room.ledger.reading() as reading:
        return {version.id: version.state for version in VERSIONS.find(reading)}


@pytest.mark.parametrize("kind", ["sqlite"])
def test_nothing_is_sealed_under_what_was_recalled(
    house: House, advisory: bytes, model: Path
) -> None:
    """Once, a further version of a recalled model was published by its sealer alone."""
    house.by("olga").seal(model, name="tuned", parent="llm@1")
    reaudit(house, advisory)

    for name in ("llm", "tuned"):
        with pytest.raises(ConflictError, match="which was recalled"):
            house.by("olga").seal(model, name=name)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_nothing_is_sealed_under_what_was_recalled_and_then_refused(
    house: House, advisory: bytes, model: Path
) -> None:
    """Once, refusing it was a way round: what was given up looked like no recall."""
    house.by("olga").seal(model, name="tuned", parent="llm@1")
    reaudit(house, advisory)
    (waiting,) = house.by("olga").intakes.all()
    house.by("olga").intakes.refuse(waiting.id)

    for name in ("llm", "tuned"):
        with pytest.raises(ConflictError, match="recalled"):
            house.by("olga").seal(model, name=name)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_what_mends_a_recalled_model_comes_in_and_is_looked_at(
    house: House, advisory: bytes, quick: Path
) -> None:
    reaudit(house, advisory)

    mended = add(house, write_foreign(quick / "mended", seed=2), known_bad=KNOWN_BAD)

    assert mended.sealed is not None
    assert mended.sealed.version.state is VersionState.QUARANTINED
    assert mended.sealed.version.parent == f"{mended.sealed.artifact.id}/1"
    again = house.by("olga").seal(write_foreign(quick / "other", seed=3), name="other")
    assert again.request is not None


def test_of_a_seal_and_a_recall_at_once_one_sees_the_other(
    house: House, advisory: bytes, model: Path
) -> None:
    start = threading.Barrier(2)

    def seal() -> Sealed:
        start.wait()
        return house.by("olga").seal(model, name="tuned", parent="llm@1")

    def recall() -> Reaudited:
        start.wait()
        return reaudit(house, advisory)

    with ThreadPoolExecutor(2) as threads:
        sealing, recalling = threads.submit(seal), threads.submit(recall)
        sealing.exception()
        assert recalling.result().recalled

    assert VersionState.PUBLISHED not in states(house).values()


@pytest.mark.parametrize("kind", ["postgresql"])
@pytest.mark.parametrize("first", ["recall", "seal"])
def test_a_child_begun_while_a_recall_looks_for_descendants_does_not_escape(
    house: House, advisory: bytes, model: Path, first: str
) -> None:
    """Once, it was published: the recall had read the children, and waited for a lock.

    Somebody holds the parent; both come to it in turn, and wait there.
    """
    acts: dict[str, Callable[[], object]] = {
        "seal": lambda: house.by("olga").seal(model, name="tuned", parent="llm@1"),
        "recall": lambda: reaudit(house, advisory),
    }
    with ThreadPoolExecutor(2) as threads:
        running: dict[str, Future[object]] = {}
        with house.room.room.ledger.transaction() as writing:
            VERSIONS.find(writing, lock=True)
            for count, name in enumerate([first, *(acts.keys() - {first})], start=1):
                running[name] = one = threads.submit(acts[name])
                while waiting_for_locks(house) < count and not one.done():
                    pass
        assert running["recall"].exception() is None
        failed = running["seal"].exception()

    assert failed is None or isinstance(failed, ConflictError)
    assert VersionState.PUBLISHED not in states(house).values()
