"""ML-DSA-65 keys: published answers, another implementation's, and refusals."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.crypto.mldsa import (
    PUBLIC_BYTES,
    SIGNATURE_BYTES,
    MlDsaKey,
    MlDsaSigner,
)
from strongroom.errors import ConflictError, InputError, IntegrityError
from strongroom.types import Secret
from tests.crypto.sealed import flipped
from tests.crypto.test_signing import KEY

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "second_signatures.json").read_text()
)
SIGNER = MlDsaSigner(Secret(bytes(range(32, 64))))
SIGNATURE = SIGNER.sign_bytes(b"message")


@pytest.mark.parametrize("vector", VECTORS["keys"])
def test_keys_match_the_published_ones(vector: dict[str, str]) -> None:
    signer = MlDsaSigner(Secret(bytes.fromhex(vector["seed"])))

    assert signer.public.raw.hex() == vector["public"]


@pytest.mark.parametrize("vector", VECTORS["raw"])
def test_signatures_of_another_implementation_verify(vector: dict[str, str]) -> None:
    key = MlDsaSigner(Secret(bytes.fromhex(vector["seed"]))).public

    assert (key.key_id, key.digest) == (vector["key_id"], vector["digest"])
    key.verify_bytes(
        bytes.fromhex(vector["signature"]), bytes.fromhex(vector["message"])
    )


@given(st.binary(max_size=300))
def test_what_was_signed_verifies_and_is_another_each_time(message: bytes) -> None:
    first, second = SIGNER.sign_bytes(message), SIGNER.sign_bytes(message)

    assert first != second
    assert {len(first), len(second)} == {SIGNATURE_BYTES}
    SIGNER.public.verify_bytes(first, message)
    SIGNER.public.verify_bytes(second, message)


@given(st.integers(0, 8 * SIGNATURE_BYTES - 1))
def test_a_flipped_bit_anywhere_is_refused(bit: int) -> None:
    with pytest.raises(IntegrityError, match="second signature"):
        SIGNER.public.verify_bytes(flipped(SIGNATURE, bit), b"message")


@pytest.mark.parametrize("length", [0, 64, SIGNATURE_BYTES - 1, SIGNATURE_BYTES + 1])
def test_a_signature_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(IntegrityError):
        SIGNER.public.verify_bytes(SIGNATURE.ljust(length, b"\0")[:length], b"message")


def test_another_message_and_another_key_are_refused() -> None:
    with pytest.raises(IntegrityError):
        SIGNER.public.verify_bytes(SIGNATURE, b"messages")
    with pytest.raises(IntegrityError):
        MlDsaKey(os.urandom(PUBLIC_BYTES)).verify_bytes(SIGNATURE, b"message")


def test_lengths_are_checked() -> None:
    with pytest.raises(InputError):
        MlDsaKey(bytes(PUBLIC_BYTES - 1))
    with pytest.raises(InputError):
        MlDsaSigner(Secret(bytes(31)))


def test_an_envelope_carries_both_and_each_is_demanded() -> None:
    key = KEY.beside(SIGNER)
    signed = key.sign("test", b"payload", both=True)

    assert [len(s.value) for s in signed.signatures] == [64, SIGNATURE_BYTES]
    assert signed.verify("test", key.public, both=True) == b"payload"
    assert signed.verify("test", KEY.public) == b"payload"
    with pytest.raises(IntegrityError, match="no second signature"):
        key.sign("test", b"payload").verify("test", key.public, both=True)
    with pytest.raises(IntegrityError, match="no key for it is pinned"):
        signed.verify("test", KEY.public, both=True)


def test_a_key_alone_makes_no_second_signature() -> None:
    with pytest.raises(ConflictError, match="since it was opened"):
        KEY.sign("test", b"payload", both=True)
