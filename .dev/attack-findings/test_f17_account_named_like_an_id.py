"""An account may be called by another account's id, and then answers for it."""
import pytest
from strongroom.access.accounts import find_account
from strongroom.errors import StrongroomError


def test_an_id_counts_before_a_name(house):
    house.refresh()
    names = ("ana", "ben", "cy", "olga", "ada", "tom", "ines")
    wrong = []
    for n in names:
        target = house.actors[n].account
        r = house.by("root").room.people.add(house.actors["root"], target, team="t", roles=[])
        try:
            house.by("ines").approve(r.id)
        except StrongroomError as e:
            print(e); continue
        with house.room.room.ledger.reading() as reading:
            if find_account(reading, target).id != target:
                wrong.append(n)
    print("taken over:", wrong)
    assert not wrong
