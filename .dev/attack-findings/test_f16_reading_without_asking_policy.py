"""Entries and requests are read without asking policy."""
import pytest
from strongroom.access.projects import Membership
from strongroom.errors import DeniedError


def test_proving_an_entry_asks_policy_like_showing_it(house, model):
    house.publish(model); house.refresh()
    with pytest.raises(DeniedError):
        house.by("ana").records.show(3)
    with pytest.raises(DeniedError):
        entry, _ = house.by("ana").records.prove(3)
        print(entry.body[:200])


def test_requests_for_a_model_of_another_project_are_not_shown(house, model):
    house.refresh(); root = house.by("root")
    root.room.people.add_project(root.actor, "secret")
    for n in ("olga", "ben"):
        root.room.people.set_member(root.actor, "secret", n, Membership.MEMBER)
    sealed = house.by("olga").seal(model, name="hidden", project="secret")
    house.by("ines").approve(sealed.request.id)
    house.by("ben").request("hidden", segments=["biases"], purpose="the merger with X")
    seen = [p.request.body for p in house.by("ana").records.requests()]
    print(seen)
    assert not any("merger" in body for body in seen)
