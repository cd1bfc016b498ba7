"""A room comes back from papers and copies, under new custodians."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from strongroom.app import open_strongroom
from strongroom.app.copies import UNFINISHED, RestoreOptions
from strongroom.app.drill import drill
from strongroom.app.restoring import restore
from strongroom.app.rotating import destroy_former, rotate
from strongroom.client.client import Strongroom
from strongroom.client.inventory import take_inventory
from strongroom.client.writing import write_model
from strongroom.crypto.paper import Paper
from strongroom.crypto.recovery import RecoveryKey, wrap_for_recovery
from strongroom.crypto.sharing import combine
from strongroom.database import tables
from strongroom.database.engine import Database
from strongroom.errors import (
    ConflictError,
    ForkError,
    InputError,
    IntegrityError,
    MissingError,
    SetupError,
    StrongroomError,
)
from strongroom.ledger.reconcile import reconcile
from strongroom.settings import FILE_NAME, load_settings
from strongroom.types import Role, Secret
from strongroom.vault.recovery_wraps import room_key_place
from tests.app.test_rotating import KilledError, dying, open_with
from tests.app.test_rotating import options as rotation
from tests.journeys.rooms import (
    CHEAP,
    Clock,
    House,
    again,
    same_files,
    solo,
    write_small_model,
)
from tests.postgresql import Server, name_of
from tests.vault.recovering import hand_out, propose

NEW = Secret(b"a passphrase of the new custodian")


class Lost:
    """A room whose custodians are gone: papers, database copy and store copy."""

    def __init__(self, folder: Path, papers: tuple[Paper, ...]) -> None:
        self.folder = folder
        self.papers = papers

    def options(self, into: Path, **changes: object) -> RestoreOptions:
        """Return the options to restore it with two of three papers."""
        options = RestoreOptions(
            copy=self.folder,
            into=into,
            papers=self.papers[:2],
            passphrases={"*": NEW},
            by="me",
            cost=CHEAP,
        )
        return replace(options, **changes)  # type: ignore[arg-type]  # its own fields

    def change(self, statement: sa.sql.dml.UpdateBase) -> None:
        """Write to the copy of the database as somebody who has it."""
        database = Database(f"sqlite+pysqlite:///{self.folder / 'room.db'}")
        with database.writing() as connection:
            connection.execute(statement)
        database.close()


@pytest.fixture
def lost(quick: Path, model: Path) -> Lost:
    """Give a room with one model, sealed half before and half after its key."""
    with solo(quick / "room") as room:
        room.seal(model, name="llm")
        key = RecoveryKey.generate(os.urandom)
        papers = hand_out(room, key)
        propose(room, key)
        room.room.upkeep.recovery_wrapping.run(room.actor)
        room.seal(write_small_model(quick / "late", blocks=2, seed=3), name="late")
    shutil.rmtree(quick / "room" / "custodians")
    return Lost(quick / "room", papers)


Copy = Callable[[House], str | None]
"""Copies the database of a house; its URL, or nothing where it is a file."""


@pytest.fixture
def copied(request: pytest.FixtureRequest, kind: str) -> Iterator[Copy]:
    """Give a function that copies a database as a dump and its restoration would."""
    made: list[str] = []

    def copy(house: House) -> str | None:
        if kind == "sqlite":
            return None
        server: Server = request.getfixturevalue("postgresql_server")
        house.room.room.ledger.database.close()  # else it cannot be copied
        url = server.create_database(name_of(house.room.room.settings.database))
        made.append(url)
        return url

    yield copy
    for url in made:
        request.getfixturevalue("postgresql_server").drop_database(url)


def kinds(room: Strongroom) -> list[str]:
    """Return the kinds of all entries."""
    with room.room.ledger.reading() as reading:
        entries = list(room.room.ledger.entries(reading, 0))
    return [json.loads(entry.body)["kind"] for entry in entries]


def opened(folder: Path, clock: Clock | None = None) -> Strongroom:
    """Open a restored room with its new passphrase."""
    return open_strongroom(folder, passphrases={"*": NEW}, now=clock or Clock())


def test_every_byte_comes_back_under_new_custodians(
    lost: Lost, quick: Path, model: Path
) -> None:
    done = restore(lost.options(quick / "new"), now=Clock())

    assert done.moved.lost == 0
    with opened(quick / "new") as room:
        for name, source in (("llm", model), ("late", quick / "late")):
            with room.open(name, purpose="a test") as handle:
                write_model(handle, quick / f"again-{name}")
            assert same_files(source, quick / f"again-{name}")
        with room.room.ledger.reading() as reading:
            assert reconcile(room.room.ledger, reading) == []
        found = kinds(room)
    assert found.count("recovery.begun") == found.count("recovery.restored") == 1
    assert found.count("recovery.moved") == 2


def test_the_old_custodian_opens_nothing_of_the_new_room(
    lost: Lost, quick: Path
) -> None:
    restore(lost.options(quick / "new"), now=Clock())
    database = Database(f"sqlite+pysqlite:///{quick / 'new' / 'room.db'}")
    with database.reading() as connection:
        roots = set(connection.execute(sa.select(tables.wraps.c.root_key_id)).scalars())
    database.close()

    assert {root.partition("-")[0] for root in roots} == {"root", "recovery"}
    assert len(roots) == 2
    with pytest.raises(StrongroomError):
        again(quick / "new")


def test_new_seals_are_wrapped_to_the_papers_again(
    lost: Lost, quick: Path, model: Path
) -> None:
    restore(lost.options(quick / "new"), now=Clock())
    with opened(quick / "new") as room:
        room.seal(model, name="further")
        ((covered),) = room.room.upkeep.recovery.sets(room.actor)
    assert covered.wrapped == covered.total
    shutil.rmtree(quick / "new" / "custodians")

    twice = lost.options(quick / "third", copy=quick / "new", papers=lost.papers[1:])
    restore(twice, now=Clock())
    with opened(quick / "third") as room:
        assert room.open("further", purpose="a test").tensors()


def test_the_ledger_says_who_restored_with_which_papers(
    lost: Lost, quick: Path
) -> None:
    done = restore(lost.options(quick / "new"), now=Clock())
    with opened(quick / "new") as room, room.room.ledger.reading() as reading:
        bodies = [json.loads(e.body) for e in room.room.ledger.entries(reading, 0)]
        owner = room.actor.account
    (begun,) = [b["facts"] for b in bodies if b["kind"] == "recovery.begun"]

    assert begun["account"] == owner
    assert (begun["sets"], begun["papers"]) == ([77], [2])
    assert begun["keys"] == [done.recovered[0].key.id]
    assert (begun["seen"], begun["drill"]) == (None, False)
    assert not any("share" in fact for fact in begun)


def test_an_interrupted_restoration_goes_on_at_every_step(
    lost: Lost, quick: Path, model: Path
) -> None:
    """Interrupted wherever a key, a nonce or the name of a file is drawn."""

    class Interrupted(BaseException):
        """Somebody pressed Ctrl-C, or the machine went down."""

    left = [0]

    def random(count: int) -> bytes:
        if left[0] == 0:
            raise Interrupted
        left[0] -= 1
        return os.urandom(count)

    steps = 0
    while True:
        left[0] = steps
        try:
            restore(lost.options(quick / "new"), now=Clock(), random=random)
        except Interrupted:
            assert not (quick / "new" / FILE_NAME).exists()
            steps += 1
            continue
        break

    assert steps > 10
    assert not (quick / "new" / UNFINISHED).exists()
    with opened(quick / "new") as room:
        with room.open("llm", purpose="a test") as handle:
            write_model(handle, quick / "again")
        assert kinds(room).count("recovery.begun") == 1
    assert same_files(model, quick / "again")


def test_an_interruption_between_two_batches_loses_nothing(
    lost: Lost, quick: Path
) -> None:
    moved: list[int] = []

    def interrupt(count: int) -> None:
        moved.append(count)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore(lost.options(quick / "new"), progress=interrupt, now=Clock())
    done = restore(lost.options(quick / "new"), progress=moved.append, now=Clock())

    assert sum(moved) == done.moved.moved
    with opened(quick / "new") as room:
        assert kinds(room).count("recovery.moved") == 2


def test_a_checkpoint_from_elsewhere_shows_that_the_copy_is_old(
    quick: Path, model: Path
) -> None:
    with solo(quick / "room") as room:
        key = RecoveryKey.generate(os.urandom)
        papers = hand_out(room, key)
        propose(room, key)
        room.room.upkeep.recovery_wrapping.run(room.actor)
        early = room.room.anchors.newest()
        shutil.copytree(quick / "room", quick / "old")
        room.seal(model, name="llm")
        late = room.room.anchors.newest()

    old = Lost(quick / "old", papers)
    with pytest.raises(ForkError, match=f"{late.size} were seen elsewhere"):
        restore(old.options(quick / "new", checkpoint=late.note), now=Clock())
    taken = old.options(quick / "taken", checkpoint=late.note, accept_older=True)
    assert restore(taken, now=Clock()).seen == late.size
    done = restore(old.options(quick / "other", checkpoint=early.note), now=Clock())
    assert done.seen == early.size
    with pytest.raises(IntegrityError):
        restore(old.options(quick / "third", checkpoint=b"no note"), now=Clock())


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (
            lambda: (
                sa.update(tables.entries)
                .where(tables.entries.c.position == 3)
                .values(body=b"{}")
            ),
            "the ledger of the copy",
        ),
        (lambda: sa.update(tables.accounts).values(roles="[]"), "the database copy"),
        (lambda: sa.delete(tables.versions), "the database copy"),
    ],
)
def test_a_copy_that_was_altered_is_refused_before_anything_is_made(
    lost: Lost,
    quick: Path,
    statement: Callable[[], sa.sql.dml.UpdateBase],
    says: str,
) -> None:
    lost.change(statement())

    with pytest.raises(IntegrityError, match=says):
        restore(lost.options(quick / "new"), now=Clock())
    assert not (quick / "new" / "custodians").exists()


def test_after_a_refusal_another_copy_goes_into_the_same_folder(
    lost: Lost, quick: Path
) -> None:
    """The copy of the refused database once stayed there, and was refused again."""
    shutil.copy(lost.folder / "room.db", quick / "older.db")
    lost.change(sa.delete(tables.versions))
    with pytest.raises(IntegrityError):
        restore(lost.options(quick / "new"), now=Clock())

    shutil.copy(quick / "older.db", lost.folder / "room.db")
    assert restore(lost.options(quick / "new"), now=Clock()).moved.moved > 0


def test_a_restoration_that_began_is_not_given_another_copy(
    lost: Lost, quick: Path
) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore(lost.options(quick / "new"), progress=interrupt, now=Clock())
    shutil.copytree(lost.folder, quick / "other")

    with pytest.raises(ConflictError, match="something else"):
        restore(lost.options(quick / "new", copy=quick / "other"), now=Clock())


def test_a_guard_key_of_somebody_else_is_not_restored(lost: Lost, quick: Path) -> None:
    """Whoever has the public half can wrap a key of their own choice to it."""
    (pinned,) = {paper.key for paper in lost.papers}
    key = RecoveryKey(_secret(lost))
    room = load_settings(lost.folder).room
    forged = wrap_for_recovery(
        key.public, Secret(b"m" * 32), room_key_place(room, "guard", pinned)
    )
    columns = tables.room_keys.c
    lost.change(
        sa.update(tables.room_keys)
        .where(columns.root_key_id == pinned, columns.name == "guard")
        .values(wrapped=forged)
    )

    with pytest.raises(IntegrityError, match="as the ledger recorded"):
        restore(lost.options(quick / "new"), now=Clock())


def test_a_share_wrapped_by_somebody_else_is_noticed(lost: Lost, quick: Path) -> None:
    (pinned,) = {paper.key for paper in lost.papers}
    columns = tables.wraps.c
    lost.change(
        sa.update(tables.wraps)
        .where(columns.root_key_id == pinned)
        .values(wrapped=os.urandom(1168))
    )

    with pytest.raises(IntegrityError, match="recovery wrap was altered"):
        restore(lost.options(quick / "new"), now=Clock())
    assert not (quick / "new" / FILE_NAME).exists()


def test_room_toml_of_another_room_does_not_fit(
    lost: Lost, quick: Path, model: Path
) -> None:
    with solo(quick / "other"):
        pass
    text = (quick / "other" / FILE_NAME).read_text()
    (lost.folder / FILE_NAME).write_text(text)

    with pytest.raises(InputError, match="another room"):
        restore(lost.options(quick / "new"), now=Clock())
    words_only = [Paper(share=paper.share) for paper in lost.papers]
    with pytest.raises(IntegrityError):
        restore(lost.options(quick / "new", papers=words_only), now=Clock())


def test_a_segment_that_was_never_wrapped_is_named_as_lost(
    lost: Lost, quick: Path
) -> None:
    (pinned,) = {paper.key for paper in lost.papers}
    columns = tables.wraps.c
    database = Database(f"sqlite+pysqlite:///{lost.folder / 'room.db'}")
    with database.reading() as connection:
        one = connection.execute(sa.select(columns.segment).limit(1)).scalar_one()
    database.close()
    lost.change(
        sa.delete(tables.wraps).where(
            columns.root_key_id == pinned, columns.segment == one
        )
    )

    with pytest.raises(InputError, match="1 shares of home are wrapped to none"):
        restore(lost.options(quick / "new"), now=Clock())
    done = restore(lost.options(quick / "new", allow_lost=True), now=Clock())
    assert done.moved.lost == 1
    database = Database(f"sqlite+pysqlite:///{quick / 'new' / 'room.db'}")
    with database.reading() as connection:
        left = connection.execute(
            sa.select(columns.root_key_id).where(columns.segment == one)
        ).scalars()
        # Its own custodian may turn up again, so that wrap is kept.
        assert [root.partition("-")[0] for root in left] == ["root"]
    database.close()


def test_nothing_is_restored_over_something_else(lost: Lost, quick: Path) -> None:
    (quick / "new").mkdir()
    (quick / "new" / "mine").write_text("mine")

    with pytest.raises(ConflictError, match="not empty"):
        restore(lost.options(quick / "new"), now=Clock())
    assert [path.name for path in (quick / "new").iterdir()] == ["mine"]


def test_who_restores_is_an_account_of_the_room(lost: Lost, quick: Path) -> None:
    with pytest.raises(MissingError, match="no account 'nobody'"):
        restore(lost.options(quick / "new", by="nobody"), now=Clock())


def test_new_custodians_need_passphrases(lost: Lost, quick: Path) -> None:
    with pytest.raises(SetupError, match="passphrase"):
        restore(lost.options(quick / "new", passphrases={}), now=Clock())


def test_a_house_is_restored_from_a_set_for_each_domain(
    house: House, quick: Path, model: Path, copied: Copy
) -> None:
    papers = _sets(house, model)
    asked = rotate(house.by("kim"), rotation("weights")).request
    assert asked is not None
    everything = papers[:2] + papers[3:5] + papers[6:8]
    options = Lost(house.folder, papers).options(
        quick / "new", papers=everything, by="kim", database=copied(house)
    )
    with pytest.raises(InputError, match="the room's own keys"):
        restore(replace(options, papers=papers[6:8]), now=house.clock)
    with pytest.raises(InputError, match="shares of weights"):
        restore(replace(options, papers=papers[:5]), now=house.clock)

    done = restore(options, now=house.clock)
    assert [one.papers for one in done.recovered] == [2, 2, 2]
    with opened(quick / "new", house.clock) as room:
        house.room = room
        with pytest.raises(ConflictError, match="another root key by now"):
            house.by("ines").approve(asked.id)  # from a root key that nobody has
        house.permit("ana", "blocks.0.1")
        assert house.by("ana").open("llm", segments=("blocks.0.1",)).tensors()


def test_segments_of_two_custodians_need_the_papers_of_two_sets(
    house: House, quick: Path, model: Path, copied: Copy
) -> None:
    papers = _sets(house, model)
    house.publish(model, "apart", custodians=2)
    kim = house.by("kim")
    assert all(c.wrapped == c.total for c in kim.room.upkeep.recovery.sets(kim.actor))

    options = Lost(house.folder, papers).options(
        quick / "new", papers=papers, by="kim", database=copied(house)
    )
    with pytest.raises(InputError, match="wrapped to none"):
        restore(replace(options, papers=papers[:2] + papers[3:5]), now=house.clock)
    restore(options, now=house.clock)
    with opened(quick / "new", house.clock) as room:
        house.room = room
        house.permit("ana", "blocks.0.1", target="apart")
        assert house.by("ana").open("apart", segments=("blocks.0.1",)).tensors()


def test_a_drill_opens_a_segment_of_two_custodians(
    house: House, model: Path, copied: Copy
) -> None:
    papers = _sets(house, model)
    house.publish(model, "apart", custodians=2)

    found = drill(
        house.room.room,
        house.actors["kim"],
        papers,
        database=copied(house),
        now=house.clock,
    )
    assert (len(found.segments), found.lost) == (2, 0)


def test_a_database_that_is_no_file_is_named(
    house: House, quick: Path, model: Path, kind: str
) -> None:
    if kind == "postgresql":
        options = Lost(house.folder, _sets(house, model)).options(quick / "new")
        with pytest.raises(SetupError, match="no file in its copy"):
            restore(options, now=house.clock)


def test_two_custodians_are_not_sealed_for_with_one_set(
    house: House, model: Path
) -> None:
    house.admit("kim", "keys", Role.KEY_HOLDER)
    key = RecoveryKey.generate(os.urandom)
    house.by("ines").approve(propose(house.by("kim"), key).id)

    with pytest.raises(ConflictError, match="several shares"):
        house.publish(model, "apart", custodians=2)


def test_no_root_key_of_before_is_left_in_a_restored_room(
    quick: Path, model: Path, clock: Clock
) -> None:
    """Two of them stayed in the inventory, and one destroyed the new custodian.

    The file of the new one lies where that of the first root key was, which was
    retired: ``key rotate home --destroy-old`` deleted it.  A rotation that was
    under way in the copy went on, and could not.
    """
    folder = quick / "room"
    with solo(folder, clock=clock) as room:
        room.seal(model, name="llm")
        key = RecoveryKey.generate(os.urandom)
        papers = hand_out(room, key)
        propose(room, key)
        rotate(room, rotation())
    with again(folder, clock) as room:
        room.room.upkeep.recovery_wrapping.run(room.actor)
        with pytest.raises(KilledError):
            rotate(dying(room, 2), rotation())
    shutil.rmtree(folder / "custodians")
    lost = Lost(folder, papers)
    restore(lost.options(quick / "back"), now=clock)

    with open_with(NEW, quick / "back", clock) as back:
        keys = take_inventory(back.room, back.actor)
        names = [x.name for x in keys if x.kind == "root"]
        assert names == ["home, active"]
        assert destroy_former(back, "home") == []
        assert back.room.upkeep.rotation.under_way("home") is None
        rotate(back, rotation(new=NEW))
    with open_with(NEW, quick / "back", clock) as back:
        assert back.open("llm", purpose="a test").tensors()
        assert [path for _, path in destroy_former(back, "home")] != [None]
        assert back.records.verify().findings == ()


def _sets(house: House, model: Path) -> tuple[Paper, ...]:
    """Put a recovery key in force for each domain; return all their papers."""
    house.publish(model)
    house.admit("kim", "keys", Role.KEY_HOLDER)
    kim = house.by("kim")
    papers: list[Paper] = []
    for number, domain in enumerate(house.room.room.domains):
        key = RecoveryKey.generate(os.urandom)
        papers += hand_out(kim, key, set_id=number)
        request = propose(kim, key, [domain], set_id=number)
        house.by("ines").approve(request.id)
    kim.room.upkeep.recovery_wrapping.run(kim.actor)
    return tuple(papers)


def _secret(lost: Lost) -> Secret:
    return combine([paper.share for paper in lost.papers[:2]])
