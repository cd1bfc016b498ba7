"""What a reader asks for: read as it was written, and named by one digest."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from strongroom import canonical
from strongroom.crypto.hpke import ReaderKey
from strongroom.errors import InputError, IntegrityError
from strongroom.permits.opening import Opening
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
