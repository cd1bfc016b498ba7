"""One request with a long purpose."""
import pytest
from strongroom.errors import StrongroomError, InputError

def test_a_request_that_nobody_can_read_is_refused_when_it_is_made(house, model):
    house.publish(model); house.refresh()
    try:
        request = house.by("ana").request("llm", segments=["biases"], purpose="x" * 300_000).request
    except InputError:
        return
    for what in ("records.requests", "approve"):
        try:
            print(what, house.by("ines").records.requests() if what != "approve" else house.by("ines").approve(request.id).state)
        except StrongroomError as e:
            print(what, "failed:", type(e).__name__, e)
    pytest.fail("accepted")
