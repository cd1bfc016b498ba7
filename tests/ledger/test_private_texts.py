"""Words beside entries are shown until they are erased, and only as committed to."""

from __future__ import annotations

import pytest

from strongroom.errors import IntegrityError
from strongroom.ledger.private_texts import Rows, every_private, private_of
from tests.ledger.world import World

KIND = "project.created"


@pytest.fixture
def filled(world: World) -> World:
    world.notes(3)
    world.note("alpha")
    world.note("beta")
    return world


def test_private_fields_are_read_until_they_are_erased(filled: World) -> None:
    with filled.ledger.reading() as reading:
        entry = filled.ledger.entry(reading, 3)
        assert private_of(reading, entry) == {"name": "alpha"}
        assert private_of(reading, filled.ledger.entry(reading, 0)) is None
    filled.attack("DELETE FROM private_facts")
    with filled.ledger.reading() as reading:
        assert private_of(reading, entry) is None


def test_those_of_a_kind_come_in_order_with_what_is_clear(filled: World) -> None:
    with filled.ledger.reading() as reading:
        found = [fields["name"] for _, fields in every_private(reading, KIND)]
        assert list(every_private(reading, "account.created")) == []

        assert (
            list(every_private(reading, KIND, about=Rows(table="a", ids=["b"]))) == []
        )

    assert found == ["alpha", "beta"]
    filled.attack("DELETE FROM private_facts")
    with filled.ledger.reading() as reading:
        assert list(every_private(reading, KIND)) == []


@pytest.mark.parametrize("column", ["salt", "payload"])
def test_altered_private_fields_are_not_shown(filled: World, column: str) -> None:
    value = "x'00'" if filled.database.is_sqlite else "'\\x00'"
    value = value if column == "salt" else '\'{"name":"beta"}\''
    filled.attack(f"UPDATE private_facts SET {column} = {value}")  # noqa: S608

    with filled.ledger.reading() as reading, pytest.raises(IntegrityError):
        private_of(reading, filled.ledger.entry(reading, 3))
    with filled.ledger.reading() as reading, pytest.raises(IntegrityError):
        list(every_private(reading, KIND))
