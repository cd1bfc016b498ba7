"""A plan file says what it means, or is refused with the place in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import InputError
from strongroom.vault.planfiles import parse_plan_file, plan_from_toml
from strongroom.vault.segments import verify_coverage
from strongroom.vault.sources import SourceFile
from tests.vault.models import models, plain_file, tensor_file

FILES = (
    tensor_file(
        "model.safetensors",
        [
            *(
                (f"model.layers.{layer}.mlp.experts.{expert}.w", "F32", [64, 64])
                for layer in range(2)
                for expert in range(4)
            ),
            ("lm_head.weight", "F32", [64, 64]),
            ("norm", "F32", [64]),
        ],
    ),
    plain_file("secret.json", 900),
    plain_file("tokenizer.json", 400),
)

EXPERTS = """
most_percent = 60

[[segment]]
name = "first-expert"
match = ["model.layers.*.experts.0.*"]

[[segment]]
name = "experts"
match = ["*.experts.*"]
most_percent = 30

[[segment]]
name = "private"
part = "biases"
match = ["secret.json", "norm"]
"""


def test_rules_take_in_order_and_the_rest_is_planned_as_usual() -> None:
    plan = plan_from_toml(EXPERTS, FILES)

    verify_coverage(plan, FILES)
    assert [(s.name, s.part) for s in plan.segments] == [
        ("architecture", "architecture"),
        ("first-expert", "weights"),
        ("experts.0", "weights"),
        ("experts.1", "weights"),
        ("experts.2", "weights"),
        ("private", "biases"),
        ("head", "weights"),
    ]
    assert {p.item for p in plan.segments[5].pieces} == {"secret.json", "norm"}
    assert {p.path for p in plan.segments[0].pieces} == {
        "model.safetensors",
        "tokenizer.json",
    }


def test_a_file_without_rules_is_the_default_plan_with_its_share() -> None:
    assert parse_plan_file("").most_percent == 10
    assert parse_plan_file("most_percent = 5").most_percent == 5
    names = [s.name for s in plan_from_toml("most_percent = 100", FILES).segments]
    assert names == ["architecture", "biases", "blocks.0-1", "head"]


@given(models(), st.sampled_from(["*", "*weight*", "*.json", "*.0.*", "f0.*"]))
def test_rules_never_lose_a_byte(files: tuple[SourceFile, ...], pattern: str) -> None:
    try:
        plan = plan_from_toml(f'[[segment]]\nname="mine"\nmatch=["{pattern}"]', files)
    except InputError as refusal:
        assert "matches nothing" in str(refusal)  # noqa: PT017  the only refusal
        return
    verify_coverage(plan, files)


def test_headers_stay_in_the_architecture_whatever_matches() -> None:
    plan = plan_from_toml('[[segment]]\nname = "all"\nmatch = ["*"]', FILES)

    (piece,) = plan.segments[0].pieces
    assert piece.path == "model.safetensors"
    assert piece.tensor is None


def test_what_is_left_over_is_refused_on_request() -> None:
    text = 'rest = "refuse"\n' + EXPERTS

    with pytest.raises(InputError, match=r"leaves 2 .*'lm_head.weight'") as refusal:
        plan_from_toml(text, FILES)
    assert "add a pattern" in refusal.value.hint


def test_a_pattern_that_matches_nothing_is_a_typing_error() -> None:
    text = '[[segment]]\nname = "a"\nmatch = ["model.layres.*"]'

    with pytest.raises(InputError, match=r"'model\.layres\.\*' of segment 'a'"):
        plan_from_toml(text, FILES)


def test_a_name_that_the_default_plan_makes_too_is_refused() -> None:
    text = 'most_percent = 100\n[[segment]]\nname = "head"\nmatch = ["norm"]'

    with pytest.raises(InputError, match="makes segment 'head' twice"):
        plan_from_toml(text, FILES)


SEGMENT = '[[segment]]\nname = "a"\nmatch = ["*"]\n'


@pytest.mark.parametrize(
    "text",
    [
        "most_percent",
        "a = " + "[" * 100_000,
        "x" * (2**20 + 1),
        "most_percent = 0",
        "most_percent = 101",
        "most_percent = true",
        "most_percent = 9.5",
        'most_percent = "9"',
        'rest = "drop"',
        "rest = []",
        "segments = []",
        "segment = 1",
        "segment = [1]",
        SEGMENT + "parts = 1",
        SEGMENT + 'part = "all"',
        SEGMENT + "part = []",
        SEGMENT + "most_percent = 0",
        "[[segment]]\nmatch = ['*']",
        "[[segment]]\nname = 1\nmatch = ['*']",
        "[[segment]]\nname = '../a'\nmatch = ['*']",
        "[[segment]]\nname = 'architecture'\nmatch = ['*']",
        "[[segment]]\nname = 'a'",
        "[[segment]]\nname = 'a'\nmatch = '*'",
        "[[segment]]\nname = 'a'\nmatch = []",
        "[[segment]]\nname = 'a'\nmatch = ['']",
        "[[segment]]\nname = 'a'\nmatch = [1]",
        f"[[segment]]\nname = 'a'\nmatch = ['{'x' * 257}']",
        SEGMENT * 1001,
    ],
)
def test_a_malformed_plan_file_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_plan_file(text)


@given(st.text() | st.text(st.sampled_from('[]segment="\n.*ax1')))
def test_nothing_but_our_own_error_comes_out(text: str) -> None:
    try:
        plan_from_toml(text, FILES)
    except InputError:
        return


def test_a_hostile_pattern_does_not_hang() -> None:
    files = [tensor_file("m", [("a" * 4000, "F32", [64, 64])])]
    text = f'[[segment]]\nname = "a"\nmatch = ["{"*a" * 120}b"]'

    with pytest.raises(InputError, match="matches nothing"):
        plan_from_toml(text, files)
