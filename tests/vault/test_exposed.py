"""A tensor is recognised in another file, type and plan, and never another one."""

from __future__ import annotations

import pytest

from strongroom.access.footprints import Extent, Footprint, Grain, coordinate
from strongroom.intake.formats.safetensors import DTYPE_BITS
from strongroom.types import Secret
from strongroom.vault.exposed import Exposed
from strongroom.vault.segments import Piece, Plan, PlannedSegment

KEY = Secret(bytes(32))


def piece(
    path: str,
    tensor: str | None = None,
    *,
    file: int = 0,
    dtype: str = "F32",
    shape: tuple[int, ...] = (2, 3),
    start: int = 0,
    length: int = 24,
) -> Piece:
    return Piece(
        file=file,
        path=path,
        tensor=tensor,
        dtype=None if tensor is None else dtype,
        shape=None if tensor is None else shape,
        item_offset=start,
        length=length,
        file_offset=start,
    )


def segment(*pieces: Piece, name: str = "architecture") -> PlannedSegment:
    return PlannedSegment(name=name, part="architecture", pieces=pieces)


def shown(*pieces: Piece) -> Footprint:
    """Return the footprint of a plan of one segment."""
    planned = segment(*pieces)
    return Exposed.of(Plan(segments=(planned,)), key=KEY).footprint(planned)


def names_of(footprint: Footprint) -> set[bytes]:
    return {extent.coordinate for extent in footprint.extents}


def test_a_tensor_is_filed_under_its_folder_and_name() -> None:
    (extent,) = shown(piece("unet/model.safetensors", "w", start=8, length=16)).extents

    assert extent == Extent(
        coordinate(KEY, place="unet", tensor="w"), 8, 24, Grain(elements=6, bits=32)
    )


def test_a_shard_of_another_name_is_recognised() -> None:
    """An int8 version has fewer shards than a float32 one, and other names."""
    first = shown(piece("model-00001-of-00004.safetensors", "w"))
    other = shown(piece("model-00001-of-00002.safetensors", "w", dtype="I8", length=6))

    assert names_of(first) == names_of(other)


def test_two_files_of_one_folder_with_one_name_are_two_tensors() -> None:
    both = shown(piece("a.safetensors", "w"), piece("b.safetensors", "w", file=1))
    one = shown(piece("a.safetensors", "w"))

    assert both.bytes == 48
    assert len(names_of(both)) == 2
    assert not names_of(both) & names_of(one)


def test_two_segments_of_one_plan_agree_on_what_is_alone() -> None:
    """Each sees only its own pieces; the plan decides."""
    first = segment(piece("a.safetensors", "w"))
    second = segment(piece("b.safetensors", "w", file=1), name="b")
    exposed = Exposed.of(Plan(segments=(first, second)), key=KEY)

    assert not names_of(exposed.footprint(first)) & names_of(exposed.footprint(second))


def test_one_name_in_two_folders_is_two_tensors() -> None:
    assert names_of(shown(piece("unet/a.safetensors", "w"))) != names_of(
        shown(piece("text/a.safetensors", "w"))
    )


def test_a_file_is_filed_under_its_path_with_its_length() -> None:
    (extent,) = shown(piece("config.json", length=17)).extents

    assert extent == Extent(
        coordinate(KEY, place="config.json", tensor=None), 0, 17, Grain(elements=17)
    )


def test_a_file_that_is_cut_has_one_length() -> None:
    parts = (piece("a.bin", length=8), piece("a.bin", start=8, length=9))

    assert shown(*parts) == shown(piece("a.bin", length=17))


def test_a_tensor_called_like_a_folder_or_a_file_is_neither() -> None:
    named = names_of(shown(piece("a/m.safetensors", "b"), piece("a/b", file=1)))
    shared = names_of(
        shown(
            piece("x.safetensors", "w"),
            piece("y.safetensors", "w", file=1),
            piece("x.safetensors/z.safetensors", "w", file=2),
        )
    )

    assert len(named) == 2
    assert len(shared) == 3


@pytest.mark.parametrize("dtype", DTYPE_BITS)
def test_every_type_of_safetensors_has_a_grain(dtype: str) -> None:
    length = 8 * DTYPE_BITS[dtype] // 8
    (extent,) = shown(
        piece("m.safetensors", "w", dtype=dtype, shape=(8,), length=length)
    ).extents

    assert extent.grain.elements == 8
    assert extent.grain.bytes == length
    assert extent.grain.whole == (dtype in {"I8", "U8", "I16", "U16"} | {
        "I32", "U32", "I64", "U64",
    })  # fmt: skip


def test_a_scalar_is_one_element() -> None:
    (extent,) = shown(piece("m.safetensors", "w", shape=(), length=4)).extents

    assert extent.grain == Grain(elements=1, bits=32)
