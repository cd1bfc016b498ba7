"""A custodian in a file: what it costs to guess, and another passphrase for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from strongroom.crypto.custody.file import FileCustodian
from strongroom.crypto.custody_file import read_custody_file
from strongroom.crypto.passphrases import Cost
from strongroom.errors import DeniedError
from strongroom.types import Secret
from tests.contracts.histories import anchor, verify_extension

FLOOR = Cost(memory_kib=19 * 1024, passes=2, lanes=1)
DEARER = Cost(memory_kib=19 * 1024, passes=3, lanes=2)
PASSPHRASE = Secret(b"correct horse")


def create(path: Path, cost: Cost | None) -> FileCustodian:
    return FileCustodian.create(
        path, name="home", passphrase=PASSPHRASE, random=os.urandom, cost=cost
    )


@pytest.mark.parametrize("cost", [FLOOR, None])
def test_a_guess_costs_what_was_asked_or_what_rfc_9106_recommends(
    tmp_path: Path, cost: Cost | None
) -> None:
    """Its second choice: 64 MiB, three passes, four lanes (section 4)."""
    path = tmp_path / "home.custody"
    create(path, cost)

    recommended = Cost(memory_kib=65536, passes=3, lanes=4)
    assert read_custody_file(path).cost == (cost or recommended)


def test_changing_the_passphrase_keeps_the_keys(tmp_path: Path) -> None:
    path = tmp_path / "home.custody"
    wrapped = create(path, FLOOR).wrap(Secret(b"share"), b"place")
    new = Secret(b"battery staple")

    with pytest.raises(DeniedError):
        FileCustodian.change_passphrase(
            path, old=new, new=new, random=os.urandom, cost=FLOOR
        )
    FileCustodian.change_passphrase(
        path, old=PASSPHRASE, new=new, random=os.urandom, cost=DEARER
    )

    with pytest.raises(DeniedError):
        FileCustodian.open(path, PASSPHRASE)
    secret = FileCustodian.open(path, new).unwrap(
        wrapped, b"place", anchor=anchor("a"), verify_extension=verify_extension
    )
    assert secret == Secret(b"share")
    assert read_custody_file(path).cost == DEARER
    assert path.stat().st_mode & 0o777 == 0o600
