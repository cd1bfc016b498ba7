"""Importing Strongroom is cheap; import-linter in `./dev lint` checks the tiers."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_MODULES = 12
"""Ours, not the standard library's: the package and what it says at import."""

HEAVY = ("alembic", "cedarpy", "cryptography", "numpy", "rich", "sqlalchemy", "typer")

COUNT = """
import sys
before = set(sys.modules)
import strongroom
print(*sorted(set(sys.modules) - before))
"""


def imported() -> list[str]:
    """Return the modules that ``import strongroom`` loads in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", COUNT], check=True, capture_output=True, text=True
    )
    return done.stdout.split()


def test_importing_the_package_loads_nothing_heavy() -> None:
    loaded = {name.partition(".")[0] for name in imported()}

    assert loaded.isdisjoint(HEAVY)


def test_importing_the_package_loads_few_of_our_modules() -> None:
    ours = [name for name in imported() if name.startswith("strongroom")]

    assert len(ours) <= MOST_MODULES


def test_each_folder_of_code_is_a_package_so_that_the_layers_see_it() -> None:
    # import-linter is blind to folders without __init__; Alembic runs its own.
    folders = {path.parent for path in (ROOT / "src" / "strongroom").rglob("*.py")}
    blind = {folder for folder in folders if not (folder / "__init__.py").exists()}

    assert [str(f) for f in blind if "migrations" not in f.parts] == []


def test_each_part_of_the_package_has_a_tier() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = project["tool"]["importlinter"]["contracts"]
    tiers = next(c for c in contracts if c["type"] == "layers")["layers"]
    named = {part.strip(" ()") for tier in tiers for part in tier.split("|")}
    package = ROOT / "src" / "strongroom"
    parts = {p.stem for p in package.iterdir() if p.suffix in {".py", ""}}

    assert parts - named <= {"__init__", "__main__", "__pycache__"}
