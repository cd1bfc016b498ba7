"""A released key opens for one reader and one release."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
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
        READER.open(bytes(70_000), b"release 1")


def test_unusable_keys_are_refused() -> None:
    with pytest.raises(InputError):
        hpke.seal_to(b"short", SECRET, b"")
    with pytest.raises(InputError):
        hpke.seal_to(b"\xff" * hpke.PUBLIC_BYTES, SECRET, b"")
    with pytest.raises(InputError):
        hpke.seal_to(READER.public[:-32] + bytes(32), SECRET, b"")
    with pytest.raises(InputError):
        hpke.ReaderKey(Secret(b"short"))
