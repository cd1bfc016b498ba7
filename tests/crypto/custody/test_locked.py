"""A custodian that is locked gives nothing, and says how to unlock it."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from strongroom.crypto.custody.locked import LockedCustodian
from strongroom.crypto.custody.memory import MemoryCustodian
from strongroom.crypto.custody.port import KeyCustodian
from strongroom.errors import UnavailableError
from strongroom.types import Secret
from tests.contracts.handovers import held_by
from tests.contracts.histories import anchor, verify_extension
from tests.contracts.releases import case

LOCKED: KeyCustodian = LockedCustodian("home")
UNLOCKED = MemoryCustodian("home", random=os.urandom)
ASKED, HELD = case(UNLOCKED), held_by(UNLOCKED)
HEAD = anchor("a")


@pytest.mark.parametrize(
    "ask",
    [
        lambda: LOCKED.root_key_id,
        lambda: LOCKED.wrap(Secret(b"secret"), b"place"),
        lambda: LOCKED.unwrap(
            b"wrapped", b"place", anchor=HEAD, verify_extension=verify_extension
        ),
        lambda: ASKED.ask(LOCKED),
        lambda: LOCKED.adopt(
            HELD, ASKED.evidence, anchor=HEAD, verify_extension=verify_extension
        ),
        lambda: LOCKED.advance(HEAD, verify_extension),
        LOCKED.anchor,
    ],
)
def test_it_does_nothing_and_names_the_way_to_unlock_it(
    ask: Callable[[], object],
) -> None:
    with pytest.raises(UnavailableError, match="home is locked") as raised:
        ask()
    assert "--passphrase-file home=FILE" in raised.value.hint


def test_it_says_of_itself_what_one_in_a_file_says() -> None:
    assert (LOCKED.name, LOCKED.gives_shares, LOCKED.adopts) == ("home", True, "")
