"""The desk: what leaves, to whom, and what never does."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from strongroom.access.accounts import AccountState
from strongroom.access.projects import Membership
from strongroom.database import tables
from strongroom.errors import (
    DeniedError,
    ForkError,
    InputError,
    IntegrityError,
    MissingError,
)
from strongroom.types import AccountKind, Role
from tests.journeys.fixtures import SQLITE
from tests.journeys.rooms import House, again, found_house, write_small_model
from tests.permits.openings import (
    BLOCK,
    OTHER,
    Reader,
    held_bytes,
    newest,
    permit_in,
)


def test_a_permitted_reader_gets_the_keys_and_is_charged(sealed: House) -> None:
    row = sealed.permit("ana", BLOCK)
    assert held_bytes(sealed, "ana") == 0

    keys = Reader.of(sealed, "ana", row).keys()

    assert list(keys) == list(permit_in(sealed, row).segment_ids)
    assert held_bytes(sealed, "ana") == 32768
    assert newest(sealed)["kind"] == "key.released"
    assert newest(sealed)["charged"] == 32768


def test_a_refusal_is_recorded_with_its_rules(sealed: House) -> None:
    row = sealed.permit("ana", BLOCK)
    with pytest.raises(DeniedError):
        Reader.of(sealed, "ben", row).release()

    refused = newest(sealed)
    assert (refused["kind"], refused["permit"]) == ("key.refused", row.id)
    assert refused["rules"] == ["permit-matches"]


@pytest.mark.parametrize("segments", [(OTHER,), (BLOCK, OTHER), ("architecture",)])
def test_segments_outside_the_permit_are_refused(
    sealed: House, segments: tuple[str, ...]
) -> None:
    row = sealed.permit("ana", BLOCK)
    with pytest.raises(DeniedError, match="permit is for another"):
        Reader.of(sealed, "ana", row, segments=segments).release()
    assert held_bytes(sealed, "ana") == 0


def test_a_segment_that_does_not_exist_is_refused_without_naming_others(
    sealed: House,
) -> None:
    """Asking the desk for an unknown name once listed all names to anybody."""
    row = sealed.permit("ana", BLOCK)
    with pytest.raises(DeniedError) as caught:
        Reader.of(sealed, "ben", row, segments=("nothing",)).release()
    assert OTHER not in caught.value.hint


def test_a_permit_for_one_version_opens_no_other(sealed: House, quick: Path) -> None:
    row = sealed.permit("ana", BLOCK)
    sealed.publish(write_small_model(quick / "second", seed=2))

    with pytest.raises(DeniedError, match="another account, version or segments"):
        Reader.of(sealed, "ana", row, version=2).release()
    assert Reader.of(sealed, "ana", row, version=1).keys()


def test_a_version_that_is_not_published_is_missing(sealed: House, quick: Path) -> None:
    row = sealed.permit("ana", BLOCK)
    with pytest.raises(MissingError, match="no published version 2"):
        Reader.of(sealed, "ana", row, version=2).release()


def test_a_revoked_permit_opens_nothing(sealed: House) -> None:
    row = sealed.permit("ana", BLOCK)
    sealed.by("ines").revoke(row.id, reason="a test")

    with pytest.raises(DeniedError) as caught:
        Reader.of(sealed, "ana", row).release()
    assert caught.value.reasons == ("permit-revoked",)
    assert sealed.by("ines").revoke(row.id).revision == 2  # twice is once


def test_a_colleague_does_not_revoke(sealed: House) -> None:
    row = sealed.permit("ana", BLOCK)
    with pytest.raises(DeniedError, match="somebody else's"):
        sealed.by("ben").revoke(row.id)
    assert newest(sealed)["action"] == "permit:revoke"


def test_an_expired_permit_opens_nothing(sealed: House) -> None:
    row = sealed.permit("ana", BLOCK, duration=timedelta(minutes=10))
    sealed.clock.advance(minutes=10)

    with pytest.raises(DeniedError) as caught:
        Reader.of(sealed, "ana", row).release()
    assert caught.value.reasons == ("permit-expired",)


def test_a_repeated_opening_is_refused_after_revocation(sealed: House) -> None:
    row = sealed.permit("ana", BLOCK)
    reader = Reader.of(sealed, "ana", row)
    reader.release()
    sealed.by("ines").revoke(row.id)

    with pytest.raises(DeniedError):
        reader.release()


@pytest.mark.parametrize("state", [AccountState.SUSPENDED, AccountState.LEFT])
def test_who_may_no_longer_act_is_refused_at_once(
    sealed: House, state: AccountState
) -> None:
    reader = Reader.of(sealed, "ana", sealed.permit("ana", BLOCK))
    sealed.room.room.people.change_state(sealed.actors["root"], "ana", state)

    with pytest.raises(DeniedError):
        reader.release()
    assert held_bytes(sealed, "ana") == 0


def test_a_closed_session_is_refused_at_once(sealed: House) -> None:
    reader = Reader.of(sealed, "ana", sealed.permit("ana", BLOCK))
    sealed.by("ana").logout()

    with pytest.raises(DeniedError, match="session has ended"):
        reader.release()


def test_an_old_second_factor_is_refused(sealed: House) -> None:
    reader = Reader.of(sealed, "ana", sealed.permit("ana", BLOCK))
    sealed.clock.advance(minutes=16)

    with pytest.raises(DeniedError) as caught:
        reader.release()
    assert caught.value.reasons == ("second-factor-fresh",)


def test_who_left_the_project_is_refused(sealed: House) -> None:
    reader = Reader.of(sealed, "ana", sealed.permit("ana", BLOCK))
    sealed.room.room.people.set_member(
        sealed.actors["root"], "default", "ana", Membership.REMOVED
    )
    with pytest.raises(DeniedError, match="not in the model's project"):
        reader.release()


@pytest.mark.parametrize("kind_of", [AccountKind.SERVICE, AccountKind.AGENT])
def test_services_and_agents_get_no_permit(
    sealed: House, quick: Path, kind_of: AccountKind
) -> None:
    """Of a restricted model not even a request: no backdoor report exists."""
    inner = write_small_model(quick / "inner", seed=2)
    sealed.publish(inner, "inner", classification="internal")
    people, root = sealed.room.room.people, sealed.actors["root"]
    request = people.add(
        root, "bot", team="alpha", roles=(Role.RESEARCHER,), kind=kind_of, owner="ana"
    )
    sealed.by("ines").approve(request.id)
    people.set_member(root, "default", "bot", Membership.MEMBER)
    sealed.enrol("bot", people.invite(root, "bot"))
    sealed.refresh("ana", "ines", "tom")

    with pytest.raises(DeniedError, match="no backdoor report exists"):
        sealed.permit("bot", BLOCK)
    with pytest.raises(DeniedError, match="until environments are verified"):
        sealed.permit("bot", BLOCK, target="inner")
    with pytest.raises(DeniedError):
        Reader.of(sealed, "bot", sealed.permit("ana", BLOCK)).release()


def change(house: House, statement: sa.Executable, *rows: dict[str, object]) -> None:
    """Change the database behind the room's back."""
    with house.room.room.ledger.database.engine.begin() as connection:
        if rows:
            connection.execute(statement, list(rows))
        else:
            connection.execute(statement)


def test_the_manifest_of_another_version_is_refused(sealed: House, quick: Path) -> None:
    row = sealed.permit("ana", BLOCK)
    sealed.publish(write_small_model(quick / "second", seed=2))
    manifests = tables.manifests
    newer = sa.select(manifests.c.signed).where(manifests.c.version == 2)
    change(
        sealed,
        sa.update(manifests)
        .where(manifests.c.version == 1)
        .values(signed=newer.scalar_subquery()),
    )

    with pytest.raises(IntegrityError, match="belongs to another version"):
        Reader.of(sealed, "ana", row).release()


@pytest.mark.parametrize("table", ["permits", "accounts", "sessions", "lineages"])
def test_a_row_bent_in_the_database_releases_nothing(sealed: House, table: str) -> None:
    reader = Reader.of(sealed, "ana", sealed.permit("ana", BLOCK))
    bent = getattr(tables, table)
    change(sealed, sa.update(bent).values(revision=bent.c.revision + 1))

    with pytest.raises(IntegrityError, match="not written by this room"):
        reader.release()


def test_yesterdays_database_releases_nothing(quick: Path) -> None:
    """The custodian remembers a newer checkpoint than the file that was put back."""
    house = found_house(quick / "house", SQLITE)
    house.publish(write_small_model(quick / "model"))
    row = house.permit("ana", BLOCK)
    house.room.close()
    shutil.copy(house.folder / "room.db", quick / "yesterday")
    Reader.of(house, "ana", row).release()
    house.room.close()
    shutil.copy(quick / "yesterday", house.folder / "room.db")

    with pytest.raises(ForkError):
        Reader.of(house, "ana", row, segments=(BLOCK,)).release()
    with pytest.raises(ForkError, match=r"older database|rewrote|two roots"):
        again(house.folder, house.clock)
    with pytest.raises(ForkError):  # nor is it anchored when it is closed
        house.room.close()


def test_two_approvals_at_once_do_not_exceed_the_cap(sealed: House) -> None:
    """Two permits that fit alone and not together: exactly one is issued."""
    requests = [
        sealed.by("ana").request("llm", segments=segments, purpose="a race").request
        for segments in (("blocks.0.1", "blocks.1.1"), ("blocks.2.1", "blocks.3.1"))
    ]
    for request in requests:
        sealed.by("ines").approve(request.id)
    issued: list[str] = []
    refused: list[BaseException] = []
    barrier = threading.Barrier(2)

    def approve(request: str) -> None:
        with again(sealed.folder, sealed.clock) as room:
            bound = type(room)(room.room, sealed.actors["tom"])
            barrier.wait()
            try:
                issued.append(bound.approve(request).id)
            except Exception as error:  # which one is asserted below
                refused.append(error)

    run_all([partial(approve, request.id) for request in requests])

    assert len(issued) == 1
    assert [type(error) for error in refused] == [DeniedError]


def test_one_permit_used_by_many_at_once_is_charged_once(sealed: House) -> None:
    """PostgreSQL once called a row that had waited for its lock a restored one."""
    row = sealed.permit("ana", BLOCK, OTHER)
    failures: list[BaseException] = []

    def use() -> None:
        try:
            for _ in range(3):
                Reader.of(sealed, "ana", row).keys()
        except Exception as error:  # none is expected
            failures.append(error)

    run_all([use] * 4)

    assert failures == []
    assert held_bytes(sealed, "ana") == 2 * 32768
    assert not sealed.by("ines").records.verify().findings


def run_all(calls: Sequence[Callable[[], None]]) -> None:
    """Run the calls in threads of their own and wait for all."""
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_random_nonces_of_a_wrong_length_are_refused(sealed: House) -> None:
    reader = Reader.of(sealed, "ana", sealed.permit("ana", BLOCK))
    with pytest.raises(InputError, match="32 bytes"):
        reader.asking(nonce=os.urandom(31))
    with pytest.raises(InputError, match="no segment"):
        reader.asking(segments=())
