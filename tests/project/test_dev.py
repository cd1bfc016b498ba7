"""`dev` explains itself and asks for what it lacks."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import require

ROOT = Path(__file__).parents[2]
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


@pytest.fixture
def bare() -> Iterator[Path]:
    """Give a folder with nothing but `dev` and its requirements."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copy(ROOT / "dev", folder)
        shutil.copytree(ROOT / "requirements", folder / "requirements")
        yield folder


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `dev` of ``folder`` as somebody who may install nothing."""
    prefix = NOBODY if os.geteuid() == 0 else []
    return subprocess.run(
        [*prefix, "/usr/bin/env", "python3", folder / "dev", *words],
        check=False,
        capture_output=True,
        text=True,
    )


def test_help_names_every_task(bare: Path) -> None:
    done = run(bare, "--help")

    tasks = ["demo", "test", "lint", "bench", "campaign", "docs", "lock"]
    assert done.returncode == 0
    assert all(f"./dev {task}" in done.stdout for task in tasks)


@pytest.mark.parametrize("words", [[], ["demos"]])
def test_an_unknown_task_is_a_usage_error(bare: Path, words: list[str]) -> None:
    assert run(bare, *words).returncode == 64


def test_an_absent_debian_package_is_asked_for_in_one_line(bare: Path) -> None:
    require("dpkg-query", present=shutil.which("dpkg-query") is not None)
    (bare / "requirements" / "debian.txt").write_text(
        "# a comment\n\nno-such-package  test bench\nother-package  campaign\n"
    )

    done = run(bare, "test")

    assert done.returncode == 69
    assert done.stderr.count("\n") == 1
    assert "apt-get install" in done.stderr
    assert "no-such-package" in done.stderr
    assert "other-package" not in done.stderr


def test_a_changed_requirement_makes_the_locks_stale(bare: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", bare)
    assert run(bare, "lock", "--check").returncode == 0

    with (bare / "requirements" / "dev.in").open("a") as file:
        file.write("one-more\n")

    done = run(bare, "lock", "--check")
    assert done.returncode == 1
    assert "./dev lock" in done.stderr
