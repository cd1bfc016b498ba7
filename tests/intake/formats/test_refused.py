"""What does not enter says why, and what to run first."""

from __future__ import annotations

import pytest

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats import refused as subject
from tests.intake.hostile import rewritten


@pytest.mark.parametrize("kind", sorted(subject.REFUSALS))
def test_every_refusal_says_what_to_do_instead(kind: str) -> None:
    with pytest.raises(RefusedError) as refused:
        rewritten(subject.refusing_kind(kind), b"", "model.x")

    assert refused.value.hint
    assert "'model.x'" in str(refused.value)


def test_cve_2025_9905_a_legacy_hdf5_model_is_refused() -> None:
    error = subject.refusal_of("hdf5", "model.h5")

    assert "model.keras" in error.hint


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("modeling_x.py", "code"),
        ("sub/LIB.SO", "code"),
        ("Dockerfile", "code"),
        ("train.ipynb", "code"),
        ("model.7z", "7z"),
        ("model.pte", "executorch"),
        ("image.PNG", "left-out"),
        ("requirements.txt", "left-out"),
        ("runs/events.out.tfevents.1700000000.host", "left-out"),
        ("package.json", "left-out"),
        (".vscode/tasks.json", "left-out"),
        (".mcp.json", "left-out"),
        ("jupyter_notebook_config.json", "left-out"),
        ("model.safetensors", ""),
        ("py", ""),
    ],
)
def test_a_name_tells_what_no_other_rule_does(path: str, kind: str) -> None:
    assert subject.kind_by_name(path) == kind


def test_a_kind_that_nobody_knows_is_refused_too() -> None:
    assert subject.refusal_of("new", "x").rule == "refused/unknown"


def test_what_is_left_out_is_named_and_nothing_comes_out() -> None:
    result, files = rewritten(subject.leave_out, b"\x89PNG", "a.png")

    assert files == {}
    assert "'a.png'" in result.changes[0]


@pytest.mark.parametrize("name", ["train.log", "a.png", "logo.csv", "x.sig"])
def test_what_is_left_out_is_refused_if_it_is_a_pickle(name: str) -> None:
    """A pickle of letters in ``train.log`` did not keep a model from passing."""
    with pytest.raises(RefusedError, match="pickle"):
        rewritten(subject.leave_out, b"cos\nsystem\n(S'id'\ntR.", name)
