"""A pickle is not sealed as it is, whatever it is called."""

from __future__ import annotations

import pytest

from strongroom.errors import InputError
from strongroom.vault import pickles


@pytest.mark.parametrize(
    "ending", [".pt", ".pth", ".bin", ".ckpt", ".pkl", ".dill", ".PT"]
)
def test_a_pickle_is_known_by_its_ending(ending: str) -> None:
    with pytest.raises(InputError, match="pickle") as refusal:
        pickles.verify_ending("model" + ending)
    assert "intake" in refusal.value.hint
