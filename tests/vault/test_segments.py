"""Pieces cover every byte once, and rules are met before anything is sealed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import InputError, SetupError
from strongroom.vault import plans, segments
from strongroom.vault.sources import SourceFile
from tests.vault.models import models, plain_file, tensor_file

FILES = (
    tensor_file("m.safetensors", [("a", "F32", [64, 64]), ("b", "F32", [8])]),
    plain_file("z.json", 100),
)


def whole(pieces: tuple[segments.Piece, ...]) -> segments.Plan:
    return segments.Plan(
        segments=(
            segments.PlannedSegment(
                name="architecture", part="architecture", pieces=pieces
            ),
        )
    )


@given(models())
def test_pieces_cover_every_byte_of_every_file_once(
    files: tuple[SourceFile, ...],
) -> None:
    seen = [0] * len(files)

    for piece in segments.pieces_of(files):
        assert piece.file_offset == seen[piece.file]
        assert piece.item_offset == 0
        seen[piece.file] += piece.length

    assert seen == [file.size for file in files]


@given(models(), st.integers(1, 100))
def test_items_say_where_each_range_lies_in_its_file(
    files: tuple[SourceFile, ...], percent: int
) -> None:
    plan = plans.default_plan(files, most_percent=percent)

    for segment in plan.segments:
        items = segments.items_of(segment)
        found = {
            (item.file, item.file_start + offset, length)
            for item in items
            for offset, length in item.ranges
        }
        assert found == {(p.file, p.file_offset, p.length) for p in segment.pieces}
        assert len({(item.file, item.name) for item in items}) == len(items)
        for item in items:
            assert (item.dtype is None) == (item.shape is None)
            assert list(item.ranges) == sorted(item.ranges)


def test_two_ranges_of_one_item_in_one_segment_are_one_item() -> None:
    piece = segments.pieces_of(FILES)[1]
    first = replace(piece, length=64)
    last = replace(
        piece,
        item_offset=128,
        file_offset=piece.file_offset + 128,
        length=piece.length - 128,
    )

    (item,) = segments.items_of(whole((last, first)).segments[0])

    assert item.name == "a"
    assert item.shape == (64, 64)
    assert item.ranges == ((0, 64), (128, piece.length - 128))


def test_what_has_no_bytes_has_no_piece() -> None:
    files = (plain_file("empty", 0), tensor_file("m", [("a", "F32", [0, 3])]))

    (header,) = segments.pieces_of(files)

    assert header.tensor is None
    assert header.file == 1


def test_a_tensor_named_like_its_file_is_refused() -> None:
    """It would be the same item as the header of that file."""
    with pytest.raises(InputError, match="its own name"):
        segments.pieces_of([tensor_file("m", [("m", "U8", [1])])])


@pytest.mark.parametrize("name", ["a", "blocks.0-3", "0", "x" * 63])
def test_good_names_pass(name: str) -> None:
    segments.verify_segment_name(name)


@pytest.mark.parametrize(
    "name", ["", ".", "-a", "A", "a/b", "a_b", "ä", "a\n", "x" * 64, "a b", "٣"]
)
def test_bad_names_are_refused(name: str) -> None:
    with pytest.raises(InputError):
        segments.verify_segment_name(name)


def test_a_plan_with_a_name_twice_or_no_architecture_is_refused() -> None:
    one = whole(()).segments[0]

    with pytest.raises(InputError, match="twice"):
        segments.Plan(segments=(one, one))
    with pytest.raises(InputError, match="first segment"):
        segments.Plan(segments=(replace(one, name="other"),))
    with pytest.raises(InputError, match="first segment"):
        segments.Plan(segments=())


def test_a_plan_that_loses_doubles_or_invents_bytes_is_refused() -> None:
    pieces = segments.pieces_of(FILES)
    segments.verify_coverage(whole(pieces), FILES)
    bent = [
        pieces[:-1],
        pieces[1:],
        (*pieces, pieces[1]),
        (*pieces[:-1], replace(pieces[-1], length=99)),
        (*pieces[:-1], replace(pieces[-1], length=101)),
        (*pieces, replace(pieces[-1], file=2)),
        (*pieces, replace(pieces[-1], file=-1)),
        (*pieces, replace(pieces[-1], length=0)),
    ]

    for bad in bent:
        with pytest.raises(InputError):
            segments.verify_coverage(whole(bad), FILES)


def test_a_segment_over_half_the_person_cap_is_refused() -> None:
    plan = plans.default_plan([plain_file("f", 100_000)], most_percent=10)
    largest = max(segment.length for segment in plan.segments)

    segments.verify_plan(
        plan, total_bytes=5 * largest, person_cap_percent=40, pair_cap_percent=45
    )
    with pytest.raises(InputError, match="over half") as refusal:
        segments.verify_plan(
            plan,
            total_bytes=5 * largest - 1,
            person_cap_percent=40,
            pair_cap_percent=45,
        )
    assert "most_percent = 20" in refusal.value.hint


@pytest.mark.parametrize(
    ("person", "pair"), [(46, 45), (25, 100), (120, 120), (0, 45), (-1, 45)]
)
def test_caps_that_contradict_each_other_are_refused(person: int, pair: int) -> None:
    plan = plans.default_plan(FILES)

    with pytest.raises(SetupError):
        segments.verify_plan(
            plan,
            total_bytes=plan.length,
            person_cap_percent=person,
            pair_cap_percent=pair,
        )
