"""Permits: signed documents, and the rows that hold them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom import canonical
from strongroom.crypto.signing import Signed, VerifyKey
from strongroom.errors import InputError, IntegrityError, MissingError
from strongroom.ledger.private_texts import private_of
from strongroom.permits.permit import (
    MAX_PERMIT_BYTES,
    PURPOSE,
    Permit,
    PermitRow,
    PermitState,
    find_permit,
    issued_event,
    parse_permit,
    revoke_permit,
)
from strongroom.types import AccountId
from tests.journeys.rooms import House
from tests.permits.documents import ACCOUNT, KEYS, NOW, PERMIT
from tests.permits.openings import BLOCK, newest

VECTOR = json.loads((Path(__file__).parents[1] / "vectors" / "permit.json").read_text())
DOCUMENT = json.loads(PERMIT.payload())


def row_of(permit: Permit, **changes: object) -> PermitRow:
    row = PermitRow(
        id=permit.id,
        request=permit.request,
        account=permit.account,
        roots=permit.roots,
        released_bytes=0,
        expires_at=permit.expires_at,
        state=PermitState.ACTIVE,
        signed=KEYS.permit.sign(PURPOSE, permit.payload()).to_bytes(),
    )
    return replace(row, **changes)  # type: ignore[arg-type]  # a test bends any field


def test_the_published_permit_reads_and_verifies() -> None:
    key = VerifyKey(bytes.fromhex(VECTOR["public_key"]))
    signed = Signed.from_bytes(VECTOR["signed"].encode(), MAX_PERMIT_BYTES)

    assert parse_permit(signed.verify(PURPOSE, key)) == PERMIT
    assert PERMIT.payload().decode() == VECTOR["payload"]
    assert row_of(PERMIT).signed.decode() == VECTOR["signed"]


permits = st.builds(
    lambda version, bytes_, names, stated, hours: replace(
        PERMIT,
        version=version,
        at_most_bytes=bytes_,
        segments=tuple(names),
        purpose_stated=stated,
        expires_at=NOW + timedelta(hours=hours),
    ),
    st.none() | st.integers(1, 2**40),
    st.integers(0, 2**53 - 1),
    st.lists(st.text(max_size=20), max_size=5),
    st.booleans(),
    st.integers(-1000, 1000),
)


@given(permits)
def test_what_was_written_is_read_back(permit: Permit) -> None:
    assert parse_permit(permit.payload()) == permit
    assert row_of(permit).open(KEYS.permit.public) == permit


def test_a_flipped_bit_anywhere_is_refused() -> None:
    signed = row_of(PERMIT).signed
    for at in range(len(signed)):
        bent = bytearray(signed)
        bent[at] ^= 1 << (at % 8)
        with pytest.raises(IntegrityError):
            row_of(PERMIT, signed=bytes(bent)).open(KEYS.permit.public)


@pytest.mark.parametrize("field", sorted(DOCUMENT))
@pytest.mark.parametrize("value", [None, True, -1, "", [], {}, [1], "x", "1", 1])
def test_a_field_of_another_kind_is_refused_or_says_itself(
    field: str, value: canonical.Json
) -> None:
    payload = canonical.to_json({**DOCUMENT, field: value})
    try:
        permit = parse_permit(payload)
    except IntegrityError:
        return
    assert permit.payload() == payload


@pytest.mark.parametrize("field", sorted(DOCUMENT))
def test_a_field_that_is_missing_is_refused(field: str) -> None:
    bent = {key: value for key, value in DOCUMENT.items() if key != field}
    with pytest.raises(IntegrityError):
        parse_permit(canonical.to_json(bent))


def test_a_field_that_nobody_knows_is_refused() -> None:
    with pytest.raises(IntegrityError, match="nobody knows"):
        parse_permit(canonical.to_json({**DOCUMENT, "x": 1}))


@pytest.mark.parametrize("payload", [b"[]", b"1", b"null", b'"x"', b"", b"{}"])
def test_what_is_no_permit_is_refused(payload: bytes) -> None:
    with pytest.raises(IntegrityError):
        parse_permit(payload)


def test_a_row_holds_no_other_permit() -> None:
    row = row_of(PERMIT, account=AccountId("account-somebody"))
    with pytest.raises(IntegrityError, match="holds another permit"):
        row.open(KEYS.permit.public)


def test_another_key_or_purpose_signs_no_permit() -> None:
    payload = PERMIT.payload()
    for signed in (
        KEYS.manifest.sign(PURPOSE, payload),
        KEYS.permit.sign("answer", payload),
    ):
        with pytest.raises(IntegrityError):
            row_of(PERMIT, signed=signed.to_bytes()).open(KEYS.permit.public)


@pytest.mark.parametrize("start", ["permit-%%%%%%%%", "request-________", "%%%%%%%%"])
def test_a_pattern_names_no_permit(sealed: House, start: str) -> None:
    sealed.permit("ana", BLOCK)
    with sealed.room.room.ledger.reading() as reading, pytest.raises(MissingError):
        find_permit(reading, start)


@pytest.mark.parametrize("start", ["permit-", "request-", ""])
def test_what_every_permit_starts_with_names_none(sealed: House, start: str) -> None:
    sealed.permit("ana", BLOCK)
    with sealed.room.room.ledger.reading() as reading, pytest.raises(InputError):
        find_permit(reading, start)


def test_a_row_says_of_its_permit_what_was_signed() -> None:
    assert row_of(PERMIT).open(KEYS.permit.public) == PERMIT
    for changes in (
        {"id": "permit-x"},
        {"request": "request-x"},
        {"account": "account-x"},
        {"expires_at": NOW},
    ):
        with pytest.raises(IntegrityError, match="holds another permit"):
            row_of(PERMIT, **changes).open(KEYS.permit.public)


def test_the_words_of_permits_are_published() -> None:
    """They stand in signatures and in rows, which the next version reads too."""
    assert (PURPOSE, MAX_PERMIT_BYTES) == ("permit", 262_144)
    assert [*PermitState] == ["active", "revoked"]
    assert row_of(PERMIT).revision == 1


def test_a_permit_is_read_up_to_its_limit() -> None:
    around = len(replace(PERMIT, segments=("",)).payload())
    longest = replace(PERMIT, segments=("a" * (MAX_PERMIT_BYTES - around),))
    assert parse_permit(longest.payload()) == longest
    assert row_of(longest).open(KEYS.permit.public) == longest
    with pytest.raises(IntegrityError):
        parse_permit(replace(longest, segments=(longest.segments[0] + "a",)).payload())


def test_the_entry_of_a_permit_says_all_of_this() -> None:
    said = {
        "permit": PERMIT.id,
        "request": PERMIT.request,
        "account": PERMIT.account,
        "roots": [*PERMIT.roots],
        "artifact": PERMIT.artifact,
        "version": 1,
        "segments": [*PERMIT.segment_ids],
        "lineage": False,
        "bytes": 2070,
        "not_before": "2026-11-22T09:00:00.000006Z",
        "expires": "2026-11-22T14:00:00.000006Z",
        "policy": "ab" * 32,
        "reserved": 7,
    }
    made = issued_event(PERMIT, 7)
    assert (made.kind, made.actor, made.facts) == ("permit.issued", ACCOUNT, said)
    line = replace(PERMIT, version=None, segment_ids=())
    assert issued_event(line, 0).facts == {
        **said,
        "version": None,
        "lineage": True,
        "segments": [*PERMIT.segments],
        "reserved": 0,
    }


def test_a_permit_is_named_by_its_id_its_request_or_the_start_of_either(
    sealed: House,
) -> None:
    first, second = sealed.permit("ana", BLOCK), sealed.permit("ben", BLOCK)
    with sealed.room.room.ledger.reading() as reading:
        for row in (first, second):
            for name in (row.id, row.request):
                kind, _, rest = name.partition("-")
                starts = (name, name[: len(kind) + 13], rest, rest[:12])
                assert {find_permit(reading, s).id for s in starts} == {row.id}
        with pytest.raises(MissingError, match="no permits start with"):
            find_permit(reading, first.account)


def test_a_permit_is_revoked_once_and_says_why(sealed: House) -> None:
    row, room = sealed.permit("ana", BLOCK), sealed.room.room
    for reason in ("left", "again"):
        with room.ledger.transaction() as writing:
            ended = revoke_permit(writing, sealed.actors["ines"], row.id, reason=reason)
        assert (ended.state, ended.revision) == (PermitState.REVOKED, row.revision + 1)
    assert newest(sealed) == {
        "kind": "permit.revoked",
        "permit": row.id,
        "account": row.account,
    }
    with room.ledger.reading() as reading:
        entries = [*room.ledger.entries(reading, 0)]
        assert sum(b'"permit.revoked"' in entry.body for entry in entries) == 1
        assert private_of(reading, entries[-1]) == {"reason": "left"}
