"""What a custodian process answers to whatever reaches its socket."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from strongroom.canonical import Json
from strongroom.crypto.custody.memory import MemoryCustodian
from strongroom.crypto.custody.remote import RemoteCustodian
from strongroom.crypto.custody_frames import Document, base64_of
from strongroom.crypto.custody_messages import anchor_document, evidence_document
from strongroom.crypto.custody_pin import PinFile
from strongroom.crypto.custody_trust import TrustFile
from strongroom.crypto.mldsa import PUBLIC_BYTES, MlDsaKey
from strongroom.crypto.recovery import RecoveryKey
from strongroom.crypto.signing import SigningKey
from strongroom.crypto.wraps import room_key_context
from strongroom.errors import DeniedError, ForkError, IntegrityError, SetupError
from strongroom.ledger.second import second_key_text
from strongroom.types import RoomId, Secret
from tests.contracts.handovers import CREATED, RECOVERY, begun, held_by, told
from tests.contracts.histories import ORIGIN, anchor, anchor_over, verify_extension
from tests.contracts.releases import ROOM, SHARE, case, identifier, room_key_place
from tests.contracts.served import PIN, connect, kind, say, serving

OTHER_ROOM = RoomId(identifier("room", 9))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "home.custody"


@pytest.fixture
def path(file: Path) -> Iterator[Path]:
    inner = MemoryCustodian("home", random=os.urandom)
    with serving(inner, file) as path:
        yield path


@pytest.fixture
def fresh(path: Path) -> RemoteCustodian:
    return connect(path)


@pytest.fixture
def desk(fresh: RemoteCustodian) -> RemoteCustodian:
    fresh.advance(anchor("abc"), verify_extension)
    return fresh


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


def test_a_key_of_the_pinned_room_is_unwrapped(desk: RemoteCustodian) -> None:
    place = room_key_place(desk)
    wrapped = desk.wrap(SHARE, place)

    found = desk.unwrap(
        wrapped, place, anchor=anchor("abcd"), verify_extension=verify_extension
    )
    assert found == SHARE
    assert desk.anchor() == anchor("abcd")


def test_a_checkpoint_that_the_room_did_not_sign_moves_nothing(
    desk: RemoteCustodian,
) -> None:
    stranger = SigningKey(Secret(b"a key of somebody else, 32 bytes"))

    for shown in (anchor("abcd", key=stranger), replace(anchor("abcd"), size=5)):
        with pytest.raises(IntegrityError):
            desk.advance(shown, verify_extension)
        assert desk.anchor() == anchor("abc")


def test_a_desk_that_was_slower_is_told_what_is_demanded_already(file: Path) -> None:
    custodian = MemoryCustodian("home", random=os.urandom)
    second = second_key_text(ORIGIN, MlDsaKey(bytes(PUBLIC_BYTES)))
    newer = replace(PIN, second=second, above=3)
    PinFile(file, random=os.urandom).write(newer)
    request: Document = {
        "do": "follow",
        "evidence": evidence_document(case(custodian).evidence),  # of position 2
        "second": "",
    }
    with serving(custodian, file) as path:
        assert say(path, request) == {"above": 3}
        assert connect(path).above() == 3
    assert PinFile(file, random=os.urandom).read() == newer


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


def test_shares_are_wrapped_to_the_recovery_key_that_the_operator_named(
    fresh: RemoteCustodian, file: Path
) -> None:
    trust(file)
    held = held_by(fresh)

    sealed = told("recovery.created", CREATED).recover(fresh, held)

    assert RECOVERY.unwrap(sealed, held.place(RECOVERY.id)) == SHARE


def test_a_desk_that_names_a_recovery_key_of_its_own_gets_nothing(
    fresh: RemoteCustodian, file: Path
) -> None:
    """ATT&CK T1098: the entry looks true, and only an operator can tell.

    With the entry alone one line in the ledger would have emptied the custodian.
    """
    own = RecoveryKey.generate(os.urandom)
    held = held_by(fresh)
    facts: dict[str, Json] = {**CREATED, "key": own.id, "public": own.public.hex()}
    with pytest.raises(DeniedError, match=own.id):
        told("recovery.created", facts).recover(fresh, held)
    trust(file)
    for changes in ({}, {"key": RECOVERY.id}):
        with pytest.raises(DeniedError, match=own.id):
            told("recovery.created", {**facts, **changes}).recover(fresh, held)


def test_a_recovery_key_that_no_entry_puts_in_force_gets_nothing(
    fresh: RemoteCustodian, file: Path
) -> None:
    """So that whoever has the operator's help leaves a trace all the same."""
    trust(file)
    held, asked = held_by(fresh), told("recovery.created", CREATED)
    with pytest.raises(IntegrityError):
        replace(asked, entries=(b"1", b"2", b"3", b"4", b"5")).recover(fresh, held)
    with pytest.raises(DeniedError, match="is for home"):
        told("recovery.created", {**CREATED, "domains": ["x"]}).recover(fresh, held)
    with pytest.raises(DeniedError, match="is for home"):
        told("recovery.wrapped", CREATED).recover(fresh, held)
    with pytest.raises(IntegrityError):
        asked.recover(fresh, replace(held, share=0))


def test_shares_move_to_the_root_key_that_follows_and_pass_nobody(
    tmp_path: Path,
) -> None:
    with succession(tmp_path) as (new, former, inner):
        held = held_by(former)
        assert new.adopts == former.root_key_id
        assert former.adopts == ""

        wrapped = told("rotation.begun", begun(former, new)).adopt(new, held)

        asked = told("x", {})
        found = inner.unwrap(
            wrapped,
            held.place(new.root_key_id),
            anchor=inner.anchor(),
            verify_extension=asked.verify_extension,
        )
        assert found == SHARE
        assert inner.anchor().size == former.anchor().size == 5


def test_the_former_custodian_is_asked_about_forks_too(tmp_path: Path) -> None:
    with succession(tmp_path) as (new, former, inner):
        held = held_by(former)
        fork = (b"one", b"two", b"three", b"four", b"five", b"six")
        former.advance(
            anchor_over(fork), replace(told("x", {}), entries=fork).verify_extension
        )
        with pytest.raises(ForkError):
            told("rotation.begun", begun(former, new)).adopt(new, held)
        assert inner.anchor() == anchor("")


@pytest.mark.parametrize("field", ["domain", "root", "successor"])
def test_nothing_moves_without_the_entry_of_the_rotation(
    tmp_path: Path, field: str
) -> None:
    with succession(tmp_path) as (new, former, _):
        held = held_by(former)
        facts = {**begun(former, new), field: "another"}
        with pytest.raises(DeniedError, match="does not say"):
            told("rotation.begun", facts).adopt(new, held)
        with pytest.raises(SetupError, match="takes over from no other"):
            told("rotation.begun", begun(new, former)).adopt(former, held)


@contextmanager
def succession(
    folder: Path,
) -> Iterator[tuple[RemoteCustodian, RemoteCustodian, MemoryCustodian]]:
    """Serve a custodian and its successor; give both, and what is behind the new."""
    former, new = (MemoryCustodian("home", random=os.urandom) for _ in range(2))
    with serving(former, folder / "a") as there:
        desk = connect(there)
        desk.anchor()  # the former one has its room now
        with serving(new, folder / "b", former=(former, folder / "a")) as path:
            yield connect(path), desk, new


def trust(file: Path) -> None:
    """Name the recovery key of the tests, as the operator does."""
    TrustFile(file, random=os.urandom).write(RECOVERY.id)
