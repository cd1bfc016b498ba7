"""A job that could not be run as it is meant is refused before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.errors import InputError
from strongroom.sandboxes.port import Ending, Job, Limits, Outcome, Readable


def test_a_limit_of_nothing_is_no_limit() -> None:
    with pytest.raises(InputError, match="memory_bytes"):
        Limits(memory_bytes=0)


@pytest.mark.parametrize("target", ["data", "/data/../etc", "/", ""])
def test_a_place_that_leads_elsewhere_is_refused(target: str) -> None:
    with pytest.raises(InputError):
        Readable(source=Path("/etc"), target=target)


@pytest.mark.parametrize("argv", [(), ("python", "a\0b")])
def test_a_job_without_a_program_is_refused(argv: tuple[str, ...]) -> None:
    with pytest.raises(InputError):
        Job(argv=argv)


@pytest.mark.parametrize("numbers", [(2,), (3, 3), tuple(range(3, 30))])
def test_descriptors_are_few_and_not_the_standard_ones(
    numbers: tuple[int, ...],
) -> None:
    with pytest.raises(InputError):
        Job(argv=("python",), descriptors=numbers)


@pytest.mark.parametrize("ending", Ending)
def test_every_ending_has_a_sentence(ending: Ending) -> None:
    assert Outcome(ending=ending, status=7).sentence()
