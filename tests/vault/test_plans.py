"""The default plan puts every byte in one segment that is not too large."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import InputError
from strongroom.intake.formats.safetensors import TensorEntry, tensor_bytes
from strongroom.vault import plans
from strongroom.vault.segments import Plan, pieces_of, verify_coverage
from strongroom.vault.sources import SourceFile
from tests.vault.models import entries_file, models, plain_file, tensor_file

VECTOR = json.loads(
    (Path(__file__).parents[1] / "vectors" / "plan_minilm.json").read_text()
)


def minilm() -> list[SourceFile]:
    files = []
    for file in VECTOR["files"]:
        if "tensors" not in file:
            files.append(plain_file(file["path"], file["size"]))
            continue
        entries: list[TensorEntry] = []
        begin = 0
        for name, dtype, shape in file["tensors"]:
            end = begin + tensor_bytes(dtype, shape, name=name)
            entries.append(
                TensorEntry(
                    name=name, dtype=dtype, shape=tuple(shape), begin=begin, end=end
                )
            )
            begin = end
        files.append(entries_file(file["path"], bytes(file["header_bytes"]), entries))
    return files


def lengths(plan: Plan) -> dict[str, int]:
    return {segment.name: segment.length for segment in plan.segments}


def test_the_plan_of_a_real_model_is_the_published_one() -> None:
    plan = plans.default_plan(minilm())

    assert [[s.name, s.part, s.length] for s in plan.segments] == VECTOR["segments"]


@given(models(), st.integers(1, 100))
def test_every_byte_lies_in_exactly_one_piece(
    files: tuple[SourceFile, ...], percent: int
) -> None:
    plan = plans.default_plan(files, most_percent=percent)

    verify_coverage(plan, files)
    assert plan.length == sum(file.size for file in files)


@given(models(), st.integers(1, 100))
def test_no_segment_is_over_the_limit_and_only_architecture_may_be_empty(
    files: tuple[SourceFile, ...], percent: int
) -> None:
    plan = plans.default_plan(files, most_percent=percent)

    most = max(64, plan.length * percent // 100)
    assert all(segment.length <= most for segment in plan.segments)
    assert all(segment.pieces for segment in plan.segments[1:])


@given(models(), st.integers(1, 100))
def test_cuts_lie_on_multiples_of_64_bytes(
    files: tuple[SourceFile, ...], percent: int
) -> None:
    plan = plans.default_plan(files, most_percent=percent)

    for segment in plan.segments:
        assert all(piece.item_offset % 64 == 0 for piece in segment.pieces)


@given(models())
def test_the_same_files_give_the_same_plan(files: tuple[SourceFile, ...]) -> None:
    assert plans.default_plan(files) == plans.default_plan(files)


def test_small_blocks_are_joined_and_a_large_one_is_cut() -> None:
    tensors = [(f"model.layers.{i}.w", "F32", [50, 50]) for i in range(8)]
    tensors.append(("model.layers.8.w", "F32", [100, 300]))
    files = [tensor_file("m.safetensors", tensors)]

    plan = plans.default_plan(files, most_percent=25)

    assert list(lengths(plan)) == [
        "architecture",
        "blocks.0-4",
        "blocks.5-7",
        "blocks.8.0",
        "blocks.8.1",
        "blocks.8.2",
    ]


def test_a_block_is_one_segment_although_it_lies_in_two_files() -> None:
    files = [
        tensor_file(
            "a.safetensors", [("h.0.q", "F32", [9, 9]), ("wte", "F32", [9, 9])]
        ),
        tensor_file("b.safetensors", [("h.0.k", "F32", [9, 9])]),
    ]

    plan = plans.default_plan(files, most_percent=90)

    (block,) = [s for s in plan.segments if s.name == "blocks.0"]
    assert [piece.path for piece in block.pieces] == ["a.safetensors", "b.safetensors"]


def test_encoder_and_decoder_are_not_mixed() -> None:
    tensors = [
        (f"{stack}.layers.{i}.w", "F32", [64, 64])
        for stack in ("encoder", "decoder")
        for i in range(2)
    ]

    plan = plans.default_plan([tensor_file("m", tensors)], most_percent=60)

    assert list(lengths(plan)) == [
        "architecture",
        "blocks.decoder.0-1",
        "blocks.encoder.0-1",
    ]


def test_stacks_whose_names_look_alike_get_different_segments() -> None:
    tensors = [("A_b.0.w", "F32", [64, 64]), ("a.b.0.w", "F32", [64, 64])]

    plan = plans.default_plan([tensor_file("m", tensors)], most_percent=60)

    assert list(lengths(plan)) == ["architecture", "blocks.a-b.0", "blocks.a-b-2.0"]


def test_many_numbered_names_do_not_become_many_segments() -> None:
    tensors = [(f"x{i}.{j}.w", "F32", [8, 8]) for i in range(100) for j in range(3)]

    plan = plans.default_plan([tensor_file("m", tensors)])

    assert len(plan.segments) < 20
    assert any(name.startswith("blocks.0") for name in lengths(plan))


def test_one_dimension_and_none_are_biases_unless_they_are_flattened_weights() -> None:
    files = [
        tensor_file(
            "m.safetensors",
            [
                ("layers.0.norm", "F32", [64]),
                ("temperature", "F32", []),
                ("_flat_param", "F32", [400_000]),
            ],
        )
    ]

    plan = plans.default_plan(files, most_percent=100)

    parts = {p.tensor: s.part for s in plan.segments for p in s.pieces}
    assert parts["layers.0.norm"] == parts["temperature"] == "biases"
    assert parts["_flat_param"] == "weights"


def test_a_large_file_that_is_no_safetensors_counts_as_weights() -> None:
    files = [
        plain_file("config.json", 600),
        tensor_file("m.safetensors", [("lm_head.weight", "F32", [512, 512])]),
        plain_file("model.gguf", 3 * 2**20),
        plain_file("tokenizer.json", 2**20),
    ]

    plan = plans.default_plan(files, most_percent=40)

    parts = {p.path: s.part for s in plan.segments for p in s.pieces if not p.tensor}
    assert parts["model.gguf"] == "weights"
    assert parts["config.json"] == parts["tokenizer.json"] == "architecture"
    assert [name for name in lengths(plan) if name.startswith("files")] == [
        "files.0",
        "files.1",
    ]


def test_one_small_file_alone_is_cut_like_weights() -> None:
    plan = plans.default_plan([plain_file("weights.gguf", 100_000)])

    assert lengths(plan).pop("architecture") == 0
    assert len(plan.segments) == 12
    assert {segment.part for segment in plan.segments[1:]} == {"weights"}


def test_an_architecture_over_the_limit_is_cut_too() -> None:
    files = [tensor_file("m.safetensors", [(f"t{i}", "U8", [1, 9]) for i in range(99)])]

    plan = plans.default_plan(files)

    names = list(lengths(plan))
    assert names[:2] == ["architecture", "architecture.1"]
    assert plan.segments[1].part == "architecture"


def test_a_segment_has_a_bounded_number_of_pieces() -> None:
    pieces = pieces_of([plain_file(f"{i}", 1) for i in range(50_001)])

    assert [len(found) for found in plans.pack(pieces, 10**9)] == [50_000, 1]


@pytest.mark.parametrize("percent", [0, -1, 101])
def test_a_share_that_is_no_percentage_is_refused(percent: int) -> None:
    with pytest.raises(InputError, match="most_percent"):
        plans.default_plan([plain_file("a", 1)], most_percent=percent)
