"""Stored cosignatures stand with their checkpoints."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from strongroom.errors import IntegrityError
from strongroom.ledger import cosigned
from strongroom.ledger.checkpoint import Checkpoint
from strongroom.ledger.cosignature import Cosignature, cosign
from strongroom.ledger.note import split_note
from strongroom.ledger.witness_folder import WitnessFolder
from strongroom.ledger.witness_key import open_key
from tests.ledger.exports import signing_key, witness_key
from tests.ledger.witnesses import Party
from tests.ledger.world import World


@pytest.fixture
def party(world: World, tmp_path: Path) -> Party:
    return Party(tmp_path, world)


def test_the_newest_checkpoint_that_enough_signed_is_found(party: Party) -> None:
    party.world.notes(3)
    party.of().ask()
    party.links.pop("w1")
    party.links.pop("w2")
    party.world.notes(3)
    party.of().ask()

    with party.world.ledger.reading() as reading:
        met = cosigned.newest_met(reading.connection, party.policy)
        newest = cosigned.newest_of_each(reading.connection, party.policy)
        later = cosigned.newest_met(reading.connection, party.policy, at_least=4)

    assert met is not None
    assert (met.size, len(met.cosignatures), later) == (3, 3, None)
    assert {known.name: found.size for known, found in newest} == {
        "w1": 3,
        "w2": 3,
        "w3": 6,
    }


def test_a_witness_at_the_end_of_time_is_shown(party: Party) -> None:
    party.world.notes(1)
    party.world.clock.time = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    party.of().ask()

    assert {s.at for s in party.of().report().statements} == {party.world.clock.time}


def test_a_note_carries_its_cosignatures(party: Party) -> None:
    party.world.notes(3)
    party.of().ask()

    with party.world.ledger.reading() as reading:
        note = cosigned.cosigned_note(reading.connection, 3)
        none = cosigned.cosigned_note(reading.connection, 2)

    assert note is not None
    assert note.count("\N{EM DASH}") == 4
    assert none is None
    assert party.world.ledger.notes.open(note).size == 3


def test_cosignatures_without_their_checkpoint_are_a_finding(party: Party) -> None:
    party.world.notes(3)
    party.of().ask()
    party.world.notes(1)
    party.world.attack("DELETE FROM checkpoints WHERE size = 3")

    with pytest.raises(IntegrityError, match="checkpoint 3 that is gone"):
        party.of().report()


def test_a_later_statement_replaces_an_earlier_one(party: Party) -> None:
    party.world.notes(3)
    party.of().ask()
    party.world.clock.pass_(days=1)
    party.of().ask(renew=True)

    with party.world.ledger.reading() as reading:
        sizes = cosigned.sizes(reading.connection, at_least=0, lines=3)
    assert sizes == [3]
    assert {s.at for s in party.of().report().statements} == {party.world.clock()}


def test_checkpoints_are_found_by_size_and_number_of_lines(party: Party) -> None:
    for count in (3, 2, 1):
        party.world.notes(2)
        party.links = dict(list(party.links.items())[:count])
        party.of().ask()
    with party.world.ledger.reading() as reading:
        found = {
            (at_least, lines): cosigned.sizes(
                reading.connection, at_least=at_least, lines=lines
            )
            for at_least, lines in ((0, 1), (4, 1), (5, 1), (0, 2), (0, 3), (0, 4))
        }
        w1, stranger = party.policy.witnesses["w1"].key, witness_key(9)
        sizes = [cosigned.newest_size(reading.connection, k) for k in (w1, stranger)]
        note = cosigned.cosigned_note(reading.connection, 4)
        none = cosigned.cosigned_at(reading.connection, 4, [stranger])
        with pytest.raises(IntegrityError, match="a checkpoint 5 that is gone"):
            cosigned.cosigned_at(reading.connection, 5, [w1])
    assert found == {
        (0, 1): [6, 4, 2],
        (4, 1): [6, 4],
        (5, 1): [6],
        (0, 2): [4, 2],
        (0, 3): [2],
        (0, 4): [],
    }
    assert sizes == [6, 0]
    assert (none.note, none.size, none.cosignatures) == (note, 4, ())
    assert none.witnesses == frozenset()
    report = party.of().report()
    assert {each.name: each.size for each in report.statements} == {
        "w1": 6,
        "w2": 4,
        "w3": 2,
    }
    assert report.met_size == 4


def test_at_most_16_lines_are_shown_the_newest_first(party: Party) -> None:
    party.world.notes(1)
    with party.world.ledger.reading() as reading:
        checkpoint = party.world.ledger.checkpoint(reading)
    assert checkpoint is not None
    with party.world.database.writing() as connection:
        for number in range(1, 18):
            made = cosign(
                checkpoint,
                witness=witness_key(number),
                sign=signing_key(number).sign_bytes,
                seconds=number,
            )
            cosigned.store(connection, checkpoint, made)
        note = cosigned.cosigned_note(connection, 1) or ""
    names = [line.name for line in split_note(note).lines[1:]]
    assert names == [f"witness.example/w{number}" for number in range(17, 1, -1)]


def test_a_time_after_the_year_9999_is_shown_as_its_end(party: Party) -> None:
    """A witness may sign any time; no date of ours is later."""
    party.world.notes(1)
    known = party.policy.witnesses["w1"]
    folder = party.folders["w1"]
    for seconds in (253_402_300_799, 253_402_300_800, 2**63 - 1):
        made = signed_at(folder, party, seconds)
        with party.world.database.writing() as connection:
            cosigned.store(connection, made[0], made[1])
        (statement,) = party.of().report().statements
        assert (statement.name, statement.key) == ("w1", known.key)
        assert statement.at == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def signed_at(
    folder: WitnessFolder, party: Party, seconds: int
) -> tuple[Checkpoint, Cosignature]:
    """Return the newest checkpoint and what the witness signs of it at a time."""
    with party.world.ledger.reading() as reading:
        checkpoint = party.world.ledger.checkpoint(reading)
    assert checkpoint is not None
    signer = open_key(folder.key_path, public=folder.key(), passphrase=None)
    made = cosign(
        checkpoint, witness=folder.key(), sign=signer.sign_bytes, seconds=seconds
    )
    return checkpoint, made
