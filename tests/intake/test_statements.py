"""A statement names files by paths that can be written, and agrees with itself."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import InputError
from strongroom.intake.bundles import Bundle
from strongroom.intake.signatures import verify_statement
from strongroom.intake.statements import ModelStatement, in_order
from tests.intake.signers import claim_of
from tests.project.vectors import Case, cases

SIGNED = cases("model_signatures", "signed")
PAYLOADS = [Bundle.from_bytes(case["bundle"].encode()).payload for case in SIGNED]


@pytest.mark.parametrize("case", SIGNED, ids=lambda case: str(case["what"]))
def test_a_statement_of_model_signing_says_what_was_signed(case: Case) -> None:
    claim = claim_of(case, case["bundle"].encode())

    _, found = verify_statement(claim, at=datetime.fromisoformat(case["at"]))

    assert (found.name, dict(found.files)) == (case["name"], case["files"])
    assert list(found.files) == list(in_order(found.files))
    assert ".gitattributes" in found.ignored


@given(
    st.dictionaries(
        st.text("abc", min_size=1, max_size=3),
        st.binary(min_size=32, max_size=32).map(bytes.hex),
        min_size=1,
        max_size=5,
    )
)
def test_what_is_written_is_read_again(files: dict[str, str]) -> None:
    statement = ModelStatement(name="llm", files=files, ignored=("model.sig",))

    assert ModelStatement.from_bytes(statement.to_bytes()) == statement


@given(st.sampled_from(PAYLOADS), st.data())
def test_a_changed_statement_is_refused_or_read_and_nothing_else(
    payload: bytes, data: st.DataObject
) -> None:
    raw = bytearray(payload)
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))

    try:
        ModelStatement.from_bytes(bytes(raw))
    except InputError:
        return


@pytest.mark.parametrize("payload", [b"[]", b"null", b'{"_type": 1}', b"[" * 9999])
def test_what_is_no_statement_is_refused(payload: bytes) -> None:
    with pytest.raises(InputError):
        ModelStatement.from_bytes(payload)
