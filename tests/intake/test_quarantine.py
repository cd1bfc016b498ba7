"""The shell: an entry before each step, and no plain byte left behind."""

from __future__ import annotations

import errno
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from sqlalchemy import select

from strongroom.client.client import Strongroom
from strongroom.client.intake import Added
from strongroom.database import tables
from strongroom.errors import DeniedError, InputError, MissingError, UnavailableError
from strongroom.intake.additions import Addition
from strongroom.intake.intakes import IntakeState
from strongroom.intake.known_bad import KnownBad
from strongroom.intake.quarantine import Quarantine
from strongroom.intake.reports import SnapshotReport
from strongroom.intake.rewriting import Options
from strongroom.intake.signatures import Claim
from strongroom.intake.signing import sign_folder
from strongroom.vault.drafts import SealOptions
from tests.intake.readers import read_here
from tests.intake.rooms import add, reading_here
from tests.intake.signers import make_pair
from tests.journeys.rooms import House


@pytest.fixture
def foreign(quick: Path) -> Path:
    """Give a folder with weights of somebody else."""
    folder = quick / "foreign"
    folder.mkdir()
    save_file({"w": np.arange(90_000, dtype="<f4")}, folder / "model.safetensors")
    return folder


def kinds(house: House) -> list[str]:
    with house.room.room.ledger.reading() as reading:
        rows = reading.connection.execute(
            select(tables.entries.c.kind).order_by(tables.entries.c.id)
        )
        return list(rows.scalars())


def test_each_step_is_an_entry_before_the_next_begins(
    house: House, foreign: Path
) -> None:
    before = len(kinds(house))

    add(house, foreign)

    assert kinds(house)[before:] == [
        "intake.received",
        "version.begun",
        "artifact.sealed",
        "intake.held",
        "intake.examined",
        "version.begun",
        "artifact.sealed",
        "intake.sealed",
    ]


def test_an_original_that_is_not_what_was_expected_is_refused(
    house: House, foreign: Path
) -> None:
    room = reading_here(house.by("olga"))

    added = room.intakes.add(
        Addition(path=foreign, project="default", expect=f"sha256:{'0' * 64}"),
        SealOptions(name="llm"),
    )

    assert added.intake.state is IntakeState.REFUSED
    match added.report:
        case {"findings": [{"rule": rule}, *_]}:
            assert rule == "source/digest"
        case report:
            pytest.fail(f"the report says {report}")


def test_bytes_that_are_known_are_held_against_what_is_expected_too(
    house: House, foreign: Path
) -> None:
    """They were answered with what was known, whatever digest was expected."""
    add(house, foreign)
    room = reading_here(house.by("olga"))
    before = len(kinds(house))

    with pytest.raises(InputError, match="not the one that was expected"):
        room.intakes.add(
            Addition(path=foreign, project="default", expect="0" * 64),
            SealOptions(name="other"),
        )

    assert kinds(house)[before:] == []


def test_a_digest_that_is_none_is_named_before_anything_is_recorded(
    house: House, foreign: Path
) -> None:
    """A slip of the pen once left a refused intake, for good."""
    room = reading_here(house.by("olga"))
    before = len(kinds(house))

    with pytest.raises(InputError, match="no SHA-256 digest"):
        room.intakes.add(
            Addition(path=foreign, project="default", expect="sha256:00"),
            SealOptions(name="llm"),
        )

    assert kinds(house)[before:] == []


def test_what_readers_refused_is_read_again_to_be_salvaged(
    house: House, foreign: Path
) -> None:
    """``--salvage`` was passed over in silence where the bytes were known."""
    (foreign / "model.safetensors").unlink()
    (foreign / "model.pkl").write_bytes(b"\x80\x02cposix\nsystem\n.")
    room = reading_here(house.by("olga"))
    refused = add(house, foreign)
    salvaging = Addition(path=foreign, project="default", options=Options(salvage=True))

    assert refused.intake.state is IntakeState.REFUSED
    assert add(house, foreign).known
    assert not room.intakes.add(salvaging, SealOptions(name="llm")).known


def test_other_files_left_out_are_another_question(house: House, foreign: Path) -> None:
    """What was refused comes in without the files at fault, and the other way round."""
    (foreign / "args.bin").write_bytes(b"\x80\x02cposix\nsystem\n.")
    room = reading_here(house.by("olga"), reads=read_here)

    def adding(name: str, *patterns: str) -> Added:
        options = Options(left_out=patterns)
        addition = Addition(path=foreign, project="default", options=options)
        return room.intakes.add(addition, SealOptions(name=name))

    refused, passed = adding("a"), adding("b", "args.*")

    assert refused.intake.digest == passed.intake.digest
    assert passed.intake.state is IntakeState.WAITING
    again = adding("c", "*.bin", "args.bin")
    assert (again.known, again.intake.id) == (True, passed.intake.id)
    with_all = adding("d")
    assert (with_all.known, with_all.intake.id) == (True, refused.intake.id)


def test_a_pattern_that_matches_nothing_is_named_before_anything_is_recorded(
    house: House, foreign: Path
) -> None:
    room = reading_here(house.by("olga"))
    before = len(kinds(house))
    options = Options(left_out=("*.msgpack",))

    with pytest.raises(InputError, match="matches no file"):
        room.intakes.add(
            Addition(path=foreign, project="default", options=options),
            SealOptions(name="llm"),
        )

    assert kinds(house)[before:] == []


@pytest.mark.parametrize("form", ["{}", "sha256:{}"])
def test_an_original_with_the_digest_expected_passes(
    house: House, foreign: Path, form: str
) -> None:
    digest = add(house, foreign).intake.digest
    room = reading_here(house.by("olga"))

    added = room.intakes.add(
        Addition(
            path=foreign, project="default", expect=form.format(digest), again=True
        ),
        SealOptions(name="other"),
    )

    assert added.sealed is not None


def test_the_same_bytes_are_known_and_their_report_is_given_again(
    house: House, foreign: Path
) -> None:
    first, second = add(house, foreign), add(house, foreign, name="again")

    assert second.known
    assert second.sealed is None
    assert (second.intake, second.report) == (first.intake, first.report)


def test_a_disk_that_fills_while_files_are_taken_over_is_our_error(
    house: House, foreign: Path
) -> None:
    """Once the system's own error left, where only ours are caught."""

    def full(
        descriptor: int, files: object, options: object, output: Path
    ) -> SnapshotReport:
        del descriptor, files, options, output
        raise OSError(errno.ENOSPC, "no space")

    parts = house.by("olga").room
    quarantine = Quarantine(
        parts.gate,
        examine=full,
        folder=foreign.parent / "q",
        random=parts.random,
        known_bad=KnownBad(),
        keep=timedelta(days=30),
    )
    outside = replace(parts.outside, quarantine=quarantine)
    room = Strongroom(replace(parts, outside=outside), house.by("olga").actor)

    with pytest.raises(UnavailableError, match="full"):
        room.intakes.add(
            Addition(path=foreign, project="default"), SealOptions(name="llm")
        )
    assert list((foreign.parent / "q").iterdir()) == []


def test_the_entry_names_who_signed_the_original(
    house: House, foreign: Path, quick: Path
) -> None:
    pair = make_pair(quick)
    room = reading_here(house.by("olga"))
    claim = Claim(bundle=sign_folder(foreign, pair.signer), trust=(pair.key,))
    addition = Addition(path=foreign, project="default", signature=claim)

    added = room.intakes.add(addition, SealOptions(name="llm"))

    with house.room.room.ledger.reading() as reading:
        columns = tables.entries.c
        body = reading.connection.execute(
            select(columns.body).where(columns.kind == "intake.examined")
        ).scalar()
    assert pair.key.fingerprint.encode() in bytes(body or b"")
    assert added.intake.review == ("source/unknown",)  # a signature is no source
    assert added.sealed is not None


def test_what_is_known_is_held_against_the_signer_named_now_too(
    house: House, foreign: Path, quick: Path
) -> None:
    """Whoever named a signer once read "added before", and no more."""
    add(house, foreign)
    room = reading_here(house.by("olga"))
    pair, other = make_pair(quick), make_pair(quick, "other")
    bundle = sign_folder(foreign, pair.signer)
    addition = Addition(path=foreign, project="default")
    signed = replace(addition, signature=Claim(bundle=bundle, trust=(pair.key,)))
    forged = replace(addition, signature=Claim(bundle=bundle, trust=(other.key,)))

    with pytest.raises(InputError, match="signature is by key"):
        room.intakes.add(forged, SealOptions(name="other"))
    assert room.intakes.add(signed, SealOptions(name="other")).known


def test_who_may_not_read_intakes_reads_none(house: House, foreign: Path) -> None:
    added = add(house, foreign)
    house.admit("kay", "keys")

    with pytest.raises(DeniedError):
        reading_here(house.by("kay")).intakes.all()
    with pytest.raises(MissingError, match="no intake"):
        house.by("olga").intakes.show("intake-aaaa")
    assert house.by("ada").intakes.all() == [added.intake]


def test_a_folder_that_a_worker_closed_is_swept_too(house: House, quick: Path) -> None:
    """``clean`` said that it was removed, and left its plain bytes."""
    closed = house.folder / "quarantine" / "intake-left" / "out" / "closed"
    closed.mkdir(parents=True)
    (closed / "plain").write_bytes(b"plain")
    outside = quick / "outside"
    outside.mkdir(mode=0o750)
    (closed.parent / "link").symlink_to(outside)
    closed.chmod(0)
    closed.parent.chmod(0)

    assert house.room.room.outside.quarantine.sweep() == 1
    assert list((house.folder / "quarantine").iterdir()) == []
    assert outside.stat().st_mode & 0o777 == 0o750


def test_a_copy_that_a_crash_left_is_swept_and_a_running_one_is_not(
    house: House, foreign: Path
) -> None:
    quarantine = reading_here(house.room).room.outside.quarantine
    left = house.folder / "quarantine" / "intake-left"
    left.mkdir(parents=True)
    (left / "original").write_bytes(b"plain")
    addition = Addition(path=foreign, project="default")

    with quarantine.receiving(house.actors["olga"], addition) as private:
        assert quarantine.sweep() == 1
        assert private.copy.exists()

    assert not left.exists()
    assert not private.copy.exists()
    assert quarantine.sweep() == 0
