"""What several processes do at once; each function is one of them.

Each says what it got: ``ok ...``, the rules that refused, or the class of an error.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import TypeAlias

from campaigns._base import KEY_HOLDER
from campaigns._desk import Desk
from strongroom.app.rotating import RotationOptions, rotate
from strongroom.cli.demo.house import COST, MODEL, PASSPHRASE
from strongroom.errors import DeniedError, StrongroomError

COLLECTORS = ("rosa", "noor")
APPROVERS = ("lena", "sam")
DOMAIN = "weights"
TWIN = "twin"
SEGMENTS = [f"{part}.{i}" for part in ("blocks", "embeddings") for i in range(6)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Racer:
    """One of the processes.

    Attributes:
        desk: The room, opened by it.
        facts: Ids that contests need.
        number: From 0.
        requests: How often it asks in a contest about requests.
    """

    desk: Desk
    facts: Mapping[str, str]
    number: int
    requests: int
    random: Random


Contest: TypeAlias = Callable[[Racer], Iterator[str]]


def ending(act: Callable[[], str]) -> str:
    """Return what came of an act: what it gives, or how it was refused."""
    try:
        return act()
    except DeniedError as error:
        return ",".join(error.reasons) or "denied"
    except StrongroomError as error:
        return type(error).__name__


def caps(racer: Racer) -> Iterator[str]:
    """Ask, have it approved, and open, again and again, as if two agreed."""
    for _ in range(racer.requests):
        mine = racer.random.randrange(len(COLLECTORS))
        who = COLLECTORS[mine]
        segment = racer.random.choice(SEGMENTS[mine :: len(COLLECTORS)])
        yield ending(partial(_collect, racer, who, segment))


def _collect(racer: Racer, who: str, segment: str) -> str:
    acting = racer.desk.acting_as
    asked = acting(who).request(MODEL, segments=[segment], purpose="a race")
    for approver in APPROVERS:
        acting(approver).approve(asked.request.id)
    with acting(who).open(asked.request.id) as opened:
        return f"ok {who} {segment} {opened.check()}"


def sequencers(racer: Racer) -> Iterator[str]:
    """Ask and withdraw, and index what others left, all at the same time."""
    for _ in range(racer.requests):
        yield ending(lambda: _ask_and_withdraw(racer))


def _ask_and_withdraw(racer: Racer) -> str:
    who = racer.desk.acting_as(COLLECTORS[racer.number % len(COLLECTORS)])
    asked = who.request(MODEL, segments=["head"], purpose="a race")
    who.withdraw(asked.request.id)
    racer.desk.room.room.ledger.catch_up()
    return "ok"


def one_approval(racer: Racer) -> Iterator[str]:
    """Give one person's approval in every process."""
    yield ending(lambda: _approve(racer, APPROVERS[0]))


def last_approval(racer: Racer) -> Iterator[str]:
    """Give the last approval in every process."""
    yield ending(lambda: _approve(racer, APPROVERS[1]))


def _approve(racer: Racer, who: str) -> str:
    racer.desk.acting_as(who).approve(racer.facts["pending"])
    return "ok"


def revocation(racer: Racer) -> Iterator[str]:
    """Open again and again, until one of us has revoked the permit."""
    if racer.number == 0:
        time.sleep(racer.random.uniform(0, 0.3))
        yield ending(lambda: _revoke(racer))
        return
    for _ in range(12):
        began = time.monotonic()
        yield ending(partial(_open, racer, began))


def _revoke(racer: Racer) -> str:
    racer.desk.acting_as(APPROVERS[0]).revoke(racer.facts["held"], reason="over")
    return f"ok revoked {time.monotonic()}"


def _open(racer: Racer, began: float) -> str:
    with racer.desk.acting_as("rosa").open(racer.facts["held"]) as opened:
        return f"ok opened {began} {opened.check()}"


def rotations(racer: Racer) -> Iterator[str]:
    """Propose a rotation, or carry out the one that was agreed to."""
    options = RotationOptions(domain=DOMAIN, new=PASSPHRASE, old=PASSPHRASE, cost=COST)

    def act() -> str:
        done = rotate(racer.desk.acting_as(KEY_HOLDER), options)
        return "ok rotated" if done.request is None else f"ok asks {done.request.id}"

    yield ending(act)


def seals(racer: Racer) -> Iterator[str]:
    """Seal a model of one new name."""

    def act() -> str:
        sealed = racer.desk.acting_as("mia").seal(racer.facts["source"], name=TWIN)
        return f"ok {sealed.artifact.id} {sealed.version.number}"

    yield ending(act)


CONTESTS: Mapping[str, Contest] = {
    "caps": caps,
    "one approval": one_approval,
    "last approval": last_approval,
    "revocation": revocation,
    "sequencers": sequencers,
    "seals": seals,
    "rotations": rotations,
    "rotations agreed": rotations,
}
"""In this order: the last leaves processes with a former custodian."""
