"""A real room is read with nothing of ours: its files, a passphrase, and the pages.

What lies on the disk is the room's own; what reads it is the program in ``examples``
and the second readers beside this file.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from tests.cli.terminal import PASSPHRASE, Terminal
from tests.journeys import rooms
from tests.specification import custody
from tests.specification.pages import (
    READER,
    Document,
    base64_bytes,
    independent_reader,
    read,
)

MOST_MAP = 256 << 20

Piece = tuple[int, int, str, str, int]
"""Offset, length, segment, item, offset in the item; as in the map."""


@dataclass(frozen=True)
class Disk:
    """What somebody has who took the disk.

    Attributes:
        folder: Of the room, which nobody uses any more.
        pinned: Its ``room.toml``.
        rows: Its database.
    """

    folder: Path
    pinned: Document
    rows: sqlite3.Connection

    @property
    def key(self) -> str:
        """The key that manifests are signed with, in hexadecimal."""
        return str(self.pinned["keys"]["manifest"])

    @property
    def signed(self) -> bytes:
        """The newest signed manifest."""
        (found,) = self.rows.execute("SELECT signed FROM manifests").fetchone()
        return bytes(found)

    def stored(self, name: str) -> Path:
        """Return the file of an object."""
        return self.folder / "stores" / "home" / name

    def share(self, segment: str, root: bytes) -> str:
        """Return the one share of a segment, in hexadecimal."""
        columns = ("artifact", "version", "generation", "share", "root_key_id")
        query = f"SELECT wrapped, {', '.join(columns)} FROM wraps WHERE segment = ?"  # noqa: S608
        wrapped, *place = self.rows.execute(query, (segment,)).fetchone()
        room = {"room": self.pinned["room"], "segment": segment}
        where = custody.share_place(dict(zip(columns, place, strict=True)) | room)
        return custody.unwrap(root, wrapped, where).hex()


@pytest.fixture
def disk(quick: Path, model: Path) -> Iterator[Disk]:
    """Give the disk of one person's room with one model in it."""
    with rooms.solo(quick / "room") as room:
        room.seal(model, name="tiny")
    pinned = tomllib.loads((quick / "room" / "room.toml").read_text())
    rows = sqlite3.connect(quick / "room" / "room.db")
    yield Disk(quick / "room", pinned, rows)
    rows.close()


def opened(reader: ModuleType, disk: Disk, root: bytes) -> dict[str, list[Document]]:
    """Return the items of every segment, by its name."""
    manifest = reader.manifest(disk.signed, disk.key.encode())
    return {
        segment["name"]: reader.contents(
            disk.stored(segment["object"]).read_bytes(),
            disk.signed,
            disk.key.encode(),
            disk.share(segment["id"], root).encode(),
        )
        for segment in manifest["segments"]
    }


def file_of(pieces: list[Piece], found: dict[str, list[Document]], n: int) -> bytes:
    """Return the bytes of a file from its pieces in the map.

    Args:
        pieces: As the map has them.
        found: The items of every segment.
        n: Which file of the map it is.
    """
    content = b""
    for offset, length, segment, name, within in pieces:
        assert offset == len(content)
        (item,) = [x for x in found[segment] if (x["file"], x["name"]) == (n, name)]
        content += part_of(item, within, length)
    return content


def part_of(item: Document, within: int, length: int) -> bytes:
    """Return a part of an item that lies in one of its ranges."""
    at = 0
    for start, size in item["ranges"]:
        if start <= within < start + size:
            held: bytes = item["held"]
            return held[at + within - start :][:length]
        at += size
    raise AssertionError("the map names what the index does not have")


def test_the_whole_model_comes_back_from_the_disk_and_a_passphrase(
    disk: Disk, model: Path
) -> None:
    root = custody.root_key(
        (disk.folder / "custodians" / "home").read_bytes(), rooms.PASSPHRASE.reveal()
    )

    found = opened(independent_reader(), disk, root)

    (map_item,) = [x for x in found["architecture"] if x["name"] == "map"]
    files = read(map_item["held"], MOST_MAP)["files"]
    assert map_item["file"] == len(files)
    names = {path for path in model.rglob("*") if path.is_file()}
    assert {model / file["path"] for file in files} == names
    for number, file in enumerate(files):
        content = file_of(file["pieces"], found, number)
        assert content == (model / file["path"]).read_bytes()


def test_the_anchor_says_which_ledger_the_custodian_saw(disk: Disk) -> None:
    home = disk.folder / "custodians" / "home"
    root = custody.root_key(home.read_bytes(), rooms.PASSPHRASE.reveal())

    content = home.with_name("home.anchor").read_bytes()
    found = custody.anchor(content, custody.anchor_key(root))

    newest = "SELECT note FROM checkpoints ORDER BY size DESC"
    (note,) = disk.rows.execute(newest).fetchone()
    origin, size, tree_root = note.split("\n")[:3]
    assert origin == f"strongroom.local/{disk.pinned['room']}"
    assert (found.size, found.root) == (int(size), base64_bytes(tree_root))
    assert found.note.decode() == note


def test_a_person_reads_what_the_room_wrote(disk: Disk, quick: Path) -> None:
    """The three commands, on a store's object, a manifest, and ``ledger prove``."""
    (quick / "me").mkdir(mode=0o700)
    assert rooms.PASSPHRASE.reveal() == PASSPHRASE.encode()
    terminal = Terminal(folder=disk.folder, runtime=quick / "me")
    proof = terminal.ok("ledger", "prove", "3", "--to", quick / "proof")["files"]
    terminal.ok("ledger", "export", quick / "export")
    root = custody.root_key(
        (disk.folder / "custodians" / "home").read_bytes(), PASSPHRASE.encode()
    )
    (quick / "signed").write_bytes(disk.signed)
    (quick / "manifest.key").write_text(disk.key + "\n")
    manifest = independent_reader().manifest(disk.signed, disk.key.encode())
    segment = manifest["segments"][0]
    (quick / "secrets").write_text(disk.share(segment["id"], root) + "\n")
    stored = disk.stored(segment["object"])

    say = {
        "manifest": (quick / "signed", quick / "manifest.key"),
        "proof": (*proof, quick / "export" / "key"),
        "object": (
            stored,
            quick / "signed",
            quick / "manifest.key",
            quick / "secrets",
        ),
    }
    for command, files in say.items():
        done = run(command, *files)
        assert (done.returncode, done.stderr) == (0, "")
        for bent in files:
            assert refuses_bent(command, list(files), bent, quick / "bent")


def refuses_bent(command: str, files: list[Path], which: Path, to: Path) -> bool:
    """Return whether a file with one character changed in its middle is refused."""
    content = bytearray(Path(which).read_bytes())
    middle = len(content) // 2
    content[middle] ^= 4  # of base64, not one of the bits that nobody reads
    to.write_bytes(content)
    done = run(command, *(to if path is which else path for path in files))
    return done.returncode == 1 and done.stderr.startswith("refused: ")


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Return what the program did, with nothing of ours to import."""
    command = [sys.executable, "-I", str(READER), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)
