"""What a reader asks for: read as it was written, and named by one digest."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest

from strongroom import canonical
from strongroom.crypto.hpke import ReaderKey
from strongroom.errors import InputError, IntegrityError
from strongroom.permits.opening import MAX_OPENING_BYTES, NONCE_BYTES, Opening
from strongroom.types import ArtifactId, PermitId, Secret
from tests.permits.documents import OPENING
from tests.project.vectors import load

VECTOR = load("release")


def test_the_published_opening_has_its_digest() -> None:
    asked, reader = VECTOR["opening"], bytes.fromhex(VECTOR["reader_seed"])
    opening = Opening(
        permit=PermitId(asked["permit"]),
        artifact=ArtifactId(asked["artifact"]),
        version=asked["version"],
        segments=tuple(asked["segments"]),
        reader=ReaderKey(Secret(reader)).public,
        nonce=bytes.fromhex(asked["nonce"]),
    )

    assert opening.digest == VECTOR["opening_digest"]


def test_it_is_read_as_it_was_written() -> None:
    again = Opening.from_bytes(OPENING.to_bytes())

    assert again == OPENING
    assert again.digest == OPENING.digest


@pytest.mark.parametrize(
    "change",
    [
        {"permit": PermitId("permit-x")},
        {"artifact": ArtifactId("artifact-x")},
        {"version": 9},
        {"segments": ("other",)},
        {"reader": bytes(1216)},
        {"nonce": bytes(32)},
    ],
)
def test_everything_in_it_changes_its_digest(change: dict[str, object]) -> None:
    other = replace(OPENING, **change)  # type: ignore[arg-type]  # each fits

    assert other.digest != OPENING.digest


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", OPENING.to_bytes() + b" ", OPENING.to_bytes()[:-1]]
)
def test_another_document_is_refused(data: bytes) -> None:
    with pytest.raises(IntegrityError):
        Opening.from_bytes(data)


def test_what_nobody_knows_in_it_is_refused() -> None:
    """Two documents for one digest would be two openings under one nonce."""
    document = json.loads(OPENING.to_bytes())
    for change in ({"x": 1}, {"version": "1"}, {"nonce": document["nonce"] + "===="}):
        with pytest.raises(IntegrityError):
            Opening.from_bytes(canonical.to_json(document | change))


def test_one_that_cannot_be_is_refused() -> None:
    changes: tuple[dict[str, object], ...] = (
        {"reader": b""},
        {"nonce": bytes(31)},
        {"segments": ()},
    )
    for change in changes:
        with pytest.raises(InputError):
            replace(OPENING, **change)  # type: ignore[arg-type]  # a test bends any


def test_an_opening_says_all_of_this_and_nothing_else() -> None:
    assert json.loads(OPENING.to_bytes()) == {
        "permit": OPENING.permit,
        "artifact": OPENING.artifact,
        "version": 1,
        "segments": list(OPENING.segments),
        "reader": base64.b64encode(OPENING.reader).decode(),
        "nonce": base64.b64encode(OPENING.nonce).decode(),
    }


def test_an_opening_is_read_up_to_half_a_mebibyte() -> None:
    assert (MAX_OPENING_BYTES, NONCE_BYTES) == (1 << 19, 32)
    around = len(replace(OPENING, segments=("",)).to_bytes())
    longest = replace(OPENING, segments=("a" * (MAX_OPENING_BYTES - around),))
    assert Opening.from_bytes(longest.to_bytes()) == longest
    longer = replace(longest, segments=(longest.segments[0] + "a",))
    with pytest.raises(IntegrityError):
        Opening.from_bytes(longer.to_bytes())


@pytest.mark.parametrize("name", ["reader", "nonce"])
def test_what_is_no_base64_of_its_length_is_refused(name: str) -> None:
    document = json.loads(OPENING.to_bytes())
    for wrong in ("!" + document[name], document[name][4:], document[name] + "AAAA"):
        with pytest.raises(IntegrityError, match="is not what a reader asks for"):
            Opening.from_bytes(canonical.to_json({**document, name: wrong}))
    for size in (31, 33):
        with pytest.raises(InputError, match="a nonce has 32 bytes"):
            replace(OPENING, nonce=bytes(size))
    for size in (1215, 1217):
        with pytest.raises(InputError, match="public key has 1216 bytes"):
            replace(OPENING, reader=bytes(size))
