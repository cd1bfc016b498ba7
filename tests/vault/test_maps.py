"""The map leads every byte back to its file, or is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom import canonical
from strongroom.errors import InputError, IntegrityError
from strongroom.vault import maps
from strongroom.vault.plans import default_plan
from strongroom.vault.segments import Plan, PlannedSegment
from strongroom.vault.sources import SourceFile
from tests.vault.models import models, plain_file, tensor_file

FILES = (
    plain_file("config.json", 600),
    plain_file("empty", 0),
    tensor_file("m.safetensors", [("h.0.w", "F32", [64, 64]), ("h.1.w", "F32", [64])]),
)
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "maps.json").read_text())
DOCUMENT = maps.map_document(default_plan(FILES), FILES)


def test_the_published_map_is_read() -> None:
    found = maps.parse_map(VECTORS["map"].encode())

    assert [
        {"path": f.path, "size": f.size, "pieces": [list(piece) for piece in f.pieces]}
        for f in found.files
    ] == VECTORS["files"]


@pytest.mark.parametrize("case", VECTORS["refused"])
def test_the_published_refusals_are_refused(case: dict[str, str]) -> None:
    with pytest.raises(IntegrityError):
        maps.parse_map(case["text"].encode())


def test_a_file_below_as_many_folders_as_a_seal_takes_is_read() -> None:
    """Once, a version that had been sealed could not be opened any more."""
    deepest = "d/" * 64 + "a"
    file: canonical.Json = {"path": deepest, "pieces": [], "size": 0}

    found = maps.parse_map(canonical.to_json({"files": [file], "v": 1}))

    assert [one.path for one in found.files] == [deepest]


@given(models(), st.integers(1, 100))
def test_a_map_round_trips(files: tuple[SourceFile, ...], percent: int) -> None:
    plan = default_plan(files, most_percent=percent)

    found = maps.parse_map(maps.map_document(plan, files))

    assert [(f.path, f.size) for f in found.files] == [(f.path, f.size) for f in files]
    planned = {
        (piece.file, *where)
        for segment in plan.segments
        for piece in segment.pieces
        for where in [
            (
                piece.file_offset,
                piece.length,
                segment.name,
                piece.item,
                piece.item_offset,
            )
        ]
    }
    mapped = {
        (number, *piece)
        for number, file in enumerate(found.files)
        for piece in file.pieces
    }
    assert mapped == planned
    assert maps.segments_of(found) == {
        segment.name: segment.length for segment in plan.segments if segment.pieces
    }


def test_a_flipped_bit_anywhere_is_refused_or_changes_the_map() -> None:
    """Authenticity is the seal's; the parser never takes two texts for one map."""
    original = maps.parse_map(DOCUMENT)

    for position in range(len(DOCUMENT) * 8):
        flipped = bytearray(DOCUMENT)
        flipped[position // 8] ^= 1 << position % 8
        try:
            found = maps.parse_map(bytes(flipped))
        except IntegrityError:
            continue
        assert found != original


def change(document: dict[str, Any], *path: int | str, to: object) -> None:
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "an unknown version": lambda d: change(d, "v", to=2),
    "a version that is a truth": lambda d: change(d, "v", to=True),
    "a field more": lambda d: change(d, "x", to=1),
    "a field more in a file": lambda d: change(d, "files", 0, "x", to=1),
    "files that are no list": lambda d: change(d, "files", to={}),
    "a file that is no object": lambda d: change(d, "files", 0, to=[]),
    "a path up": lambda d: change(d, "files", 0, "path", to="../config.json"),
    "a path from the root": lambda d: change(d, "files", 0, "path", to="/etc/passwd"),
    "a path with a line break": lambda d: change(d, "files", 1, "path", to="a\nb"),
    "a path twice": lambda d: change(d, "files", 1, "path", to="config.json"),
    "a path in other case": lambda d: change(d, "files", 1, "path", to="Config.JSON"),
    "a file for a folder": lambda d: change(d, "files", 1, "path", to="config.json/a"),
    "a larger size": lambda d: change(d, "files", 0, "size", to=601),
    "a smaller size": lambda d: change(d, "files", 0, "size", to=599),
    "a negative size": lambda d: change(d, "files", 1, "size", to=-1),
    "a size that is a truth": lambda d: change(d, "files", 1, "size", to=False),
    "no pieces": lambda d: change(d, "files", 0, "pieces", to=[]),
    "a gap": lambda d: change(d, "files", 0, "pieces", 0, 0, to=1),
    "an overlap": lambda d: d["files"][0]["pieces"].append(d["files"][0]["pieces"][0]),
    "an empty piece": lambda d: change(
        d, "files", 1, "pieces", to=[[0, 0, "a", "empty", 0]]
    ),
    "a piece of four": lambda d: d["files"][0]["pieces"][0].pop(),
    "a bad segment": lambda d: change(d, "files", 0, "pieces", 0, 2, to="A"),
    "an empty item": lambda d: change(d, "files", 0, "pieces", 0, 3, to=""),
    "a moved item": lambda d: change(d, "files", 0, "pieces", 0, 4, to=1),
    "a negative offset": lambda d: change(d, "files", 0, "pieces", 0, 4, to=-1),
    "a tensor that does not start": lambda d: change(
        d, "files", 2, "pieces", 1, 4, to=64
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_bent_map_is_refused(what: str) -> None:
    document = json.loads(DOCUMENT)
    CHANGES[what](document)

    with pytest.raises(IntegrityError):
        maps.parse_map(canonical.to_json(document))


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b"[" * 100_000, DOCUMENT + b" ", DOCUMENT[:-1], b"\xff"]
)
def test_what_is_no_map_is_refused(data: bytes) -> None:
    with pytest.raises(IntegrityError):
        maps.parse_map(data)


@given(st.binary(max_size=200))
def test_nothing_but_our_own_error_comes_out(data: bytes) -> None:
    with pytest.raises(IntegrityError):
        maps.parse_map(data)


def test_more_pieces_than_the_cap_are_refused_over_all_files() -> None:
    pieces = [[0, 1, "a", "a", 0]]

    with pytest.raises(IntegrityError, match="too many pieces"):
        maps._file({"path": "a", "size": 1, "pieces": pieces}, 0)


def test_a_plan_that_leaves_bytes_out_gets_no_map() -> None:
    empty = PlannedSegment(name="architecture", part="architecture", pieces=())

    with pytest.raises(InputError):
        maps.map_document(Plan(segments=(empty,)), FILES)
