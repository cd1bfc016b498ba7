"""What was added is known by its name and place, until who added it is erased."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from strongroom.database.engine import Transaction
from strongroom.intake.additions import Addition
from strongroom.intake.intakes import INTAKES
from strongroom.intake.labels import Label, labels
from strongroom.intake.recording import received_event
from tests.intake.rooms import add
from tests.journeys.rooms import House

HUB = f"hf://acme/llama@{'a1' * 20}"


def known(house: House) -> list[Label]:
    with house.room.room.ledger.reading() as reading:
        ids = [intake.id for intake in INTAKES.find(reading)]
        assert labels(reading, [f"{one}x" for one in ids]) == {}
        return list(labels(reading, ids).values())


def test_what_is_refused_has_a_name_as_well(house: House, foreign: Path) -> None:
    (foreign / "model.safetensors").write_bytes(b"nothing that is a model")

    refused = add(house, foreign)

    assert (refused.intake.state, refused.intake.version) == ("refused", None)
    assert known(house) == [Label(name="llm", origin=str(foreign))]


@pytest.mark.parametrize(
    ("origin", "name", "label"),
    [
        ("a friend", "llm", Label(name="llm", origin="a friend")),
        (HUB, "llm", Label(name="llm", origin=HUB)),
        (HUB, "", Label(name="", origin=HUB)),
        ("", "", Label(name="foreign", origin="")),
    ],
)
def test_an_entry_from_before_names_were_kept_has_its_path(
    house: House, foreign: Path, origin: str, name: str, label: Label
) -> None:
    """A commit of a hub lay in a folder of ours, which says nothing."""
    intake = add(house, foreign).intake
    addition = Addition(path=foreign, project="default", name=name, origin=origin)
    with house.room.room.ledger.transaction() as writing:
        row = INTAKES.get(writing, intake.id)
        row = INTAKES.replace(writing, row, source=row.source)
        writing.append(received_event(house.actors["olga"], row, addition))

    (found,) = known(house)
    assert found == (label if label.origin else replace(label, origin=str(foreign)))


def test_of_more_than_a_database_takes_at_once_all_are_read(
    house: House, foreign: Path
) -> None:
    intake = add(house, foreign).intake
    many = [intake.id, *(f"intake-{number}" for number in range(1000))]
    with house.room.room.ledger.reading() as reading:
        assert labels(reading, many) == labels(reading, [intake.id])


def test_what_is_erased_is_not_known_any_more(house: House, foreign: Path) -> None:
    add(house, foreign)
    with house.room.room.ledger.transaction() as writing:
        forget(writing)

    assert known(house) == []


def forget(transaction: Transaction) -> None:
    """Erase every text beside an entry."""
    transaction.connection.exec_driver_sql("DELETE FROM private_facts")
