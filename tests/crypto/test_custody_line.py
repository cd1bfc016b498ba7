"""A desk talks to the user that it expects, and leaves otherwise."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from strongroom.crypto.custody.memory import MemoryCustodian
from strongroom.crypto.custody_line import connect
from strongroom.errors import SetupError, UnavailableError
from tests.contracts.served import serving


def test_the_user_that_was_named_is_talked_to_and_no_other(tmp_path: Path) -> None:
    custodian, user = MemoryCustodian("home", random=os.urandom), os.geteuid()
    with serving(custodian, tmp_path / "home") as path:
        with connect(path, uid=user, seconds=10) as connection:
            assert connection.gettimeout() == 10
        with pytest.raises(SetupError, match=f"user {user} answers"):
            connect(path, uid=user + 1, seconds=10)


def test_a_socket_that_nobody_listens_at_says_how_to_serve(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="no custodian answers") as refused:
        connect(tmp_path / "absent", uid=0, seconds=10)
    assert "custodian serve FILE" in refused.value.hint
