"""Attempts by people with accounts: without a permit, past a cap, too late."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

from strongroom.cli.demo.house import MODEL, House
from strongroom.cli.demo.steps import Outcome, Refusal, judge
from strongroom.errors import DeniedError, MissingError

REFUSALS = {
    "no-permit": Refusal(error=DeniedError, says="waits for 2 approvals"),
    "invented-permit": Refusal(error=MissingError, says="no permits start with"),
    "permit-of-another": Refusal(error=DeniedError, rule="permit-matches"),
    "other-segments": Refusal(error=DeniedError, rule="permit-matches"),
    "self-approval": Refusal(error=DeniedError, rule="not-your-own-request"),
    "own-team-approval": Refusal(error=DeniedError, rule="not-your-own-teams-request"),
    "administrator-asks": Refusal(
        error=DeniedError, rule="administrator-reads-no-weights"
    ),
    "piece-by-piece": Refusal(error=DeniedError, rule="person-cap"),
    "colleague": Refusal(error=DeniedError, rule="pair-cap"),
    "expired-permit": Refusal(error=DeniedError, rule="permit-expired"),
    "revoked-permit": Refusal(error=DeniedError, rule="permit-revoked"),
}
"""How each attempt has to fail: one refusal, and no other, counts."""

BLOCKS = tuple(f"blocks.{depth}" for depth in range(6))
_INVENTED = "permit-" + "a" * 26
_UNTIL_EXPIRED = timedelta(hours=2)


def attempt_without_permit(house: House, permit: str) -> Iterator[Outcome]:
    """Try to open what nobody agreed to.

    Args:
        house: A healthy one.
        permit: Of rosa, who may open ``biases`` and ``blocks.0``.
    """
    for step, name, target, segments in (
        ("no-permit", "noor", MODEL, ["blocks.0"]),
        ("invented-permit", "noor", _INVENTED, []),
        ("permit-of-another", "noor", permit, []),
        ("other-segments", "rosa", permit, ["blocks.5"]),
    ):
        yield _judge(step, partial(_open, house, name, target, *segments))


def attempt_approvals(house: House) -> Iterator[Outcome]:
    """Try to approve what one may not approve, and to ask as administrator."""

    def approve_own() -> None:
        asked = house.acting_as("omar").request(
            MODEL, segments=["blocks.0"], purpose="curious"
        )
        house.acting_as("omar").approve(asked.request.id)

    def approve_colleague() -> None:
        asked = house.acting_as("rosa").request(
            MODEL, segments=["blocks.1"], purpose="a favour"
        )
        house.acting_as("omar").approve(asked.request.id)

    def ask_as_administrator() -> None:
        house.acting_as("ada").request(MODEL, segments=["blocks.0"], purpose="backup")

    yield _judge("self-approval", approve_own)
    yield _judge("own-team-approval", approve_colleague)
    yield _judge("administrator-asks", ask_as_administrator)


def attempt_collecting(house: House) -> Iterator[Outcome]:
    """Take a model segment by segment, alone and with a colleague, up to the caps.

    Rosa begins with what she holds already; both get honest approvals each time.
    """
    yield _judge("piece-by-piece", lambda: _collect(house, "rosa", BLOCKS[1:]))
    yield _judge("colleague", lambda: _collect(house, "noor", BLOCKS[3:]))


def attempt_ended(house: House, permit: str) -> Iterator[Outcome]:
    """Open on a permit that has expired, and on one that was revoked."""
    house.clock.advance(_UNTIL_EXPIRED)
    yield _judge("expired-permit", lambda: _open(house, "rosa", permit))
    held = house.grant("noor", "blocks.4", purpose="evaluation")
    house.acting_as("ada").revoke(held, reason="the laptop is gone")
    yield _judge("revoked-permit", lambda: _open(house, "noor", held))


def _judge(step: str, attempt: Callable[[], object]) -> Outcome:
    return judge(step, REFUSALS[step], attempt)


def _open(house: House, name: str, target: str, *segments: str) -> None:
    purpose = "a look" if target == MODEL else ""
    with house.acting_as(name).open(target, segments=segments, purpose=purpose) as it:
        it.check()


def _collect(house: House, name: str, segments: tuple[str, ...]) -> None:
    for segment in segments:
        _open(house, name, house.grant(name, segment, purpose="one more segment"))
