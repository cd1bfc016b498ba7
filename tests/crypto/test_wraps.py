"""A wrap opens in its own place and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom import canonical
from strongroom.crypto import wraps
from strongroom.errors import InputError, IntegrityError
from strongroom.types import ArtifactId, RoomId, Secret, SegmentId
from tests.crypto.sealed import counting, flipped

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "wraps.json").read_text())

ROOT = Secret(bytes(range(32)))
PLACE = wraps.room_key_context(
    room=RoomId("room-a"), name="guard", root_key_id="root-a"
)
WRAP = wraps.wrap(ROOT, Secret(b"a share of 32 bytes, or so it is"), PLACE, counting())


@pytest.mark.parametrize("vector", VECTORS["wraps"])
def test_wraps_match_the_vectors(vector: dict[str, Any]) -> None:
    place = wraps.segment_context(**vector["place"])
    root, secret = (Secret(bytes.fromhex(vector[n])) for n in ("root", "secret"))
    nonce = bytes.fromhex(vector["nonce"])

    assert place.hex() == vector["context"]
    assert wraps.wrap(root, secret, place, lambda n: nonce).hex() == vector["wrapped"]
    assert wraps.unwrap(root, bytes.fromhex(vector["wrapped"]), place) == secret


@given(st.binary(max_size=200), st.binary(max_size=50))
def test_what_was_wrapped_comes_back(value: bytes, place: bytes) -> None:
    wrapped = wraps.wrap(ROOT, Secret(value), place, counting())

    assert wraps.unwrap(ROOT, wrapped, place) == Secret(value)


@given(st.integers(0, 8 * len(WRAP) - 1))
def test_a_flipped_bit_anywhere_is_refused(bit: int) -> None:
    with pytest.raises(IntegrityError):
        wraps.unwrap(ROOT, flipped(WRAP, bit), PLACE)


@given(st.integers(0, len(WRAP) - 1))
def test_a_cut_wrap_is_refused(length: int) -> None:
    with pytest.raises(IntegrityError):
        wraps.unwrap(ROOT, WRAP[:length], PLACE)


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("room", "room-b"),
        ("artifact", "artifact-" + "b" * 25 + "a"),
        ("version", 2),
        ("generation", 2),
        ("segment", "segment-" + "b" * 25 + "a"),
        ("share", 2),
        ("root_key_id", "root-b"),
    ],
)
def test_a_wrap_moved_to_another_row_is_refused(field: str, other: object) -> None:
    here: dict[str, Any] = {
        "room": RoomId("room-a"),
        "artifact": ArtifactId("artifact-" + "a" * 26),
        "version": 1,
        "generation": 1,
        "segment": SegmentId("segment-" + "a" * 26),
        "share": 1,
        "root_key_id": "root-a",
    }
    wrapped = wraps.wrap(
        ROOT, Secret(bytes(32)), wraps.segment_context(**here), counting()
    )

    with pytest.raises(IntegrityError, match="another place"):
        wraps.unwrap(ROOT, wrapped, wraps.segment_context(**{**here, field: other}))


def test_a_wrap_under_another_root_key_is_refused() -> None:
    with pytest.raises(IntegrityError):
        wraps.unwrap(Secret(bytes(32)), WRAP, PLACE)


def test_a_field_opens_in_its_own_row_only() -> None:
    def place(row: str) -> bytes:
        return canonical.encode("strongroom/v1/totp-secret", row, "account-a")

    sealed = wraps.seal_field(ROOT, b"JBSWY3DPEHPK3PXP", place("1"), counting())

    assert wraps.open_field(ROOT, sealed, place("1")) == Secret(b"JBSWY3DPEHPK3PXP")
    with pytest.raises(IntegrityError):
        wraps.open_field(ROOT, sealed, place("2"))


def test_lengths_out_of_range_are_refused() -> None:
    with pytest.raises(InputError):
        wraps.wrap(Secret(b"short"), Secret(b""), PLACE, counting())
    with pytest.raises(InputError):
        wraps.wrap(ROOT, Secret(bytes(wraps.MAX_SECRET_BYTES + 1)), PLACE, counting())
    with pytest.raises(IntegrityError):
        wraps.unwrap(ROOT, bytes(wraps.MAX_SECRET_BYTES + 29), PLACE)


def test_the_largest_secret_and_the_smallest_come_back() -> None:
    for length in (0, wraps.MAX_SECRET_BYTES):
        wrapped = wraps.wrap(ROOT, Secret(bytes(length)), PLACE, counting())

        assert len(wrapped) == length + 28
        assert wraps.unwrap(ROOT, wrapped, PLACE) == Secret(bytes(length))
    with pytest.raises(IntegrityError, match="bytes"):
        wraps.unwrap(ROOT, bytes(27), PLACE)


def test_the_place_of_a_room_key_is_the_published_one() -> None:
    """Of ``docs/specification/wraps.md``: each field after its length."""
    fields = (b"strongroom/v1/wrap/room-key", b"room-a", b"guard", b"root-a")

    joined = b"".join(len(field).to_bytes(4, "big") + field for field in fields)
    assert joined == PLACE
