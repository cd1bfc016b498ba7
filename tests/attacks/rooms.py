"""A room of seven people to attack; each test gets a copy of its own.

The people and the attacks are those of ``strongroom demo``; the model is small
and has the shape of the demo's, so that its segments have the same names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strongroom.cli.demo.copies import copy_room
from strongroom.cli.demo.house import MODEL, Clock, House, build_house
from strongroom.cli.demo.story import Story
from strongroom.intake.formats.safetensors_writer import header_bytes, place

DEPTH, WIDTH, WORDS = 6, 64, 4096


def small_model(folder: Path) -> Path:
    """Write a language model of 2 MB with six blocks, and return its folder."""
    folder.mkdir(parents=True)
    tensors: list[tuple[str, str, tuple[int, ...]]] = [
        ("embeddings.word_embeddings.weight", "F32", (WORDS, WIDTH))
    ]
    for depth in range(DEPTH):
        layer = f"encoder.layer.{depth}"
        tensors += [
            (f"{layer}.attention.self.query.weight", "F32", (WIDTH, WIDTH)),
            (f"{layer}.intermediate.dense.weight", "F32", (4 * WIDTH, WIDTH)),
            (f"{layer}.output.dense.weight", "F32", (WIDTH, 4 * WIDTH)),
            (f"{layer}.output.dense.bias", "F32", (WIDTH,)),
        ]
    tensors.append(("pooler.dense.weight", "F32", (WIDTH, WIDTH)))
    entries = place(tensors)
    content = hashlib.shake_256(b"a small model").digest(entries[-1].end)
    (folder / "model.safetensors").write_bytes(header_bytes(entries) + content)
    (folder / "config.json").write_text('{"layers": 6}')
    return folder


def told_until_the_attacks(folder: Path) -> Story:
    """Play the demo on the small model up to where the attacks begin.

    Rosa holds ``biases`` and ``blocks.0``; noor has a permit for ``blocks.3`` of
    version 2, one for ``blocks.4`` that was revoked, and a pending request.
    """
    folder.mkdir(parents=True, exist_ok=True)
    story = Story(source=small_model(folder / "model"), folder=folder)
    for steps in (story.seal, story.open_what_was_agreed):
        for outcome in steps():
            if not outcome.ok:
                raise AssertionError(outcome)
    story.prepare_attacks()
    return story


@contextmanager
def copy_of(house: House, folder: Path) -> Iterator[House]:
    """Give a copy of a house that its room's folder can be copied from again."""
    copy_room(house.folder, folder)
    with house.opened_at(folder) as copied:
        yield copied


def built_house(folder: Path, *, database: str | None = None) -> House:
    """Return a house with the small model sealed and agreed on.

    Args:
        folder: Exists and is empty.
        database: SQLAlchemy URL of an empty database; a new SQLite file if none.
    """
    url = database or "sqlite+pysqlite:///room.db"
    house = build_house(folder / "room", Clock(), database=url)
    sealed = house.acting_as("mia").seal(small_model(folder / "model"), name=MODEL)
    if sealed.request is not None:
        house.acting_as("lena").approve(sealed.request.id)
    return house
