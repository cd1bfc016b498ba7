"""No command shows an approver what a request asks for."""
import json
from strongroom.cli.requests import pending_document
from strongroom.types import Role


def test_the_list_of_requests_says_what_is_asked_for(house, model):
    house.publish(model); house.refresh()
    house.by("ana").request("llm", segments=["biases"], purpose="tune the biases")
    (pending,) = house.by("ines").records.requests()
    shown = json.dumps(pending_document(pending))
    print(shown)
    assert "biases" in shown and "tune the biases" in shown


def test_the_list_of_requests_says_which_roles_are_asked_for(house):
    house.refresh()
    root = house.by("root")
    root.room.people.change_roles(root.actor, "ana", team="evil", roles=[Role.ADMINISTRATOR])
    (pending,) = house.by("ines").records.requests()
    shown = json.dumps(pending_document(pending))
    print(shown)
    assert "administrator" in shown
