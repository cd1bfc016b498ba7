"""What the README tells a newcomer to type works, and what it claims is true."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors import SafetensorError
from safetensors.numpy import load_file

from strongroom.access.founding import Founder
from strongroom.app import create_strongroom, open_strongroom
from strongroom.client.client import Strongroom
from strongroom.errors import DeniedError, IntegrityError
from strongroom.types import Profile, Secret
from tests.journeys.rooms import CHEAP, QUICK
from tests.project.newcomer import ROOT, shell, small_model

README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PASSPHRASE = Secret(b"a passphrase of some length")

Attack = Callable[[Path], None]


def _type(folder: Path, kind: str, command: list[str], env: dict[str, str]) -> str:
    """Run every block of one kind in ``folder`` and return what it printed."""
    blocks = [text for found, text in BLOCK.findall(README) if found == kind]
    (folder / f"typed.{kind}").write_text("\n".join(blocks))
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_what_the_readme_types_ends_as_it_says(tmp_path: Path) -> None:
    small_model(tmp_path / "my-model")
    (tmp_path / "src").symlink_to(ROOT / "src")
    environment = shell(tmp_path)

    typed = _type(tmp_path, "sh", ["sh", "-eu", "typed.sh"], environment)
    ran = _type(tmp_path, "python", ["bin/python3", "typed.python"], environment)

    ends = ("every byte is the same", "refused", "everything holds")
    assert [end for end in ends if end not in typed.splitlines()] == []
    assert "model.norm.weight (64,) float32" in ran
    assert ran.endswith("nothing is wrong\n")


def test_the_readme_needs_five_new_words() -> None:
    words = re.findall(r"^\| \*\*(\w+)\*\* \|", README, re.MULTILINE)

    assert words == ["model", "segment", "request", "permit", "ledger"]


def test_the_picture_is_there_and_shows_in_light_and_dark() -> None:
    paths = re.findall(r"!\[[^\]]+\]\(([^)]+\.svg)\)", README)
    pictures = [(ROOT / path).read_text() for path in paths]

    assert len(pictures) == 1
    assert "prefers-color-scheme:dark" in pictures[0]
    assert "<title" in pictures[0]
    assert (
        'class="bg"' in pictures[0]
    )  # where a forge ignores the style, it still reads


def test_the_attack_model_is_on_the_first_page_of_security() -> None:
    page = (ROOT / "SECURITY.md").read_text()
    attackers = re.findall(r"^\| \*\*([^*]+)\*\*", page, re.MULTILINE)

    assert len(attackers) == 15
    assert page.index("## Attack model") < 200
    assert "fifteen attackers" in README


# The table "Beside a plain safetensors file", line by line.


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """Give a plain safetensors file."""
    return small_model(tmp_path / "plain") / "model.safetensors"


@pytest.fixture
def room(plain: Path, tmp_path: Path) -> Strongroom:
    """Give a room where the same file is sealed, twice, as two versions."""
    room, _ = create_strongroom(
        tmp_path / "room",
        profile=Profile.SOLO,
        passphrases={"*": PASSPHRASE},
        owner=Founder(name="me", team="me", password=PASSPHRASE),
        cost=CHEAP,
        password_cost=QUICK,
    )
    room.seal(plain, name="model")
    plain.write_bytes(_flipped(plain.read_bytes()))
    room.seal(plain, name="model")
    return room


def _flipped(data: bytes) -> bytes:
    """Return ``data`` with one bit of its last weights changed."""
    return data[:-3] + bytes([data[-3] ^ 1]) + data[-2:]


def _objects(room: Strongroom, version: int) -> dict[str, Path]:
    """Return the files of a version in the store, by name of the segment."""
    folder = room.room.settings.folder / "stores" / "home"
    manifest = room.room.catalogue.show(room.actor, f"model@{version}").manifest
    return {s.name: folder / s.facts.object_name for s in manifest.segments}


def _check(room: Strongroom) -> int:
    """Open the newest version afresh, decrypt all of it, and return the bytes."""
    room.close()
    folder = room.room.settings.folder
    with (
        open_strongroom(folder, passphrases={"*": PASSPHRASE}) as again,
        again.open("model", purpose="test") as opened,
    ):
        return opened.check()


def test_names_and_shapes_are_readable_in_a_plain_file_and_not_in_ours(
    plain: Path, room: Strongroom
) -> None:
    folder = room.room.settings.folder / "stores"
    stored = b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())

    assert b"model.layers.0.mlp.weight" in plain.read_bytes()
    assert b"[128,64]" in plain.read_bytes()
    assert b"model.layers" not in stored
    assert b"[128,64]" not in stored


def test_a_flipped_bit_loads_from_a_plain_file_and_is_refused_by_ours(
    plain: Path, room: Strongroom
) -> None:
    plain.write_bytes(_flipped(plain.read_bytes()))
    load_file(plain)
    path = next(iter(_objects(room, 2).values()))
    path.write_bytes(_flipped(path.read_bytes()))

    with pytest.raises(IntegrityError):
        _check(room)


def test_last_weeks_file_loads_when_plain_and_is_refused_when_sealed(
    plain: Path, room: Strongroom
) -> None:
    load_file(plain)  # it cannot know that there was another
    for old, new in zip(
        _objects(room, 1).values(), _objects(room, 2).values(), strict=True
    ):
        new.write_bytes(old.read_bytes())

    with pytest.raises(IntegrityError):
        _check(room)


def test_a_cut_file_is_refused_by_both(plain: Path, room: Strongroom) -> None:
    plain.write_bytes(plain.read_bytes()[:-1])
    path = next(iter(_objects(room, 2).values()))
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(SafetensorError):
        load_file(plain)
    with pytest.raises(IntegrityError):
        _check(room)


def test_who_opened_what_is_an_entry_with_a_proof(room: Strongroom) -> None:
    with room.open("model", segments=["biases"], purpose="test") as opened:
        leaf = opened.release.entry
    position = next(
        entry.position for entry in room.records.tail() if entry.leaf.hex() == leaf
    )
    assert position is not None

    entry, proof = room.records.prove(position)

    assert b'"kind":"key.released"' in entry.body
    assert proof.index == position


def test_a_copy_of_the_room_opens_nothing_without_its_passphrase(
    room: Strongroom,
) -> None:
    room.close()

    with pytest.raises(DeniedError):
        open_strongroom(
            room.room.settings.folder, passphrases={"*": Secret(b"guessed")}
        )
