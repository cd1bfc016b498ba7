"""The locks are fresh, hashed, and name no place to download from."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
NEEDS = ROOT / "requirements"
LOCKS = ["demo", "dev"]
PIN = re.compile(
    r"^(?P<name>[a-z0-9-]+)==(?P<version>[^ ]+)(?: ; [^\\]+)? \\\n"
    r"(?P<hashes>(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)",
    re.MULTILINE,
)
PLACE = re.compile(r"://|file:|--(extra-)?index|--find-links|(?<!\w)/\w+/", re.ASCII)


def pins(lock: str) -> dict[str, set[str]]:
    """Return the versions of each package in a lock; some differ by Python."""
    found: dict[str, set[str]] = {}
    for match in PIN.finditer((NEEDS / f"{lock}.lock").read_text()):
        found.setdefault(match["name"], set()).add(match["version"])
    return found


def wanted(lock: str) -> list[Requirement]:
    """Return what the lock must satisfy."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines: list[str] = [*project["dependencies"]]
    files = ["demo.in"]
    if lock == "dev":
        for extra in project["optional-dependencies"].values():
            lines += extra
        files.append("dev.in")
    for name in files:
        rows = (NEEDS / name).read_text().splitlines()
        bare = [row.partition("#")[0].strip() for row in rows]
        lines += [row for row in bare if row and not row.startswith("-r")]
    return [Requirement(line) for line in lines]


def test_the_locks_are_newer_than_what_they_were_made_from() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "dev", "lock", "--check"],
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_satisfies_every_requirement(lock: str) -> None:
    locked = pins(lock)

    for requirement in wanted(lock):
        for version in locked[canonicalize_name(requirement.name)]:
            assert requirement.specifier.contains(version), requirement


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_of_a_lock_has_a_hash(lock: str) -> None:
    text = (NEEDS / f"{lock}.lock").read_text()
    heads = [line for line in text.splitlines() if line and line[0] not in " #"]

    assert len(heads) == len(PIN.findall(text)) > 0


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_host_and_no_folder_of_a_machine(lock: str) -> None:
    text = (NEEDS / f"{lock}.lock").read_text()

    assert PLACE.findall(text) == []


def test_what_is_excluded_is_in_no_lock() -> None:
    lines = (NEEDS / "excluded.txt").read_text().splitlines()
    excluded = {line.split()[0] for line in lines if line and line[0] != "#"}

    assert excluded
    assert excluded.isdisjoint(pins("dev"))
    assert excluded.isdisjoint(pins("demo"))


def test_the_small_lock_is_a_part_of_the_large_one() -> None:
    large = pins("dev")

    assert all(large[name] == versions for name, versions in pins("demo").items())
