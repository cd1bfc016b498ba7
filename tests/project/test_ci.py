"""On CI nothing is left out: what is absent there fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEEDS = """
from tests.conftest import require

def test_what_needs_a_component() -> None:
    require("a component", present=False)
"""


@pytest.mark.parametrize(
    ("ci", "status", "word"), [("true", 1, "failed"), ("", 0, "skipped")]
)
def test_an_absent_component_fails_on_ci_and_is_skipped_elsewhere(
    tmp_path: Path, ci: str, status: int, word: str
) -> None:
    (tmp_path / "test_it.py").write_text(NEEDS)
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={tmp_path}"]

    done = subprocess.run(
        [sys.executable, *words, str(tmp_path / "test_it.py")],
        cwd=ROOT,
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, f"1 {word}" in done.stdout) == (status, True), done.stdout


def test_ci_runs_everything_and_pytest_has_the_last_word() -> None:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()

    assert lines[-3:] == ["export CI=true", "./dev lint", "./dev test"]
    assert "set -euo pipefail" in lines
