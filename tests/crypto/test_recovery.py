"""Only the key that the shares restore opens what was wrapped for recovery."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.crypto.hpke import ReaderKey
from strongroom.crypto.recovery import (
    RecoveryKey,
    recovery_key_id,
    wrap_for_recovery,
)
from strongroom.crypto.sharing import combine, split
from strongroom.errors import InputError, IntegrityError
from strongroom.types import Secret
from tests.crypto.sealed import flipped

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "recovery_keys.json").read_text()
)["keys"]
KEY = RecoveryKey(Secret(bytes(32)))
PLACE = b"share 0 of a segment"
WRAPPED = wrap_for_recovery(KEY.public, Secret(b"s" * 32), PLACE)


@pytest.mark.parametrize("vector", VECTORS)
def test_the_key_of_the_vectors_opens_their_wrap(vector: dict[str, str]) -> None:
    key = RecoveryKey(Secret(bytes.fromhex(vector["seed"])))
    wrapped, place = (bytes.fromhex(vector[name]) for name in ("wrapped", "context"))

    assert (key.public.hex(), key.id) == (vector["public"], vector["id"])
    assert key.unwrap(wrapped, place).reveal().hex() == vector["secret"]


@pytest.mark.parametrize("vector", VECTORS)
def test_a_second_derivation_gives_the_same_key_and_id(vector: dict[str, str]) -> None:
    """HKDF-Expand and the id, written from the specification alone."""
    seed, public = bytes.fromhex(vector["seed"]), bytes.fromhex(vector["public"])
    info = (26).to_bytes(4, "big") + b"strongroom/v1/recovery-key"
    blocks = [b""]
    for number in range(1, 4):
        message = blocks[-1] + info + bytes([number])
        blocks.append(hmac.digest(seed, message, "sha256"))
    tag = (29).to_bytes(4, "big") + b"strongroom/v1/recovery-key-id"
    named = hashlib.sha256(tag + len(public).to_bytes(4, "big") + public).digest()
    text = base64.b32encode(named[:16]).decode().rstrip("=").lower()

    assert ReaderKey(Secret(b"".join(blocks))).public == public
    assert f"recovery-{text}" == vector["id"]


def test_shares_restore_the_key_by_its_id() -> None:
    key = RecoveryKey.generate(os.urandom)
    shares = split(key.seed, shares=5, threshold=3, set_id=9, random=os.urandom)

    assert RecoveryKey(combine(shares[1:4])).id == key.id


@given(st.integers(0, 8 * len(WRAPPED) - 1))
def test_one_flipped_bit_in_a_wrap_is_refused(bit: int) -> None:
    with pytest.raises(IntegrityError):
        KEY.unwrap(flipped(WRAPPED, bit), PLACE)


def test_a_wrap_opens_only_in_its_place() -> None:
    assert KEY.unwrap(WRAPPED, PLACE) == Secret(b"s" * 32)
    with pytest.raises(IntegrityError, match="another place"):
        KEY.unwrap(WRAPPED, PLACE + b"x")


def test_another_recovery_key_does_not_open_it() -> None:
    with pytest.raises(IntegrityError):
        RecoveryKey(Secret(bytes(31) + b"1")).unwrap(WRAPPED, PLACE)


def test_a_seed_or_a_public_half_of_another_length_is_refused() -> None:
    with pytest.raises(InputError):
        RecoveryKey(Secret(bytes(31)))
    with pytest.raises(InputError):
        recovery_key_id(KEY.public[:-1])
    with pytest.raises(InputError):
        wrap_for_recovery(b"", Secret(b""), PLACE)
