"""What may be asked for at all."""

from __future__ import annotations

from datetime import timedelta

import pytest

from strongroom.errors import DeniedError, InputError
from tests.journeys.rooms import House
from tests.permits.openings import BLOCK


def test_a_missing_purpose_is_refused(sealed: House) -> None:
    with pytest.raises(DeniedError) as caught:
        sealed.by("ana").request("llm", segments=[BLOCK], purpose="  ")
    assert caught.value.reasons == ("purpose-stated",)


@pytest.mark.parametrize(
    "duration", [timedelta(0), timedelta(seconds=-1), timedelta(days=8)]
)
def test_a_duration_outside_the_terms_is_refused(
    sealed: House, duration: timedelta
) -> None:
    with pytest.raises(InputError, match=r"up to 7 d, not (8 d|no time)"):
        sealed.by("ana").request(
            "llm", segments=[BLOCK], purpose="x", duration=duration
        )


def test_less_than_a_byte_is_refused(sealed: House) -> None:
    with pytest.raises(InputError, match="less than one byte"):
        sealed.by("ana").request("llm", segments=[BLOCK], purpose="x", at_most_bytes=0)
