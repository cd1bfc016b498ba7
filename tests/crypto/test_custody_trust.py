"""Which recovery key a custodian's own operator named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from strongroom.crypto.custody_trust import TrustFile
from strongroom.errors import InputError, IntegrityError, SetupError
from tests.contracts.handovers import RECOVERY
from tests.contracts.releases import identifier


def trust_in(folder: Path) -> TrustFile:
    """Return the file beside a custodian."""
    return TrustFile(folder / "weights.custody", random=os.urandom)


def test_nothing_is_trusted_until_it_is_named_and_then_one_key(tmp_path: Path) -> None:
    trust = trust_in(tmp_path)
    assert trust.read() is None

    trust.write(identifier("recovery", 1))
    trust.write(RECOVERY.id)

    assert trust_in(tmp_path).read() == RECOVERY.id
    assert [path.name for path in tmp_path.iterdir()] == ["weights.custody.trust"]
    assert (tmp_path / "weights.custody.trust").read_text() == (
        f'{{"format":"strongroom/custody-trust/v1","key":"{RECOVERY.id}"}}'
    )
    assert (tmp_path / "weights.custody.trust").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("key", ["", "recovery-", "recovery-short", "root-1"])
def test_what_is_no_recovery_key_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(InputError):
        trust_in(tmp_path).write(key)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"format":"x","key":"y"}'])
def test_an_altered_file_is_refused(tmp_path: Path, data: bytes) -> None:
    trust = trust_in(tmp_path)
    trust.write(RECOVERY.id)
    (tmp_path / "weights.custody.trust").write_bytes(data)
    with pytest.raises(IntegrityError):
        trust.read()


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    trust = trust_in(tmp_path)
    trust.write(RECOVERY.id)
    (tmp_path / "weights.custody.trust").chmod(0o644)
    with pytest.raises(SetupError, match="by others than its owner"):
        trust.read()
