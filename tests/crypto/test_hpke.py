"""A released key opens for one reader and one release."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from strongroom.crypto import hpke
from strongroom.errors import InputError, IntegrityError
from strongroom.types import Secret
from tests.crypto.sealed import flipped

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "hpke.json").read_text())

READER = hpke.ReaderKey(Secret(bytes(range(96))))
SECRET = Secret(bytes(32))
SEALED = hpke.seal_to(READER.public, SECRET, b"release 1")


@pytest.mark.parametrize("vector", VECTORS["opened"])
def test_sealed_keys_of_the_vectors_open(vector: dict[str, str]) -> None:
    reader = hpke.ReaderKey(Secret(bytes.fromhex(vector["seed"])))
    sealed, info = bytes.fromhex(vector["sealed"]), bytes.fromhex(vector["info"])

    assert reader.public.hex() == vector["public"]
    assert reader.open(sealed, info).reveal().hex() == vector["secret"]


@pytest.mark.parametrize("vector", VECTORS["opened"])
def test_a_second_implementation_opens_them_too(vector: dict[str, str]) -> None:
    """RFC 9180 key schedule over the X-Wing combiner, written from the texts."""
    seed, sealed = bytes.fromhex(vector["seed"]), bytes.fromhex(vector["sealed"])
    curve = X25519PrivateKey.from_private_bytes(seed[64:])
    sent = sealed[1088:1120]
    shared = hashlib.sha3_256(
        MLKEM768PrivateKey.from_seed_bytes(seed[:64]).decapsulate(sealed[:1088])
        + curve.exchange(X25519PublicKey.from_public_bytes(sent))
        + sent
        + curve.public_key().public_bytes_raw()
        + b"\\.//^\\"
    ).digest()
    key, nonce = key_schedule(shared, bytes.fromhex(vector["info"]))

    assert AESGCM(key).decrypt(nonce, sealed[1120:], b"").hex() == vector["secret"]


def key_schedule(shared: bytes, info: bytes) -> tuple[bytes, bytes]:
    suite = b"HPKE" + bytes.fromhex("647a 0001 0002")

    def extract(salt: bytes, label: bytes, value: bytes) -> bytes:
        labelled = b"HPKE-v1" + suite + label + value
        return hmac.digest(salt or bytes(32), labelled, hashlib.sha256)

    def expand(secret: bytes, label: bytes, length: int) -> bytes:
        labelled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + context
        return hmac.digest(secret, labelled + b"\x01", hashlib.sha256)[:length]

    hashes = extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    context = b"\0" + hashes
    secret = extract(shared, b"secret", b"")
    return expand(secret, b"key", 32), expand(secret, b"base_nonce", 12)


@given(st.binary(max_size=200), st.binary(max_size=64))
def test_what_was_sealed_comes_back(value: bytes, info: bytes) -> None:
    sealed = hpke.seal_to(READER.public, Secret(value), info)

    assert READER.open(sealed, info) == Secret(value)


@given(st.integers(0, 8 * len(SEALED) - 1))
def test_a_flipped_bit_anywhere_is_refused(bit: int) -> None:
    with pytest.raises(IntegrityError):
        READER.open(flipped(SEALED, bit), b"release 1")


@given(st.integers(0, len(SEALED) - 1))
def test_a_cut_key_is_refused(length: int) -> None:
    with pytest.raises(IntegrityError):
        READER.open(SEALED[:length], b"release 1")


def test_a_key_released_for_something_else_is_refused() -> None:
    with pytest.raises(IntegrityError):
        READER.open(SEALED, b"release 2")


def test_a_key_released_to_somebody_else_is_refused() -> None:
    with pytest.raises(IntegrityError):
        hpke.ReaderKey.generate().open(SEALED, b"release 1")


def test_a_long_key_is_refused_unread() -> None:
    with pytest.raises(IntegrityError, match="bytes"):
        READER.open(bytes(2**20 + 1), b"release 1")


def test_unusable_keys_are_refused() -> None:
    with pytest.raises(InputError):
        hpke.seal_to(b"short", SECRET, b"")
    with pytest.raises(InputError):
        hpke.seal_to(b"\xff" * hpke.PUBLIC_BYTES, SECRET, b"")
    with pytest.raises(InputError):
        hpke.seal_to(READER.public[:-32] + bytes(32), SECRET, b"")
    with pytest.raises(InputError):
        hpke.ReaderKey(Secret(b"short"))
