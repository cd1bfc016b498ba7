"""What an entry has to say before a share is handed over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.canonical import Json
from strongroom.crypto.handover import (
    RecoveryOrder,
    WrappedShare,
    trusted_public,
    verify_succession,
)
from strongroom.crypto.recovery import RecoveryKey
from strongroom.crypto.wraps import segment_context
from strongroom.errors import DeniedError, IntegrityError
from strongroom.types import Secret
from tests.contracts.handovers import CREATED, RECOVERY
from tests.contracts.releases import CONTEXT, ROOM, SHARE

HELD = WrappedShare(
    room=ROOM,
    artifact=CONTEXT.artifact,
    version=3,
    generation=2,
    segment=CONTEXT.segment,
    share=1,
    wrapped=b"wrapped",
)
BEGUN: dict[str, Json] = {"domain": "home", "root": "root-a", "successor": "root-b"}
THEIRS = RecoveryKey(Secret(bytes(32)))


def test_a_share_has_the_place_that_wraps_state() -> None:
    assert HELD.place("root-a") == segment_context(
        room=ROOM,
        artifact=CONTEXT.artifact,
        version=3,
        generation=2,
        segment=CONTEXT.segment,
        share=1,
        root_key_id="root-a",
    )


def test_a_recovery_order_seals_a_share_to_its_place_and_no_other() -> None:
    order = RecoveryOrder(held=HELD, public=RECOVERY.public)
    sealed = order.seal(SHARE)

    assert (order.wrapped, order.place("root-a")) == (b"wrapped", HELD.place("root-a"))
    assert RECOVERY.unwrap(sealed, HELD.place(RECOVERY.id)) == SHARE
    with pytest.raises(IntegrityError):
        RECOVERY.unwrap(sealed, HELD.place("root-a"))


def test_the_entry_that_begins_the_rotation_is_enough() -> None:
    verify_succession(
        "rotation.begun", BEGUN, domain="home", former="root-a", successor="root-b"
    )


@given(st.sampled_from([*BEGUN, "kind"]), st.none() | st.text() | st.integers())
def test_an_entry_about_anything_else_moves_nothing(field: str, other: Json) -> None:
    facts: dict[str, Json] = {**BEGUN, "kind": "rotation.begun", field: other}
    if facts == {**BEGUN, "kind": "rotation.begun"}:
        return
    with pytest.raises(DeniedError, match="does not say that root-b follows root-a"):
        verify_succession(
            str(facts.pop("kind")),
            facts,
            domain="home",
            former="root-a",
            successor="root-b",
        )


def test_the_public_half_comes_from_the_entry_and_trust_from_the_operator() -> None:
    found = trusted_public(
        "recovery.created", CREATED, domain="home", trusted=RECOVERY.id
    )
    assert found == RECOVERY.public


@pytest.mark.parametrize("trusted", [None, "", THEIRS.id])
def test_a_key_that_the_operator_did_not_name_gets_nothing(trusted: str | None) -> None:
    with pytest.raises(DeniedError, match=f"did not say that {RECOVERY.id}") as refused:
        trusted_public("recovery.created", CREATED, domain="home", trusted=trusted)
    assert f"custodian trust FILE {RECOVERY.id}" in refused.value.hint


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("recovery.wrapped", {}),
        ("recovery.created", {"domains": ["elsewhere"]}),
        ("recovery.created", {"domains": "home"}),
        ("recovery.created", {"domains": None}),
        ("recovery.created", {"public": THEIRS.public.hex()}),  # under a trusted id
        ("recovery.created", {"public": "no hex"}),
        ("recovery.created", {"public": ""}),
        ("recovery.created", {"public": None}),
    ],
)
def test_an_entry_that_puts_no_such_key_in_force_gives_nothing(
    kind: str, changes: dict[str, Json]
) -> None:
    with pytest.raises(DeniedError):
        trusted_public(kind, {**CREATED, **changes}, domain="home", trusted=RECOVERY.id)
