"""What a custodian process answers to whatever reaches its socket."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from strongroom.canonical import Json
from strongroom.crypto.custody.memory import MemoryCustodian
from strongroom.crypto.custody.remote import RemoteCustodian
from strongroom.crypto.custody_frames import Document, base64_of
from strongroom.crypto.custody_messages import anchor_document, evidence_document
from strongroom.crypto.wraps import room_key_context
from strongroom.types import RoomId
from tests.contracts.histories import anchor, verify_extension
from tests.contracts.releases import ROOM, SHARE, case, identifier
from tests.contracts.served import connect, kind, say, serving

OTHER_ROOM = RoomId(identifier("room", 9))


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    inner = MemoryCustodian("home", random=os.urandom)
    with serving(inner, tmp_path / "home.custody") as path:
        yield path


@pytest.fixture
def desk(path: Path) -> RemoteCustodian:
    remote = connect(path)
    remote.advance(anchor("abc"), verify_extension)
    return remote


def test_no_share_is_given_whatever_the_ledger(
    desk: RemoteCustodian, path: Path
) -> None:
    asked = case(desk)
    request: Document = {
        "do": "unwrap",
        "wrapped": base64_of(asked.order.wrapped),
        "context": base64_of(asked.order.place(desk.root_key_id)),
    }

    assert kind(say(path, request)) == "DeniedError"


@pytest.mark.parametrize(
    "changes",
    [
        {"room": OTHER_ROOM},
        {"name": "invented"},
        {"root_key_id": "root-of-another"},
    ],
)
def test_nothing_but_a_key_of_the_pinned_room_is_unwrapped(
    desk: RemoteCustodian, path: Path, changes: dict[str, Any]
) -> None:
    """Only a segment's share was refused; any other wrap came back in the clear."""
    here = {"room": ROOM, "name": "guard", "root_key_id": desk.root_key_id}
    for context in (b"", b"place", room_key_context(**{**here, **changes})):
        request: Document = {
            "do": "unwrap",
            "wrapped": base64_of(desk.wrap(SHARE, context)),
            "context": base64_of(context),
        }
        assert kind(say(path, request)) == "DeniedError"


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"do": 7},
        {"do": "open sesame"},
        {"do": "hello"},
        {"do": "wrap"},
        {"do": "wrap", "secret": "*", "context": ""},
        {"do": "unwrap"},
        {"do": "advance"},
        {"do": "advance", "anchor": 3, "seen": 0, "proof": []},
        {"do": "advance", "anchor": {"size": True}, "seen": 0, "proof": []},
        {"do": "release", "order": {}, "evidence": {}},
        {"do": "follow"},
        {"do": "follow", "evidence": {}, "second": ""},
    ],
)
def test_a_request_that_is_none_is_answered_with_an_error(
    desk: RemoteCustodian, path: Path, request_: Document
) -> None:
    del desk
    assert kind(say(path, request_)) in {"InputError", "IntegrityError"}


@pytest.mark.parametrize("second", ["", "no key", 3])
def test_an_entry_that_is_not_about_signatures_changes_no_demand(
    desk: RemoteCustodian, path: Path, second: Json
) -> None:
    asked = case(desk)
    request: Document = {
        "do": "follow",
        "evidence": evidence_document(asked.evidence),
        "second": second,
        "anchor": anchor_document(asked.anchor),
        "seen": 3,
        "proof": [],
    }

    assert kind(say(path, request)) in {"InputError", "IntegrityError"}
    assert connect(path).above() == 0


def test_a_proof_of_too_many_hashes_is_refused(
    desk: RemoteCustodian, path: Path
) -> None:
    del desk
    long: Document = {
        "do": "advance",
        "anchor": anchor_document(anchor("abcd")),
        "seen": 3,
        "proof": [base64_of(bytes(32))] * 129,
    }
    assert kind(say(path, long)) == "IntegrityError"


def test_a_proof_from_another_anchor_is_answered_with_the_one_that_is_stored(
    desk: RemoteCustodian, path: Path
) -> None:
    request: Document = {
        "do": "advance",
        "anchor": anchor_document(anchor("abcd")),
        "seen": 2,
        "proof": [],
    }
    assert say(path, request) == {"moved": anchor_document(anchor("abc"))}
    assert desk.anchor() == anchor("abc")
