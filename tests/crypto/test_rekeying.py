"""Objects under another key: the same plaintext, and nothing that was altered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.crypto import keys
from strongroom.crypto.container import (
    RECORD_BYTES,
    TAG_BYTES,
    ObjectFacts,
    cipher_for,
    record_nonce,
    record_offset,
)
from strongroom.crypto.inspection import verify_object
from strongroom.crypto.rekeying import Anew, rekey_object
from strongroom.errors import InputError, IntegrityError
from strongroom.stores.memory import MemoryStore
from strongroom.types import Secret, SegmentId
from tests.crypto.sealed import Sealed, counting, pattern, seal

LONG = 5 * RECORD_BYTES
OTHER = "segment-aaaaaaaaaaaaaaaaaaaaaaaaaa"


def anew(sealed: Sealed, *, suite: int = 1, shares: int = 1, seed: int = 9) -> Anew:
    """Return what the next object is made with."""
    random = counting(seed)
    what = replace(sealed.facts.context, suite=suite, generation=2, shares=shares)
    return Anew(
        context=what,
        shares=tuple(Secret(random(32)) for _ in range(shares)),
        salt=random(32),
        object_name="objects/1",
    )


def key_of(facts: ObjectFacts, shares: Sequence[Secret]) -> Secret:
    """Return K of an object."""
    parts = [
        keys.derive_share_key(share, i, facts.salt, facts.context)
        for i, share in enumerate(shares)
    ]
    return keys.derive_key(parts, facts.salt, facts.context)


def rekeyed(sealed: Sealed, following: Anew) -> Sealed:
    """Return the segment as it is under its next key."""
    facts = rekey_object(
        sealed.store, sealed.facts, sealed.key, following, store=sealed.store
    )
    return replace(sealed, facts=facts, key=key_of(facts, following.shares))


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.integers(0, 3 * RECORD_BYTES), max_size=3),
    st.sampled_from([1, 2]),
    st.sampled_from([1, 2]),
    st.integers(1, 3),
)
def test_the_plaintext_is_the_same_under_another_key(
    lengths: list[int], before: int, after: int, shares: int
) -> None:
    contents = {f"f{i}": pattern(n, str(i)) for i, n in enumerate(lengths)}
    sealed = seal(contents, suite=before)
    made = anew(sealed, suite=after, shares=shares)

    found = rekeyed(sealed, made)

    assert found.read() == contents
    verify_object(found.store, found.facts, found.key)
    assert found.facts.length == sealed.facts.length
    assert found.facts.commitment != sealed.facts.commitment
    assert sealed.read() == contents  # the old one stays


def test_progress_adds_up_to_the_stream() -> None:
    sealed = seal({"a": pattern(LONG)})
    told: list[int] = []
    rekey_object(
        sealed.store,
        sealed.facts,
        sealed.key,
        anew(sealed),
        store=sealed.store,
        progress=told.append,
    )

    assert sum(told) == sealed.facts.stream_bytes
    assert len(told) == sealed.facts.records


@pytest.mark.parametrize("change", ["version", "segment", "generation"])
def test_only_a_later_generation_of_the_same_segment_follows(change: str) -> None:
    sealed = seal({"a": b"x"})
    made = anew(sealed)
    others = {
        "version": replace(made.context, version=4),
        "segment": replace(made.context, segment=SegmentId(OTHER)),
        "generation": replace(made.context, generation=1),
    }

    with pytest.raises(InputError, match="later generation"):
        rekey_object(
            sealed.store,
            sealed.facts,
            sealed.key,
            replace(made, context=others[change]),
            store=sealed.store,
        )


@pytest.mark.parametrize("record", range(6))
def test_an_altered_record_is_not_taken_over(record: int) -> None:
    sealed = seal({"a": pattern(LONG)})
    bent = bytearray(sealed.blob)
    bent[record_offset(record) + 5] ^= 1
    store = sealed.replaced(bytes(bent))

    with pytest.raises(IntegrityError):
        rekey_object(store, sealed.facts, sealed.key, anew(sealed), store=store)
    assert list(store.names()) == [sealed.facts.object_name]


def test_a_past_readers_record_is_not_signed_anew() -> None:
    """Who once had the key can write records with valid tags into the store."""
    sealed = seal({"a": pattern(LONG)})
    cipher = cipher_for(1, sealed.key)
    start, nonce = record_offset(2), record_nonce(2, last=False)
    forged = cipher.encrypt(nonce, bytes(RECORD_BYTES - TAG_BYTES), None)
    blob = bytearray(sealed.blob)
    blob[start : start + RECORD_BYTES] = forged
    store = sealed.replaced(bytes(blob))
    assert replace(sealed, store=store).read()["a"] != sealed.contents["a"]

    with pytest.raises(IntegrityError, match="another SHA-256"):
        rekey_object(store, sealed.facts, sealed.key, anew(sealed), store=store)
    assert list(store.names()) == [sealed.facts.object_name]


def test_another_key_is_refused_before_anything_is_written() -> None:
    sealed = seal({"a": b"x"})
    store = MemoryStore()
    with pytest.raises(IntegrityError, match="not the one that sealed"):
        rekey_object(
            sealed.store, sealed.facts, Secret(bytes(32)), anew(sealed), store=store
        )
    assert not list(store.names())
