"""Fixtures of the tests of access."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A house's own copy of the policy files."""
    packaged = resources.files("strongroom.access") / "policies"
    with resources.as_file(packaged) as source:
        shutil.copytree(source, tmp_path / "policies")
    return tmp_path / "policies"
