"""Sealing with --parent asks nobody whether the sealer may see the parent."""
import pytest
from strongroom.access.projects import Membership
from strongroom.errors import StrongroomError
from tests.journeys.rooms import write_small_model

def test_a_parent_in_another_project_is_refused(house, model, quick):
    root = house.by("root"); house.refresh("root"); root = house.by("root")
    root.room.people.add_project(root.actor, "secret")
    root.room.people.set_member(root.actor, "secret", "olga", Membership.MEMBER)
    sealed = house.by("olga").seal(model, name="hidden", project="secret")
    house.refresh()
    house.by("ines").approve(sealed.request.id)
    with pytest.raises(StrongroomError):
        house.by("ana").room.catalogue.show(house.actors["ana"], "hidden")
    noise = write_small_model(quick / "noise", seed=9, blocks=1)
    with pytest.raises(StrongroomError):
        got = house.by("ana").seal(noise, name="child", parent="hidden@1", project="default")
        print(got.version.state, got.artifact.roots, sealed.artifact.id)
