"""A wheel has everything that an installed Strongroom reads."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "strongroom"
BUILD = "import sys, flit_core.buildapi as b; print(b.build_wheel(sys.argv[1]))"


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Give the names of the files in a wheel made from this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-c", BUILD, folder],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    with zipfile.ZipFile(folder / done.stdout.strip()) as wheel:
        return set(wheel.namelist())


def test_each_file_of_the_package_is_in_the_wheel(names: set[str]) -> None:
    paths = [
        p for p in PACKAGE.rglob("*") if p.is_file() and "__pycache__" not in p.parts
    ]

    missing = {str(p.relative_to(ROOT / "src")) for p in paths} - names

    assert missing == set()


@pytest.mark.parametrize("ending", [".cedar", ".cedarschema", ".toml", "py.typed"])
def test_data_of_each_kind_is_in_the_wheel(names: set[str], ending: str) -> None:
    assert [name for name in names if name.endswith(ending)]


def test_migrations_are_in_the_wheel(names: set[str]) -> None:
    folder = "strongroom/database/migrations/"
    versions = [n for n in names if n.startswith(f"{folder}versions/")]

    assert f"{folder}env.py" in names
    assert versions


def test_neither_tests_nor_locks_are_in_the_wheel(names: set[str]) -> None:
    tops = {name.partition("/")[0] for name in names}

    assert tops == {"strongroom", next(t for t in tops if t.endswith(".dist-info"))}


def test_the_licence_is_in_the_wheel(names: set[str]) -> None:
    assert [name for name in names if name.endswith("licenses/LICENSE")]
