"""A key belongs to one segment of one sealing, and to nothing else."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.crypto import keys
from strongroom.errors import InputError, IntegrityError
from strongroom.types import ArtifactId, Secret, SegmentId
from tests.crypto.sealed import context, flipped

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "sealed_keys.json").read_text()
)

SALT = bytes(range(32))
SHARE = Secret(bytes(32))


def hkdf(secret: bytes, salt: bytes, info: bytes) -> bytes:
    """RFC 5869 for 32 bytes, written a second time."""
    extracted = hmac.digest(salt, secret, hashlib.sha256)
    return hmac.digest(extracted, info + b"\x01", hashlib.sha256)


def fields(*values: bytes) -> bytes:
    return b"".join(len(v).to_bytes(4, "big") + v for v in values)


@pytest.mark.parametrize("vector", VECTORS["keys"])
def test_keys_match_the_vectors(vector: dict[str, Any]) -> None:
    what = keys.SegmentContext(
        suite=vector["suite"],
        artifact=ArtifactId(vector["artifact"]),
        version=vector["version"],
        generation=vector["generation"],
        segment=SegmentId(vector["segment"]),
        record_bytes=vector["record_bytes"],
        shares=len(vector["shares"]),
    )
    salt = bytes.fromhex(vector["salt"])
    parts = [
        keys.derive_share_key(Secret(bytes.fromhex(share)), i, salt, what)
        for i, share in enumerate(vector["shares"])
    ]
    key = keys.derive_key(parts, salt, what)

    assert what.fields().hex() == vector["fields"]
    assert [part.reveal().hex() for part in parts] == vector["share_keys"]
    assert key.reveal().hex() == vector["key"]
    assert keys.commitment(key, salt, what).hex() == vector["commitment"]


def test_derivation_is_hkdf_over_length_prefixed_fields() -> None:
    what = context(shares=2)
    info = fields(b"strongroom/v1/share", what.fields(), (1).to_bytes(8, "big"))

    assert keys.derive_share_key(SHARE, 1, SALT, what).reveal() == hkdf(
        SHARE.reveal(), SALT, info
    )


@given(
    st.sampled_from(["suite", "version", "generation", "record_bytes", "shares"]),
    st.integers(1, 2),
)
def test_every_number_of_the_context_changes_the_key(name: str, value: int) -> None:
    what = context(version=9, generation=9, shares=9)
    changes: dict[str, Any] = {name: value}
    other = dataclasses.replace(what, **changes)
    one = keys.derive_share_key(SHARE, 0, SALT, what)

    if other != what:
        assert keys.derive_share_key(SHARE, 0, SALT, other) != one


def test_artifact_segment_salt_and_index_change_the_key() -> None:
    what = context(shares=2)
    one = keys.derive_share_key(SHARE, 0, SALT, what)
    artifact, segment = ArtifactId(str(what.segment)), SegmentId(str(what.artifact))

    others = [
        keys.derive_share_key(SHARE, 1, SALT, what),
        keys.derive_share_key(SHARE, 0, bytes(32), what),
        keys.derive_share_key(SHARE, 0, SALT, context(artifact=artifact, shares=2)),
        keys.derive_share_key(SHARE, 0, SALT, context(segment=segment, shares=2)),
    ]

    assert one not in others


def test_two_shares_in_the_other_order_give_another_key() -> None:
    what = context(shares=2)
    one, two = Secret(bytes(32)), Secret(bytes(range(32)))

    assert keys.derive_key([one, two], SALT, what) != keys.derive_key(
        [two, one], SALT, what
    )


@given(st.integers(0, 255))
def test_a_commitment_of_another_key_is_refused(bit: int) -> None:
    what = context()
    key = Secret(bytes(range(32)))
    stated = keys.commitment(key, SALT, what)

    keys.verify_commitment(key, stated, SALT, what)
    with pytest.raises(IntegrityError):
        keys.verify_commitment(key, flipped(stated, bit), SALT, what)
    with pytest.raises(IntegrityError):
        keys.verify_commitment(Secret(flipped(key.reveal(), bit)), stated, SALT, what)


def test_lengths_and_numbers_out_of_range_are_refused() -> None:
    what = context()
    short = Secret(b"short")
    for attempt in (
        lambda: keys.derive_share_key(short, 0, SALT, what),
        lambda: keys.derive_share_key(SHARE, 1, SALT, what),
        lambda: keys.derive_share_key(SHARE, 0, b"salt", what),
        lambda: keys.derive_key([short], SALT, what),
        lambda: keys.derive_key([], SALT, what),
        lambda: keys.commitment(short, SALT, what),
        lambda: context(suite=3),
        lambda: context(shares=0),
        lambda: context(shares=256),
        lambda: context(version=-1),
        lambda: context(artifact=ArtifactId("orion")),
    ):
        with pytest.raises(InputError):
            attempt()
