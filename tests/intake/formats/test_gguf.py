"""What is read of a GGUF file is what the gguf package reads, or it is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats import gguf as head
from strongroom.intake.formats import gguf_files as subject
from tests.intake.formats.gguf_maker import (
    made,
    pair,
    tensor,
    text,
    u32,
    u64,
    with_package,
)
from tests.intake.hostile import mutated, rewritten, rewritten_or_refused


def fields(data: bytes, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the package reads: values, and tensors with type, shape and bytes."""
    path = folder / "read.gguf"
    path.write_bytes(data)
    reader = gguf.GGUFReader(path)
    return (
        {name: field.contents() for name, field in reader.fields.items()},
        {
            t.name: (int(t.tensor_type), list(t.shape), bytes(t.data))
            for t in reader.tensors
        },
    )


def rule_of(data: bytes) -> str:
    with pytest.raises(RefusedError) as refused:
        rewritten(subject.rewrite, data, "m.gguf")
    return refused.value.rule


def test_blocks_have_the_sizes_of_the_package() -> None:
    theirs = {int(kind): size for kind, size in gguf.GGML_QUANT_SIZES.items()}

    assert dict(head.BLOCKS).items() <= theirs.items()


def test_values_and_tensors_come_out_as_the_package_reads_them(tmp_path: Path) -> None:
    data = with_package(tmp_path)
    result, files = rewritten(subject.rewrite, data, "sub/m.gguf")

    before, after = fields(data, tmp_path), fields(files["sub/m.gguf"], tmp_path)
    assert after[1] == before[1]
    names = [n for n in before[0] if not n.startswith("GGUF.")]
    assert {n: after[0][n] for n in names} == {n: before[0][n] for n in names}
    assert len(before[1]) == 3
    assert result.facts["types"] == [0, 8, 30]


def test_a_file_of_version_2_comes_out_too(tmp_path: Path) -> None:
    data = made([pair("a", 4, u32(7))], [tensor("w", [2], 0, 0)], bytes(8), version=2)

    _, files = rewritten(subject.rewrite, data, "m.gguf")

    assert fields(files["m.gguf"], tmp_path)[1]["w"] == (0, [2], bytes(8))


def test_what_lies_between_tensors_does_not_come_out() -> None:
    data = made(
        [],
        [tensor("a", [1], 0, 0), tensor("b", [1], 0, 32)],
        b"1234" + (b"EVIL" * 7 + b"5678"),
    )
    _, files = rewritten(subject.rewrite, data, "m.gguf")

    assert b"EVIL" not in files["m.gguf"]


def test_two_equal_names_at_the_end_of_a_long_list_are_found() -> None:
    """Once each name was looked for in the whole list: of 65,000, two minutes."""
    names = [*(f"k.{n:05d}" for n in range(60_000)), "last", "last"]
    pairs = [pair(name, 7, b"\0") for name in names]

    assert rule_of(made(pairs)) == "gguf/twice"


def test_cve_2024_34359_a_chat_template_that_runs_code_is_refused() -> None:
    attack = "{{ ().__class__.__base__.__subclasses__() }}"
    for key in ("tokenizer.chat_template", "tokenizer.chat_template.tool_use"):
        assert rule_of(made([pair(key, 8, text(attack))])) == "template/call"


def test_an_array_that_claims_2_to_the_61_items_is_refused_at_once() -> None:
    """The ``gguf`` package 0.19 does not come back from this file."""
    claimed = u32(0) + u64(2**61)
    assert rule_of(made([pair("a", 9, claimed)])) == "gguf/size"


def test_cve_2024_21802_more_dimensions_than_there_is_room_for_are_refused() -> None:
    assert rule_of(made([], [tensor("a", [1] * 5, 0, 0)])) == "gguf/shape"


def test_cve_2024_23496_a_text_of_almost_2_to_the_64_bytes_is_refused() -> None:
    assert rule_of(made([pair("a", 8, u64(2**64 - 1))])) == "gguf/size"


def test_cve_2024_21836_more_tensors_than_a_file_can_hold_are_refused() -> None:
    assert rule_of(b"GGUF" + u32(3) + u64(2**63) + u64(0)) == "gguf/size"


def test_cve_2024_23605_more_values_than_a_file_can_hold_are_refused() -> None:
    assert rule_of(b"GGUF" + u32(3) + u64(0) + u64(2**63)) == "gguf/size"


def test_cve_2024_21825_an_array_of_almost_2_to_the_64_texts_is_refused() -> None:
    assert rule_of(made([pair("a", 9, u32(8) + u64(2**64 - 1))])) == "gguf/size"


def test_cve_2025_53630_tensor_sizes_that_overflow_are_refused() -> None:
    overflow = [2**32, 2**32, 1, 1]
    assert rule_of(made([], [tensor("a", overflow, 0, 0)], bytes(8))) == "gguf/shape"


def test_cve_2025_49847_a_token_over_the_cap_is_refused() -> None:
    long = u32(8) + u64(1) + u64(2**31) + b"x"
    assert rule_of(made([pair("tokenizer.ggml.tokens", 9, long)])) == "gguf/size"


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"GGUF", "file/cut"),
        (b"GGML" + bytes(20), "gguf/head"),
        (made([], version=1), "gguf/head"),
        (b"GGUF" + (3).to_bytes(4, "big") + bytes(16), "gguf/head"),
        (made([pair("a", 13, b"")]), "gguf/type"),
        (made([pair("a", 7, b"\x02")]), "gguf/type"),
        (made([pair("a", 9, u32(9) + u64(1))]), "gguf/type"),
        (made([pair("a", 9, u32(4) + u64(9))]), "file/cut"),
        (made([pair("a\n", 4, u32(1))]), "gguf/name"),
        (made([pair("a", 4, u32(1))] * 2), "gguf/twice"),
        (made([pair("a", 8, u64(1) + b"\xff")]), "gguf/text"),
        (made([pair("general.alignment", 4, u32(0))]), "gguf/layout"),
        (made([pair("general.alignment", 4, u32(24))]), "gguf/layout"),
        (made([pair("general.alignment", 4, u32(2**31))]), "gguf/layout"),
        (made([pair("general.alignment", 5, u32(64))]), "gguf/layout"),
        (made([], [tensor("a", [1], 0, 0)] * 2, bytes(4)), "gguf/twice"),
        (made([], [tensor("a", [1], 99, 0)], bytes(4)), "gguf/type"),
        (made([], [tensor("a", [1], 9, 0)], bytes(40)), "gguf/type"),
        (made([], [tensor("a", [33], 8, 0)], bytes(40)), "gguf/shape"),
        (made([], [tensor("a", [0], 0, 0)]), "gguf/shape"),
        (made([], [tensor("a", [], 0, 0)]), "gguf/shape"),
        (made([], [tensor("a", [2], 0, 0)], bytes(4)), "file/cut"),
        (made([], [tensor("a", [1], 0, 4)], bytes(8)), "gguf/layout"),
        (made([], [tensor("a", [1], 0, 2**63)], bytes(8)), "gguf/layout"),
        (
            made([], [tensor("a", [9], 0, 0), tensor("b", [1], 0, 32)], bytes(36)),
            "gguf/layout",
        ),
        (made([], [tensor("a", [1], 0, 0)], bytes(64)), "gguf/layout"),
        (made([], [tensor("a" * 64, [1], 0, 0)], bytes(4)), "gguf/size"),
        (made([], [tensor("a\x1b", [1], 0, 0)], bytes(4)), "gguf/name"),
        (
            made(
                [
                    pair("tokenizer.ggml.tokens", 9, u32(8) + u64(1) + text("a")),
                    pair("tokenizer.ggml.scores", 9, u32(6) + u64(0)),
                ]
            ),
            "gguf/tokenizer",
        ),
        (made([pair("tokenizer.ggml.tokens", 4, u32(1))]), "gguf/tokenizer"),
    ],
)
def test_a_head_that_is_not_what_it_claims_is_refused(data: bytes, rule: str) -> None:
    assert rule_of(data) == rule


REAL = made(
    [
        pair("general.architecture", 8, text("llama")),
        pair("tokenizer.ggml.tokens", 9, u32(8) + u64(2) + text("a") + text("b")),
        pair("x", 7, b"\x01"),
    ],
    [tensor("a", [32], 8, 0), tensor("b", [2, 2], 0, 64)],
    np.arange(80, dtype="u1").tobytes(),
)


@given(st.data())
def test_a_changed_file_is_refused_or_comes_out_as_it_reads(
    data: st.DataObject,
) -> None:
    changed = data.draw(mutated(REAL))
    files = rewritten_or_refused(subject.rewrite, changed, "m.gguf")

    if files is not None:
        again = rewritten(subject.rewrite, files["m.gguf"], "m.gguf")[1]
        assert again == files
