"""A job comes back as it was told, and nothing else is taken for one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import InputError, IntegrityError
from strongroom.intake.jobs import MOST_FILES, Item, ReadingJob
from strongroom.intake.rewriting import Options

ITEMS = st.builds(
    Item,
    path=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
    offset=st.integers(0, 2**53 - 1),
    length=st.integers(0, 2**53 - 1),
)


@given(st.lists(ITEMS, max_size=5), st.booleans())
def test_a_job_comes_back(items: list[Item], salvage: bool) -> None:
    types = ("mylab.models.Scaler",) if salvage else ()
    job = ReadingJob.of(items, Options(salvage=salvage, types=types))
    assert ReadingJob.from_bytes(job.to_bytes()) == job


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        {"v": 2, "files": [], "salvage": False, "types": []},
        {"v": 1, "files": [], "salvage": 0, "types": []},
        {"v": 1, "files": [], "salvage": False, "types": [], "more": 1},
        {"v": 1, "files": [], "salvage": False},
        {"v": 1, "files": [], "salvage": False, "types": [1]},
        {"v": 1, "files": [], "salvage": False, "types": ["os.Evil"]},
        {"v": 1, "files": [["a", 0]], "salvage": False, "types": []},
        {"v": 1, "files": [["a", -1, 0]], "salvage": False, "types": []},
        {"v": 1, "files": [[1, 0, 0]], "salvage": False, "types": []},
    ],
)
def test_what_is_no_job_is_refused(document: object) -> None:
    data = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises((InputError, IntegrityError)):
        ReadingJob.from_bytes(data)


def test_too_many_files_are_refused() -> None:
    items = [Item(path="a", offset=0, length=0)] * (MOST_FILES + 1)
    with pytest.raises(InputError, match="more than"):
        ReadingJob.of(items, Options())
