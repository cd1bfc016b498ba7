"""A whole object is checked, also what no reader asks for."""

from __future__ import annotations

import dataclasses
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.crypto import keys
from strongroom.crypto.container import (
    HEADER_BYTES,
    PLAIN_BYTES,
    cipher_for,
    record_at,
    record_nonce,
    record_offset,
    record_plain_bytes,
    record_start,
)
from strongroom.crypto.layout import DATA_START
from strongroom.crypto.opening import verify_ciphertext, verify_object
from strongroom.errors import IntegrityError, MissingError
from strongroom.stores.memory import MemoryStore
from tests.crypto.sealed import Sealed, flipped, pattern, seal

SEALED = {
    suite: seal({"a": pattern(2 * PLAIN_BYTES + 9, "a"), "b": b"bias"}, suite=suite)
    for suite in keys.SUITES
}
ONE = SEALED[keys.SUITE_AES_256_GCM]


def rewritten(sealed: Sealed, record: int, offset: int) -> Sealed:
    """Return the object after a past reader turned a byte of plaintext.

    The signed facts are as the attacker would need them, digest included.
    """
    facts = sealed.facts
    cipher = cipher_for(facts.context.suite, sealed.key)
    nonce = record_nonce(record, last=record == facts.records - 1)
    begin = record_offset(record)
    end = min(record_offset(record + 1), facts.length)
    plain = bytearray(cipher.decrypt(nonce, sealed.blob[begin:end], None))
    plain[offset] ^= 1
    blob = sealed.blob[:begin] + cipher.encrypt(nonce, plain, None) + sealed.blob[end:]
    facts = dataclasses.replace(facts, sha256=hashlib.sha256(blob).digest())
    return dataclasses.replace(sealed, store=sealed.replaced(blob), facts=facts)


@pytest.mark.parametrize("suite", keys.SUITES)
def test_an_untouched_object_passes(suite: int) -> None:
    sealed = SEALED[suite]

    verify_object(sealed.store, sealed.facts, sealed.key)
    verify_ciphertext(sealed.store, sealed.facts)


@settings(max_examples=60)
@given(st.integers(0, 8 * len(ONE.blob) - 1))
def test_a_flipped_bit_anywhere_is_refused(bit: int) -> None:
    store = ONE.replaced(flipped(ONE.blob, bit))

    with pytest.raises(IntegrityError):
        verify_object(store, ONE.facts, ONE.key)
    with pytest.raises(IntegrityError):
        verify_ciphertext(store, ONE.facts)


@settings(max_examples=30)
@given(st.integers(0, len(ONE.blob) - 1))
def test_a_cut_anywhere_is_refused(length: int) -> None:
    store = ONE.replaced(ONE.blob[:length])

    with pytest.raises(IntegrityError):
        verify_object(store, ONE.facts, ONE.key)
    with pytest.raises(IntegrityError):
        verify_ciphertext(store, ONE.facts)


def test_a_past_reader_who_writes_to_the_store_is_caught_by_the_digest() -> None:
    """She knows the key, so every tag is right; opening alone does not notice."""
    changed = rewritten(ONE, 1, 5)
    attacked = dataclasses.replace(changed, facts=ONE.facts)

    assert attacked.read()["a"] != ONE.contents["a"]
    with pytest.raises(IntegrityError, match="SHA-256"):
        verify_object(attacked.store, ONE.facts, ONE.key)
    with pytest.raises(IntegrityError, match="SHA-256"):
        verify_ciphertext(attacked.store, ONE.facts)


def test_padding_that_is_not_zero_is_refused() -> None:
    """A sealer cannot hide bytes behind the index, between items, or at the end."""
    last = ONE.facts.records - 1
    used = record_plain_bytes(last, ONE.facts.stream_bytes)
    begin = DATA_START + 2 * PLAIN_BYTES + 9  # behind "a", before "b"
    start = rewritten(ONE, 0, record_plain_bytes(0, ONE.facts.stream_bytes) - 1)
    between = rewritten(ONE, record_at(begin), begin - record_start(record_at(begin)))
    behind = rewritten(ONE, last, used - 1)

    for hidden in (start, between, behind):
        assert hidden.read() == ONE.contents
        with pytest.raises(IntegrityError, match="padding"):
            verify_object(hidden.store, hidden.facts, hidden.key)
        verify_ciphertext(hidden.store, hidden.facts)


def test_padding_that_began_in_the_record_before_is_looked_at() -> None:
    sealed = seal({"a": pattern(2 * PLAIN_BYTES - 128, "a")})
    last = sealed.facts.records - 1
    assert record_start(last) > DATA_START + 2 * PLAIN_BYTES - 128  # nothing else there
    hidden = rewritten(sealed, last, 5)

    assert hidden.read() == sealed.contents
    with pytest.raises(IntegrityError, match="padding"):
        verify_object(hidden.store, hidden.facts, hidden.key)


def test_an_object_that_is_gone_is_missing() -> None:
    with pytest.raises(MissingError):
        verify_ciphertext(MemoryStore(), ONE.facts)


def test_objects_that_were_swapped_are_refused() -> None:
    other = SEALED[keys.SUITE_CHACHA20_POLY1305]

    with pytest.raises(IntegrityError):
        verify_ciphertext(ONE.replaced(other.blob), ONE.facts)
    assert len(other.blob) > HEADER_BYTES
