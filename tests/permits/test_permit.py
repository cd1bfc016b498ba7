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
from strongroom.permits.permit import (
    MAX_PERMIT_BYTES,
    PURPOSE,
    Permit,
    PermitRow,
    PermitState,
    find_permit,
    parse_permit,
)
from strongroom.types import AccountId
from tests.journeys.rooms import House
from tests.permits.documents import KEYS, NOW, PERMIT
from tests.permits.openings import BLOCK

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
