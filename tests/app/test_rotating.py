"""A domain gets another root key, and everything stays readable at every moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from strongroom.app import open_strongroom, rotating
from strongroom.app.rotating import RotationOptions, destroy_former, rotate
from strongroom.client.client import Strongroom
from strongroom.errors import ConflictError, DeniedError, IntegrityError
from strongroom.ledger.log import Ledger, Writing
from strongroom.settings import load_settings
from strongroom.types import Role, Secret
from strongroom.vault.rewrapping import Rewrapping
from tests import kms
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
    return Strongroom(replace(inner, rewrapping=few), room.actor)


COMMITS = 8
"""Asked and begun, room keys, batches of shares, end; a few more do no harm."""


@pytest.mark.parametrize("commits", range(1, COMMITS + 1))
def test_killed_after_any_commit_it_goes_on_and_nothing_is_unreadable(
    solo_room: Strongroom, model: Path, quick: Path, clock: Clock, commits: int
) -> None:
    solo_room.seal(model, name="llm")
    folder = quick / "room"
    solo_room.close()
    with again(folder, clock) as room, suppress(KilledError):
        rotate(dying(room, commits), options())
    with again(folder, clock) as room:
        assert room.open("llm", purpose="between").tensors()
        if room.room.rotation.under_way("home") is not None:
            rotate(room, options())
    with again(folder, clock) as room:
        assert room.open("llm", purpose="after").tensors()
        assert room.room.rotation.under_way("home") is None
        in_use = room.room.domains["home"].custodian.root_key_id
        assert roots(room).keys() == {in_use}
        assert len(facts(room, "rotation.begun")) == 1
        assert not room.records.verify().findings


def test_killed_after_the_switch_it_only_has_to_delete(
    solo_room: Strongroom, model: Path, quick: Path, clock: Clock
) -> None:
    """And what another process sealed meanwhile with the old key is wrapped too."""
    solo_room.seal(model, name="llm")
    folder = quick / "room"
    with again(folder, clock) as late:
        with pytest.raises(KilledError):
            rotate(dying(solo_room, 6), options())
        move = late.room.rotation.under_way("home")
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
