"""What a suspended administrator asked for is carried out."""
import pytest
from strongroom.access.accounts import AccountState
from strongroom.types import Role
from strongroom.errors import StrongroomError


def test_the_wish_of_an_administrator_who_left_is_not_carried_out(house):
    house.admit("eve", "office2", Role.ADMINISTRATOR)
    house.refresh()
    eve = house.by("eve")
    request = eve.room.people.add(eve.actor, "straw", team="straw", roles=[Role.RESEARCHER])
    root = house.by("root")
    root.room.people.change_state(root.actor, "eve", AccountState.SUSPENDED)
    with pytest.raises(StrongroomError):
        house.by("ines").approve(request.id)
