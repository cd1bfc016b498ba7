"""Each script in ``examples`` runs as it stands, and says what it promises."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conftest import require
from tests.project.newcomer import ROOT, shell, small_model

EXAMPLES = ROOT / "examples"
SAYS = {
    "outsider.py": ("everything holds", "one entry changed:", "differs from there on"),
    "solo.py": (
        "tensors of blocks.0 are model.layers.0.mlp.weight",
        "2 of 2 files came back byte for byte",
    ),
    "torch_layer.py": ("blocks.0: 1 tensors", "has 128 numbers"),
    "two_teams.py": (
        "with one approval: request-",
        "with two: ",
        "the rest: the account would hold",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SAYS))
def test_an_example_does_what_it_says(name: str, tmp_path: Path) -> None:
    require("torch", present=name != "torch_layer.py" or find_spec("torch") is not None)
    model = small_model(tmp_path / "model")
    folder = tmp_path / "new"
    folder.mkdir()

    done = subprocess.run(
        [sys.executable, EXAMPLES / name, model, folder],
        env=shell(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stderr, done.returncode) == ("", 0)
    assert [sentence for sentence in SAYS[name] if sentence not in done.stdout] == []


def test_no_example_is_left_without_a_test() -> None:
    # tests/specification, tests/intake
    elsewhere = {"independent_reader.py", "issue_advisories.py"}

    assert {path.name for path in EXAMPLES.glob("*.py")} == set(SAYS) | elsewhere
