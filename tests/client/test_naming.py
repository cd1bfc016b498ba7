"""A path gives a name that tells it from other paths, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.client.naming import default_name
from strongroom.errors import InputError


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/a/My Model", "my-model"),
        ("x/llama-7b.safetensors", "llama-7b"),
        ("a" * 300, "a" * 64),
    ],
)
def test_a_path_gives_a_name(path: str, name: str) -> None:
    assert default_name(Path(path)) == name


@pytest.mark.parametrize("path", ["größe", "模型", "---", "/"])
def test_a_path_whose_letters_would_be_lost_gives_none(path: str) -> None:
    """All folders in other scripts became versions of one model."""
    with pytest.raises(InputError, match="makes no name"):
        default_name(Path(path))
