"""Operators of custodians, and whoever controls the running desk."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from strongroom.app import open_strongroom
from strongroom.cli.demo.copies import copy_room
from strongroom.cli.demo.house import PASSPHRASE, House
from strongroom.cli.demo.store import object_path
from strongroom.cli.demo.story import Story
from strongroom.cli.demo.tampering import SEGMENT, open_held
from strongroom.cli.demo.witness import put_everything_back
from strongroom.crypto.container import TAG_BYTES, record_offset
from strongroom.crypto.custody.file import FileCustodian
from strongroom.database import tables
from strongroom.errors import ForkError, IntegrityError, SetupError, StrongroomError
from strongroom.ledger import verify

LONGER = timedelta(minutes=11)
"""After this everybody logs in anew, which is an entry each."""


def test_the_operator_of_one_custodian_opens_no_room(house: House) -> None:
    """ATT&CK T1078, T1552: the passphrase of one domain that is not the home's."""
    with pytest.raises(SetupError, match="home custodian's passphrase is needed"):
        open_strongroom(house.folder, passphrases={"weights": PASSPHRASE})


def test_the_operator_of_one_custodian_unwraps_nothing_of_another(
    house: House,
) -> None:
    """ATT&CK T1552: wraps are bound to the root key that made them."""
    room = house.room.room
    with room.ledger.reading() as reading:
        found = reading.connection.execute(sa.select(tables.wraps.c.wrapped)).scalars()
        wrapped = [bytes(w) for w in found]
    biases = FileCustodian.open(house.folder / "custodians" / "biases", PASSPHRASE)

    refused = 0
    for data in wrapped:
        try:
            room.anchors.unwrap(biases, data, b"a context")
        except StrongroomError:
            refused += 1

    assert refused == len(wrapped) > 0


def test_what_a_domain_reveals_is_what_lies_in_it(story: Story) -> None:
    """ATT&CK T1005: the third domain holds nearly all bytes, and no name of a tensor.

    Architecture and biases are not there, so what it reveals is not a model.
    """
    domains: dict[str, set[str]] = {}
    for segment in story.target.segments.values():
        domains.setdefault(segment.domain, set()).add(segment.part)

    assert domains == {
        "architecture": {"architecture"},
        "biases": {"biases"},
        "weights": {"weights"},
    }


def test_a_rewritten_history_differs_from_a_checkpoint_kept_elsewhere(
    house: House, story: Story, tmp_path: Path
) -> None:
    """ATT&CK T1070, T1565.001: the desk's owner puts *everything* back, and goes on.

    Database and custodians agree, so the room opens.  An auditor who kept an
    export sees that its entries are not continued.
    """
    before = tmp_path / "before"
    copy_room(house.folder, before)
    house.acting_as("ada").revoke(story.target.held)
    kept = tmp_path / "kept"
    house.acting_as("ada").records.export(kept)

    with house.opened_at(before) as rewritten:
        for name in ("ada", "lena", "sam"):
            rewritten.clock.advance(LONGER)
            rewritten.acting_as(name)
        rewritten.acting_as("ada").records.export(tmp_path / "rewritten")
        key = rewritten.room.room.ledger.verifier.text()

    assert _outsider(tmp_path / "rewritten", key, tmp_path / "rewritten") == 0
    assert _outsider(tmp_path / "rewritten", key, kept) == 65


def test_a_reader_who_kept_a_checkpoint_refuses_a_rewritten_history(
    house: House, story: Story, tmp_path: Path
) -> None:
    """ATT&CK T1070: the same, seen by a reader's own program without an auditor."""
    before, seen = tmp_path / "before", tmp_path / "mine" / "seen"
    copy_room(house.folder, before)
    house.acting_as("ada").revoke(story.target.held)
    known = {"*": PASSPHRASE}
    with open_strongroom(house.folder, passphrases=known, seen=seen, now=house.clock):
        pass

    with pytest.raises(ForkError):
        open_strongroom(before, passphrases=known, seen=seen, now=house.clock)


def test_a_custodian_put_back_alone_is_only_behind(
    house: House, tmp_path: Path
) -> None:
    """ATT&CK T1565.001: an old anchor is a prefix; the room catches it up."""
    anchor = house.folder / "custodians" / "weights.anchor"
    shutil.copy(anchor, tmp_path / "anchor")
    house.grant("noor", SEGMENT, purpose="to grow the ledger")
    shutil.copy(tmp_path / "anchor", anchor)

    with house.opened_at(house.folder) as again:
        assert again.room.records.verify().findings == ()


def test_a_desk_with_other_keys_is_refused_by_what_readers_pin(
    house: House, tmp_path: Path
) -> None:
    """ATT&CK T1556: room.toml names the keys; another desk's answers do not fit."""
    other = tmp_path / "other"
    copy_room(house.folder, other)
    text = (other / "room.toml").read_text()
    pinned = house.room.room.settings.keys["answer"]
    (other / "room.toml").write_text(text.replace(pinned, "00" * (len(pinned) // 2)))

    with pytest.raises(StrongroomError), house.opened_at(other) as opened:
        opened.acting_as("noor").open(SEGMENT)


def test_keys_of_one_version_open_no_other(house: House, story: Story) -> None:
    """ATLAS AML.T0044: a past reader's keys end with the version they were for."""
    path = object_path(house.folder, story.target.old_segments[SEGMENT])
    with house.acting_as("noor").open(story.target.held) as opened:
        reader = opened.segment(SEGMENT)
        plain = memoryview(bytearray(reader.plain_length(0)))
        start = record_offset(0)
        sealed = path.read_bytes()[start : start + len(plain) + TAG_BYTES]

        with pytest.raises(IntegrityError):
            reader.decrypt(0, memoryview(sealed), plain)


def _outsider(export: Path, key: str, older: Path) -> int:
    words = [str(export), "--key", key, "--older", str(older / "checkpoint")]
    program = [sys.executable, "-I", str(verify.__file__), *words]
    return subprocess.run(program, capture_output=True, check=False).returncode


def test_a_room_put_back_whole_is_refused_by_what_a_witness_shows(
    house: House, story: Story, tmp_path: Path
) -> None:
    """ATT&CK T1070, T1490: database *and* custodians go back before a revocation.

    Nothing in the room's own reach can tell; a witness in another folder shows a
    later checkpoint that the room signed itself.
    """
    outcomes = list(put_everything_back(house, story.target, tmp_path / "witnessed"))

    assert [(o.step, o.ok) for o in outcomes] == [
        ("witness", True),
        ("everything-put-back", True),
    ], outcomes
    assert outcomes[1].refused


def test_without_a_witness_a_room_put_back_whole_opens(
    house: House, story: Story, tmp_path: Path
) -> None:
    """ATT&CK T1070: the same without one, so that the refusal means something."""
    before = tmp_path / "before"
    copy_room(house.folder, before)
    house.acting_as("ada").revoke(story.target.held)

    with house.opened_at(before) as opened:
        open_held(opened, story.target)
