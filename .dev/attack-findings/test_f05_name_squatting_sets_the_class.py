"""An interrupted or unapproved seal decides class and project of a later one."""
import pytest
from tests.journeys.rooms import write_small_model


def test_an_unapproved_seal_does_not_decide_the_class_of_anothers_model(house, model, quick):
    noise = write_small_model(quick / "noise", seed=9, blocks=1)
    pending = house.by("ana").seal(noise, name="llm-next", classification="open")
    house.by("ines").decline(pending.request.id)   # refused; the name stays taken
    sealed = house.by("olga").seal(model, name="llm-next")  # default class: restricted
    if sealed.request.state == "pending":
        house.by("ines").approve(sealed.request.id)
    print("class", sealed.artifact.classification)
    house.refresh()
    opened = house.by("ben").open("llm-next")   # no request, no approvals
    print("ben has", opened.check(), opened.complete)
    assert sealed.artifact.classification == "restricted"


def test_who_squatted_on_a_name_is_no_origin_holder_of_anothers_weights(house, model, quick):
    from strongroom.permits.holdings import sealers
    noise = write_small_model(quick / "noise", seed=9, blocks=1)
    first = house.by("ana").seal(noise, name="llm-next")      # pending
    second = house.by("olga").seal(model, name="llm-next")    # the real weights: parent None too
    assert second.version.parent is None
    for s in (second, first):   # the approver agrees to each; main ends at ana's noise
        house.by("ines").approve(s.request.id)
    with house.room.room.ledger.reading() as reading:
        origin = sealers(reading, second.artifact.roots[0])
    assert house.actors["ana"].account not in origin
