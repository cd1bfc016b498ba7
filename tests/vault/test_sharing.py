"""Shares are wrapped in their own place, once for each root key."""

from __future__ import annotations

import os

from strongroom.crypto.custody.memory import MemoryCustodian
from strongroom.types import Secret
from strongroom.vault.sharing import wrap_share
from tests.contracts.histories import anchor, verify_extension
from tests.contracts.releases import CONTEXT, ROOM, case


def test_a_share_opens_in_the_place_of_its_number() -> None:
    custodian = MemoryCustodian("home", random=os.urandom)
    share = Secret(bytes(range(32)))
    (wrap,) = wrap_share(
        share, 1, CONTEXT, room=ROOM, custodian=custodian, recovery=None
    )
    place = case(custodian).order.place(custodian.root_key_id)  # of share 1

    assert (wrap.segment, wrap.share) == (CONTEXT.segment, 1)
    assert wrap.root_key_id == custodian.root_key_id
    assert share == custodian.unwrap(
        wrap.wrapped, place, anchor=anchor("a"), verify_extension=verify_extension
    )
