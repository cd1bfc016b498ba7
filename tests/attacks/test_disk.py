"""Whoever has the files and no passphrase: the whole disk, or one leaked file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from safetensors import SafetensorError
from safetensors.numpy import load_file

from strongroom.app import open_strongroom
from strongroom.cli.demo import thief
from strongroom.cli.demo.house import PASSPHRASE, House
from strongroom.cli.demo.store import object_path
from strongroom.cli.demo.story import Story
from strongroom.cli.demo.tampering import SEGMENT
from strongroom.crypto.container import HEADER_BYTES, Header
from strongroom.crypto.segment import open_object
from strongroom.errors import (
    DeniedError,
    InputError,
    IntegrityError,
    UnavailableError,
)
from strongroom.intake.formats.safetensors import read_header
from strongroom.stores.folder import FolderStore
from strongroom.types import Secret
from tests.attacks.rooms import small_model


def test_a_thief_of_the_disk_finds_no_weights(house: House, story: Story) -> None:
    """ATT&CK T1005, ATLAS AML.T0035, AML.T0037: names, sizes, no weights."""
    assert "hold none of" in thief.look(house, story.source)


def test_a_file_that_holds_weights_would_be_noticed(house: House, story: Story) -> None:
    """The control: the same look finds a copy that somebody left in the room."""
    shutil.copy(story.source / "model.safetensors", house.folder / "backup")

    with pytest.raises(IntegrityError, match="in the clear"):
        thief.look(house, story.source)


def test_a_thief_of_the_disk_opens_nothing_without_the_passphrase(
    house: House,
) -> None:
    """ATT&CK T1110: each guess costs Argon2id, and a wrong one says so only."""
    found = list(thief.attempt_opening(house))

    assert [outcome.ok for outcome in found] == [True, True]


def test_a_thief_of_two_custody_files_reads_nothing_of_the_third_domain(
    house: House, story: Story
) -> None:
    """ATT&CK T1552: with the passphrases of two domains, weights stay locked."""
    known = {"architecture": PASSPHRASE, "biases": PASSPHRASE}

    with open_strongroom(house.folder, passphrases=known, now=house.clock) as room:
        noor = room.resume(house.people["noor"].token or Secret(b""))
        with pytest.raises(UnavailableError, match="custodian weights is locked"):
            noor.open(story.target.held)


def test_a_leaked_object_is_no_model_to_any_reader(
    house: House, story: Story, tmp_path: Path
) -> None:
    """ATLAS AML.T0035: stock readers refuse it; none returns ciphertext as weights."""
    leaked = tmp_path / "leaked.safetensors"
    shutil.copy(object_path(house.folder, story.target.segments[SEGMENT]), leaked)
    data = leaked.read_bytes()

    with pytest.raises(SafetensorError):
        load_file(leaked)
    with pytest.raises(InputError):
        read_header(lambda at, n: data[at : at + n], len(data))


def test_a_leaked_object_with_its_header_stripped_is_no_model_either(
    house: House, story: Story, tmp_path: Path
) -> None:
    """ATLAS AML.T0035: what a peer returned as weights is refused here."""
    path = object_path(house.folder, story.target.segments[SEGMENT])
    stripped = tmp_path / "stripped.safetensors"
    stripped.write_bytes(path.read_bytes()[HEADER_BYTES:])

    with pytest.raises(SafetensorError):
        load_file(stripped)


def test_a_leaked_object_tells_ids_and_sizes_only(house: House, story: Story) -> None:
    """ATLAS AML.T0035: its header has random bytes and numbers, and no name."""
    segment = story.target.segments[SEGMENT]
    data = object_path(house.folder, segment).read_bytes()

    header = Header.parse(data[:HEADER_BYTES])

    assert header.version == 2
    assert SEGMENT.encode() not in data
    assert b"encoder" not in data


def test_a_leaked_object_opens_with_no_key_but_its_own(
    house: House, story: Story
) -> None:
    """ATT&CK T1110: a wrong key is told by the commitment, before any record."""
    segment = story.target.segments[SEGMENT]
    store = FolderStore(house.folder / "stores" / segment.domain)

    with pytest.raises(IntegrityError):
        open_object(store, segment.facts, Secret(bytes(32)))


def test_a_stolen_database_logs_nobody_in(house: House, tmp_path: Path) -> None:
    """ATT&CK T1003, T1552.001: hashes of tokens and passwords, sealed phone secrets."""
    rosa = house.people["rosa"]
    data = (house.folder / "room.db").read_bytes()

    assert rosa.token is not None
    assert rosa.secret is not None
    assert rosa.token.reveal() not in data
    assert rosa.secret.reveal() not in data
    assert rosa.password.reveal() not in data
    with pytest.raises(DeniedError):
        house.room.resume(Secret(b"a token that nobody was given")).request("minilm")


def test_the_model_of_these_tests_has_content_to_find(tmp_path: Path) -> None:
    """The control: the samples that a thief's look searches are in the model."""
    source = small_model(tmp_path / "model")
    data = (source / "model.safetensors").read_bytes()

    samples = thief.samples_of(source)

    assert len(samples) >= 10
    assert all(sample in data for sample in samples)
