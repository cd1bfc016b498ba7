"""A domain gets another root key, and everything stays readable at every moment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from strongroom.app import open_strongroom, rotating
from strongroom.app.rotating import RotationOptions, destroy_former, rotate
from strongroom.client.client import Strongroom
from strongroom.crypto.custody.file import FileCustodian
from strongroom.crypto.custody.memory import MemoryCustodian
from strongroom.errors import ConflictError, DeniedError, IntegrityError, SetupError
from strongroom.ledger.log import Ledger, Writing
from strongroom.settings import load_settings
from strongroom.types import Role, Secret
from strongroom.vault.rewrapping import Rewrapping
from tests import kms
from tests.contracts.served import serving
from tests.journeys.apart import name_socket
from tests.journeys.rooms import (
    CHEAP,
    PASSPHRASE,
    Clock,
    House,
    again,
    write_small_model,
)
from tests.softhsm import PIN, SoftHsm
from tests.vault.test_recovery import facts
from tests.vault.test_recovery_wrapping import roots

OTHER = Secret(b"another passphrase altogether")


def options(
    domain: str = "home", *, new: Secret = PASSPHRASE, to: str | None = None
) -> RotationOptions:
    """Return the options for another root key in a file."""
    return RotationOptions(domain=domain, new=new, to=to, cost=CHEAP)


def test_everything_opens_under_the_new_root_key_alone(
    solo_room: Strongroom, model: Path, quick: Path, clock: Clock
) -> None:
    solo_room.seal(model, name="llm")
    old = solo_room.room.domains["home"].custodian.root_key_id
    count = roots(solo_room)[old]

    done = rotate(solo_room, options(new=OTHER))

    assert done.request is None
    assert done.wrapped == done.removed == count + 7  # and the room's own keys
    assert old not in roots(solo_room)
    solo_room.close()
    (domain,) = load_settings(quick / "room").domains
    assert domain.custodian == "file:custodians/home.2"
    (quick / "room" / "custodians" / "home").unlink()
    with pytest.raises(DeniedError):
        again(quick / "room", clock)
    with open_with(OTHER, quick / "room", clock) as room:
        assert room.open("llm", purpose="a test").tensors()
        assert roots(room).keys() == {room.room.domains["home"].custodian.root_key_id}


def open_with(secret: Secret, folder: Path, clock: Clock) -> Strongroom:
    """Open a room whose only passphrase is another one."""
    return open_strongroom(folder, passphrases={"*": secret}, now=clock)


def test_the_process_that_rotated_a_root_key_can_destroy_it(
    solo_room: Strongroom, quick: Path
) -> None:
    """It went by the settings of before: the file stayed, said to be destroyed."""
    former = quick / "room" / "custodians" / "home"
    rotate(solo_room, options())

    assert [path for _, path in destroy_former(solo_room, "home")] == [former]
    assert not former.exists()


def test_a_custody_file_that_a_crash_left_is_deleted_by_the_next_call(
    solo_room: Strongroom, quick: Path
) -> None:
    """Killed between the entry and the deletion, nothing ever deleted it."""
    former = quick / "room" / "custodians" / "home"
    rotate(solo_room, options())
    (root,) = solo_room.room.upkeep.rotation.retired(solo_room.actor, "home")
    solo_room.room.upkeep.rotation.record_destroyed(solo_room.actor, root)

    gone = destroy_former(solo_room, "home")

    assert [(one.id, path) for one, path in gone] == [(root.id, former)]
    assert not former.exists()
    assert destroy_former(solo_room, "home") == []


def test_a_second_rotation_follows_the_first(
    solo_room: Strongroom, model: Path, quick: Path, clock: Clock
) -> None:
    solo_room.seal(model, name="llm")
    rotate(solo_room, options())
    solo_room.close()
    with again(quick / "room", clock) as room:
        second = rotate(room, options())
        assert second.former is not None
        assert second.former.custodian == "file:custodians/home.2"
    with again(quick / "room", clock) as room:
        assert room.open("llm", purpose="a test").tensors()
        gone = destroy_former(room, "home")
        assert len(gone) == 2
        assert not any(path.exists() for _, path in gone if path)
        assert destroy_former(room, "home") == []
    with again(quick / "room", clock) as room:
        assert room.open("llm", purpose="a test").tensors()
        assert room.records.verify().findings == ()


class KilledError(BaseException):
    """The process ends here."""


class Killing(Ledger):
    """A ledger whose process dies after so many commits."""

    left: int

    @contextmanager
    def transaction(self) -> Iterator[Writing]:
        """Commit, and then die if it is time."""
        with super().transaction() as writing:
            yield writing
        self.left -= 1
        if self.left == 0:
            raise KilledError


def dying(room: Strongroom, commits: int) -> Strongroom:
    """Return the room as a process has it that dies after so many commits."""
    ledger: Any = room.room.ledger
    ledger.__class__ = Killing
    ledger.left = commits
    return in_small_batches(room)


def in_small_batches(room: Strongroom) -> Strongroom:
    """Return the room with so few wraps in a commit that there are several."""
    inner = room.room
    few = Rewrapping(inner.gate, inner.anchors, room=inner.settings.room, batch=5)
    upkeep = replace(inner.upkeep, rewrapping=few)
    return Strongroom(replace(inner, upkeep=upkeep), room.actor)


COMMITS = 6
"""Asked and begun, room keys, batches of shares, end: at least."""


def test_killed_after_the_switch_it_only_has_to_delete(
    solo_room: Strongroom, model: Path, quick: Path, clock: Clock
) -> None:
    """And what another process sealed meanwhile with the old key is wrapped too."""
    solo_room.seal(model, name="llm")
    folder = quick / "room"
    with again(folder, clock) as late:
        with pytest.raises(KilledError):
            rotate(dying(solo_room, 6), options())
        move = late.room.upkeep.rotation.under_way("home")
        assert move is not None
        rotating._switch(late, move.joining)
        with again(folder, clock) as room:
            assert room.open("llm", purpose="a test").tensors()
        late.seal(write_small_model(quick / "more", seed=2), name="other")
        with again(folder, clock) as room:
            done = rotate(room, options())
            assert done.wrapped > 5
        with pytest.raises(ConflictError, match="rotated meanwhile"):
            late.seal(write_small_model(quick / "third", seed=3), name="third")
        with pytest.raises(IntegrityError, match="is not wrapped by home") as refused:
            late.open("llm", purpose="a test")
        assert "open the room again" in refused.value.hint
    with again(folder, clock) as room:
        assert room.open("other", purpose="a test").tensors()


def test_in_a_house_other_domains_are_left_alone(house: House, model: Path) -> None:
    house.publish(model, custodians=2)
    house.admit("kim", "keys", Role.KEY_HOLDER)
    kim = house.by("kim")
    before = roots(kim)
    asked = rotate(kim, options("weights"))
    assert asked.request is not None
    house.by("ines").approve(asked.request.id)

    done = rotate(kim, options("weights"))

    assert done.former is not None
    assert done.successor is not None
    after = roots(kim)
    assert after.pop(done.successor.id) == before.pop(done.former.id) == done.removed
    assert after == before
    permit = house.permit("ana", "blocks.0.1")
    with again(house.folder, house.clock) as room:
        ana = Strongroom(room.room, house.actors["ana"])
        assert ana.open(permit.id).tensors()


def test_a_domain_moves_into_a_token_and_on_into_another(
    solo_room: Strongroom, model: Path, quick: Path, clock: Clock, hsm: SoftHsm
) -> None:
    first, second_token = hsm.new_token(), hsm.new_token()
    solo_room.seal(model, name="llm")
    rotate(solo_room, options(new=PIN, to=str(first)))
    solo_room.close()
    with open_with(PIN, quick / "room", clock) as room:
        assert room.open("llm", purpose="a test").tensors()
        second = rotate(room, options(new=PIN, to=str(second_token)))
        assert second.removed == second.wrapped > 7
    (domain,) = load_settings(quick / "room").domains
    assert domain.file == "custodians/home.3"
    with open_with(PIN, quick / "room", clock) as room:
        assert room.open("llm", purpose="a test").tensors()
        gone = destroy_former(room, "home")
        assert {path is None for _, path in gone} == {True, False}


def test_a_domain_moves_into_a_service_and_back(
    solo_room: Strongroom, model: Path, quick: Path, clock: Clock, kms_port: int
) -> None:
    """Only a token's file got a place of its own: a service's met the old file."""
    solo_room.seal(model, name="llm")
    rotate(solo_room, options(new=kms.LOGIN, to=str(kms.uri(kms_port))))
    solo_room.close()
    (domain,) = load_settings(quick / "room").domains
    assert domain.file == "custodians/home.2"
    with open_with(kms.LOGIN, quick / "room", clock) as room:
        assert room.open("llm", purpose="a test").tensors()
        rotate(room, options())
    with again(quick / "room", clock) as room:
        assert room.open("llm", purpose="a test").tensors()
        assert room.records.verify().findings == ()


def test_a_custodian_at_the_place_of_the_successor_is_not_replaced(
    solo_room: Strongroom, quick: Path
) -> None:
    before = (quick / "room" / "custodians" / "home").read_bytes()
    with pytest.raises(ConflictError, match="there is a custodian"):
        rotate(solo_room, options(to="file:custodians/../custodians/home"))

    assert (quick / "room" / "custodians" / "home").read_bytes() == before


def test_a_wrong_new_passphrase_stops_it_and_changes_nothing(
    solo_room: Strongroom, model: Path, quick: Path, clock: Clock
) -> None:
    solo_room.seal(model, name="llm")
    with pytest.raises(KilledError):
        rotate(dying(solo_room, 1), options(new=OTHER))
    with again(quick / "room", clock) as room:
        with pytest.raises(DeniedError):
            rotate(room, options())
        assert room.open("llm", purpose="a test").tensors()
        assert rotate(room, options(new=OTHER)).request is None


def rotate_dying_each_time(
    folder: Path, clock: Clock, secret: Secret, wanted: RotationOptions
) -> int:
    """Rotate in processes that die after one commit each; return how many died.

    After each the model opens, under whatever root keys there are then.
    """
    for deaths in range(1, 40):
        with open_with(secret, folder, clock) as room, suppress(KilledError):
            rotate(dying(room, 1), wanted)
        with open_with(secret, folder, clock) as room:
            assert room.open("llm", purpose="between").tensors()
            if room.room.upkeep.rotation.under_way("home") is None:
                return deaths
    raise AssertionError("it does not end")


def test_killed_at_every_step_a_domain_in_a_file_loses_nothing(
    solo_room: Strongroom, model: Path, quick: Path, clock: Clock
) -> None:
    solo_room.seal(model, name="llm")
    solo_room.close()

    folder = quick / "room"
    assert rotate_dying_each_time(folder, clock, PASSPHRASE, options()) >= COMMITS

    verify_rotated(folder, clock, PASSPHRASE)
    with again(folder, clock) as room:
        assert len(facts(room, "rotation.begun")) == 1


def test_killed_at_every_step_a_domain_in_a_token_loses_nothing(
    solo_room: Strongroom, model: Path, quick: Path, clock: Clock, hsm: SoftHsm
) -> None:
    """From one token into another: both have the same PIN here."""
    solo_room.seal(model, name="llm")
    rotate(solo_room, options(new=PIN, to=str(hsm.new_token())))
    solo_room.close()

    wanted = options(new=PIN, to=str(hsm.new_token()))
    assert rotate_dying_each_time(quick / "room", clock, PIN, wanted) >= COMMITS

    verify_rotated(quick / "room", clock, PIN)


def verify_rotated(folder: Path, clock: Clock, secret: Secret) -> None:
    """Check that one root key is in use and opens everything."""
    with open_with(secret, folder, clock) as room:
        assert room.open("llm", purpose="after").tensors()
        assert room.room.upkeep.rotation.under_way("home") is None
        in_use = room.room.domains["home"].custodian.root_key_id
        assert roots(room).keys() == {in_use}
        assert not room.records.verify().findings


@contextmanager
def keeper(folder: Path) -> Iterator[str]:
    """Serve the custodian of a closed room and one that follows it; name that one."""
    file = folder / "custodians" / "home"
    former = FileCustodian.open(file, PASSPHRASE)
    new = MemoryCustodian("home", random=os.urandom)
    beside = file.with_name("new")
    with serving(former, file) as there:
        name_socket(folder, there, domain="home")
        again(folder).close()  # so that the former one has its room
        with serving(new, beside, former=(former, file)) as path:
            yield f"unix:{path}?uid={os.geteuid()}"


def test_killed_at_every_step_shares_move_between_processes_of_one_keeper(
    solo_room: Strongroom, model: Path, quick: Path, clock: Clock
) -> None:
    solo_room.seal(model, name="llm")
    solo_room.close()
    folder = quick / "room"
    with keeper(folder) as successor:
        wanted = options(to=successor)
        assert rotate_dying_each_time(folder, clock, PASSPHRASE, wanted) >= COMMITS
        verify_rotated(folder, clock, PASSPHRASE)
        with again(folder, clock) as room:
            gone = destroy_former(room, "home")
            assert [path for _, path in gone] == [None]  # its keeper deletes it
        (domain,) = load_settings(folder).domains
        assert domain.custodian == successor


def test_shares_of_a_process_go_nowhere_else(
    solo_room: Strongroom, model: Path, quick: Path, clock: Clock
) -> None:
    """It was noticed when another team had agreed, and the successor was made."""
    solo_room.seal(model, name="llm")
    solo_room.close()
    folder = quick / "room"
    stranger = MemoryCustodian("home", random=os.urandom)
    with keeper(folder), serving(stranger, folder / "stranger") as path:
        before = sorted((folder / "custodians").iterdir())
        with again(folder, clock) as room:
            for to in (None, f"unix:{path}?uid={os.geteuid()}"):
                with pytest.raises(SetupError, match="gives out no shares") as refused:
                    rotate(room, options(to=to))
                assert "serve NEW --former OLD" in refused.value.hint
            assert room.room.upkeep.rotation.under_way("home") is None
        assert sorted((folder / "custodians").iterdir()) == before
