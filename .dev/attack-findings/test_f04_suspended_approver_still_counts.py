"""An approval given by a stolen account counts after the account was suspended."""
import pytest
from strongroom.access.accounts import AccountState
from strongroom.errors import StrongroomError


def test_the_approval_of_a_suspended_approver_does_not_count(house, model):
    house.publish(model)
    house.refresh()
    request = house.by("ana").request("llm", segments=["biases"], purpose="x").request
    house.by("tom").approve(request.id)      # tom's session was stolen
    root = house.by("root")
    root.room.people.change_state(root.actor, "tom", AccountState.SUSPENDED)
    after = house.by("ines").approve(request.id)
    assert after.state == "pending"


def test_a_permit_of_a_suspended_approver_releases_nothing(house, model):
    house.publish(model)
    house.refresh()
    permit = house.permit("ana", "biases")
    root = house.by("root")
    root.room.people.change_state(root.actor, "tom", AccountState.SUSPENDED)
    with pytest.raises(StrongroomError):
        house.by("ana").open(permit.id)
