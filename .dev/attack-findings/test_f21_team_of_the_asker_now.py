"""A colleague of the asker's present team may approve."""
import pytest
from strongroom.errors import StrongroomError
from strongroom.types import Role

def test_a_colleague_of_the_askers_new_team_does_not_approve(house, model):
    house.publish(model); house.refresh()
    r = house.by("ana").request("llm", segments=["biases"], purpose="x").request
    root = house.by("root")
    change = root.room.people.change_roles(root.actor, "ana", team="review", roles=[Role.RESEARCHER])
    house.by("ines").approve(change.id)
    with pytest.raises(StrongroomError):
        house.by("tom").approve(r.id)   # tom is of team review, ana too by now
