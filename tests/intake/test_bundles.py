"""A bundle is what the command of the OpenSSF writes, or it is refused."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import InputError, IntegrityError
from strongroom.intake.bundles import MOST_BYTES, Bundle
from strongroom.intake.signatures import verify_statement
from tests.intake.signers import claim_of
from tests.project.vectors import Case, cases

SIGNED = cases("model_signatures", "signed")


@pytest.mark.parametrize("case", SIGNED, ids=lambda case: str(case["what"]))
def test_a_bundle_of_model_signing_is_read_and_written_as_it_was(case: Case) -> None:
    bundle = Bundle.from_bytes(case["bundle"].encode())

    assert json.loads(bundle.to_bytes()) == json.loads(case["bundle"])


@given(
    st.builds(
        Bundle,
        payload=st.binary(max_size=99),
        signature=st.binary(min_size=1, max_size=104),
        hint=st.binary(min_size=32, max_size=32).map(bytes.hex) | st.just(""),
    )
    | st.builds(
        Bundle,
        payload=st.binary(max_size=99),
        signature=st.binary(min_size=1, max_size=104),
        chain=st.lists(st.binary(), min_size=1, max_size=8).map(tuple),
    )
)
def test_what_is_written_is_read_again(bundle: Bundle) -> None:
    assert Bundle.from_bytes(bundle.to_bytes()) == bundle


@given(st.sampled_from(SIGNED), st.data())
def test_a_changed_bundle_is_refused_or_states_the_same(
    case: Case, data: st.DataObject
) -> None:
    """White space, and the end of an encoding that carries no bits, may change."""
    raw = bytearray(case["bundle"].encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    at = datetime.fromisoformat(case["at"])

    try:
        _, statement = verify_statement(claim_of(case, bytes(raw)), at=at)
    except (InputError, IntegrityError):
        return
    assert dict(statement.files) == case["files"]


def test_a_bundle_of_many_values_is_refused_before_it_is_read() -> None:
    with pytest.raises(InputError, match="over 1000 values"):
        Bundle.from_bytes(b"[" + b"{}," * 2000 + b"{}]")


def test_a_bundle_over_its_bound_is_refused_before_it_is_read() -> None:
    with pytest.raises(InputError, match="over 16777216 bytes"):
        Bundle.from_bytes(b" " * (MOST_BYTES + 1))
