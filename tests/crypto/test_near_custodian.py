"""A custodian in the desk's own process: what follows from what it unwraps."""

from __future__ import annotations

import os

import pytest

from strongroom.crypto.custody.memory import MemoryCustodian
from strongroom.crypto.keys import derive_share_key
from strongroom.crypto.parts import open_part
from strongroom.errors import SetupError
from tests.contracts.handovers import held_by
from tests.contracts.histories import anchor, verify_extension
from tests.contracts.releases import CONTEXT, INFO, READER, SALT, SHARE, case


@pytest.fixture
def custodian() -> MemoryCustodian:
    return MemoryCustodian("home", random=os.urandom)


def test_it_seals_the_part_of_the_share_that_it_unwraps(
    custodian: MemoryCustodian,
) -> None:
    asked = case(custodian)
    part = open_part(
        asked.ask(custodian),
        READER,
        info=INFO,
        entry=asked.order.entry,
        context=CONTEXT,
        share=1,
    )

    assert part == derive_share_key(SHARE, 1, SALT, CONTEXT)
    assert custodian.anchor() == asked.anchor


def test_it_gives_shares_and_takes_none_over(custodian: MemoryCustodian) -> None:
    """A root key that takes over is in a process of its own; here desks wrap anew."""
    asked = case(custodian)
    assert (custodian.gives_shares, custodian.adopts) == (True, "")
    with pytest.raises(SetupError, match="takes over from no other"):
        custodian.adopt(
            held_by(custodian),
            asked.evidence,
            anchor=anchor("a"),
            verify_extension=verify_extension,
        )
