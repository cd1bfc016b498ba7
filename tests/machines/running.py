"""How the machines are run: at length on SQLite, shortly on PostgreSQL."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from strongroom.access import accounts
from strongroom.access.sessions import Actor, actor_of
from strongroom.database import people_tables
from strongroom.errors import StrongroomError
from strongroom.types import Factor, Role
from tests.access.rooms import Rooms, rooms_at

SHORT = 3
"""Examples on PostgreSQL, which makes the same decisions at three times the cost."""


def run(
    machine: type[RuleBasedStateMachine],
    database: str,
    *,
    examples: int,
    steps: int = 15,
) -> None:
    """Run a machine; ``database`` is its kind."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples if database == "sqlite" else SHORT,
            stateful_step_count=steps,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],  # a room is slow to make shorter
            suppress_health_check=list(HealthCheck),
        ),
    )


def works(act: Callable[[], object]) -> bool:
    """Return whether ``act`` was accepted; only our own errors refuse it."""
    try:
        act()
    except StrongroomError:
        return False
    return True


class Office:
    """A room without a vault, with an administrator and an approver in it."""

    def __init__(self, url: str) -> None:
        self._context = rooms_at(url)
        self.rooms: Rooms = self._context.__enter__()
        self.admin = self.rooms.actor("root", Role.ADMINISTRATOR, team="office")
        self.approver = self.rooms.actor("ines", Role.APPROVER, team="safety")

    def close(self) -> None:
        """Close the database."""
        self._context.__exit__(None, None, None)

    def pass_(self, **units: float) -> None:
        """Let time pass; administrator and approver log in again afterwards."""
        self.rooms.world.clock.pass_(**units)
        self.admin, self.approver = (
            self.logged_in(account)
            for account in (self.admin.account, self.approver.account)
        )

    def logged_in(self, name_or_id: str) -> Actor:
        """Return somebody who has just proved a second factor."""
        with self.rooms.world.ledger.transaction() as writing:
            account = accounts.find_account(writing, name_or_id)
            session, _ = self.rooms.sessions.open(
                writing, account, Factor.TOTP, writing.now, "test"
            )
        return actor_of(session)

    def forget_attempts(self) -> None:
        """Let nobody wait because of failures; ``test_attempts`` is about those."""
        self.rooms.world.attack(people_tables.attempts.delete())


def random_source() -> str:
    """Return an address that nobody tried from yet."""
    return os.urandom(8).hex()


def once(act: Callable[[], object]) -> Callable[[int], None]:
    """Return a progress callback that acts the first time it is called.

    Several threads of a seal call it, and only one of them may act.
    """
    first = threading.Lock()

    def progress(_: int) -> None:
        if first.acquire(blocking=False):
            act()

    return progress
