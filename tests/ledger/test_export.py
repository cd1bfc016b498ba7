"""What is exported is checked by a program that knows nothing of ours."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from strongroom.errors import (
    ConflictError,
    IntegrityError,
    MissingError,
    UnavailableError,
)
from strongroom.ledger import export, verify
from strongroom.ledger.second import parse_second_key
from strongroom.ledger.tree import verify_inclusion
from strongroom.ledger.witnesses import Witnesses
from tests.ledger.test_second import OWN, arm
from tests.ledger.witnesses import Party, lines_of
from tests.ledger.world import ORIGIN, World, event

LONG = {"rules": ["a rule with a long name"] * 300, "action": "a", "resource": "b"}


def write(world: World, folder: Path, *, private: bool = False) -> int:
    with world.ledger.reading() as reading:
        return export.export_ledger(world.ledger, reading, folder, private=private)


def outsider(folder: Path, key: str) -> subprocess.CompletedProcess[str]:
    """Run the outsider's program in a Python that cannot import Strongroom."""
    words = [sys.executable, "-I", "-S", verify.__file__, str(folder), "--key", key]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.fixture
def filled(world: World) -> World:
    world.notes(299)
    world.note("alpha")
    with world.ledger.transaction() as writing:
        writing.append(event("action.refused", LONG))
    return world


@pytest.mark.parametrize("private", [False, True])
def test_an_outsider_accepts_the_export(
    filled: World, tmp_path: Path, private: bool
) -> None:
    assert write(filled, tmp_path / "out", private=private) == 301

    done = outsider(tmp_path / "out", filled.ledger.verifier.text())
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "out" / "private" / "299.json").exists() == private
    assert (tmp_path / "out" / "attached" / "300.json").exists()
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert {"checkpoint", "key", "README.txt", "tile"} <= names


def test_private_text_is_in_the_export_only_when_asked_for(
    filled: World, tmp_path: Path
) -> None:
    filled.note("beta")
    write(filled, tmp_path / "without")
    write(filled, tmp_path / "with", private=True)

    texts = {
        name: b"".join(
            p.read_bytes() for p in (tmp_path / name).rglob("*") if p.is_file()
        )
        for name in ("without", "with")
    }
    assert b"alpha" not in texts["without"]
    opened = json.loads((tmp_path / "with" / "private" / "299.json").read_bytes())
    assert json.loads(opened["payload"]) == {"name": "alpha"}
    assert (tmp_path / "with" / "private" / "301.json").exists()


@pytest.mark.parametrize("file", ["checkpoint", "tile/0/000", "tile/entries/000"])
def test_an_outsider_refuses_a_changed_export(
    filled: World, tmp_path: Path, file: str
) -> None:
    write(filled, tmp_path / "out")
    path = tmp_path / "out" / file
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))

    assert outsider(tmp_path / "out", filled.ledger.verifier.text()).returncode != 0


def test_other_people_do_not_read_the_export(filled: World, tmp_path: Path) -> None:
    write(filled, tmp_path / "out", private=True)

    assert (tmp_path / "out").stat().st_mode & 0o077 == 0


def test_an_export_overwrites_nothing(world: World, tmp_path: Path) -> None:
    world.note()
    (tmp_path / "mine").write_text("precious")

    with pytest.raises(ConflictError, match="is not empty"):
        write(world, tmp_path)
    with pytest.raises((ConflictError, UnavailableError)):
        write(world, tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == "precious"


def test_a_place_that_cannot_be_written_is_unavailable(
    world: World, tmp_path: Path
) -> None:
    world.note()
    (tmp_path / "file").touch()

    with pytest.raises(UnavailableError):
        write(world, tmp_path / "file" / "out")


def test_an_empty_ledger_is_not_exported(world: World, tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="is empty"):
        write(world, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_private_text_is_for_the_owner_even_in_a_folder_that_all_may_read(
    filled: World, tmp_path: Path
) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o755)

    write(filled, folder, private=True)

    assert (folder / "private").stat().st_mode & 0o777 == 0o700


def test_a_ledger_whose_checkpoint_is_forged_is_not_exported(
    world: World, tmp_path: Path
) -> None:
    world.note()
    world.attack("UPDATE checkpoints SET note = replace(note, 'room-7', 'room-8')")

    with pytest.raises(IntegrityError):
        write(world, tmp_path / "out")


def test_one_entry_is_proved_to_an_outsider(filled: World) -> None:
    with filled.ledger.reading() as reading:
        entry = filled.ledger.entry(reading, 299)
        proof = export.proof_of(filled.ledger, reading, 299)
        checkpoint = filled.ledger.checkpoint(reading)

    assert checkpoint is not None
    assert proof.index == 299
    verify_inclusion(
        leaf=entry.leaf,
        index=proof.index,
        size=checkpoint.size,
        root=checkpoint.root,
        proof=proof.siblings,
    )
    with filled.ledger.reading() as reading, pytest.raises(MissingError):
        export.proof_of(filled.ledger, reading, 301)


def test_an_entry_is_proved_under_what_a_witness_signed_if_that_covers_it(
    world: World, tmp_path: Path
) -> None:
    party = Party(tmp_path, world)
    world.notes(3)
    party.of().ask()
    world.notes(2)

    for position, size in ((2, 3), (3, 5)):
        with world.ledger.reading() as reading:
            proof = export.proof_of(world.ledger, reading, position)
            entry = world.ledger.entry(reading, position)
        checkpoint = world.ledger.notes.open(proof.checkpoint)
        assert checkpoint.size == size
        verify_inclusion(
            entry.leaf,
            index=position,
            size=size,
            proof=proof.siblings,
            root=checkpoint.root,
        )


def test_the_key_of_the_second_signatures_goes_along(
    world: World, tmp_path: Path
) -> None:
    world.note()
    write(world, tmp_path / "without")
    arm(world)
    write(world, tmp_path / "with")

    assert not (tmp_path / "without" / "second-key").exists()
    text = (tmp_path / "with" / "second-key").read_text()
    assert parse_second_key(text.removesuffix("\n"), ORIGIN) == OWN


def test_what_witnesses_signed_before_goes_along(world: World, tmp_path: Path) -> None:
    party = Party(tmp_path, world)
    world.notes(2)
    Witnesses(
        world.ledger, party.policy, {"w1": party.links["w1"]}, now=world.clock
    ).ask()
    world.notes(1)
    links = {name: party.links[name] for name in ("w2", "w3")}
    Witnesses(world.ledger, party.policy, links, now=world.clock).ask()
    world.notes(1)
    with world.ledger.reading() as reading:
        export.export_ledger(
            world.ledger,
            reading,
            tmp_path / "out",
            private=False,
            witnesses=party.policy,
        )

    older = {
        path.name: path.read_text() for path in (tmp_path / "out/witnessed").iterdir()
    }
    assert {name: lines_of(note) for name, note in older.items()} == {"2": 2, "3": 3}
    text = (tmp_path / "out/witnesses").read_text()
    assert text == party.policy.to_text()
    done = outsider(tmp_path / "out", world.ledger.verifier.text())
    assert done.returncode == 0, done.stdout


def test_an_export_has_these_files_and_no_others(world: World, tmp_path: Path) -> None:
    world.note("alpha")
    assert write(world, tmp_path / "a/out", private=True) == 1

    out = tmp_path / "a/out"
    files = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert files == {
        *("README.txt", "checkpoint", "key", "private/0.json"),
        *("tile/0/000.p/1", "tile/entries/000.p/1"),
    }
    assert (out / "key").read_text() == f"{world.ledger.verifier.text()}\n"
    assert "verify.py THIS_FOLDER --key" in (out / "README.txt").read_text()
    assert out.stat().st_mode & 0o777 == 0o700


def test_a_file_in_the_way_is_named(world: World, tmp_path: Path) -> None:
    world.note()
    (tmp_path / "out").write_bytes(b"")
    with pytest.raises(UnavailableError, match="Not a directory"):
        write(world, tmp_path / "out")
