"""A house that grows: from one person to a few, to teams, to passkeys only.

Rules change for a whole room at once, so what a profile needs is checked when it is
asked for and again when it is carried out.  The ledger has the profile in force, and
a room whose ``room.toml`` says another one does not open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from strongroom.access.accounts import ACCOUNTS, Account, AccountState
from strongroom.access.approvals import Approvals
from strongroom.access.factors import has_factor
from strongroom.access.gate import Gate
from strongroom.access.passkeys import active_passkeys
from strongroom.access.people import ROOM
from strongroom.access.request import Request
from strongroom.access.sessions import Actor
from strongroom.errors import ConflictError, SetupError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Ledger, Reading, Writing
from strongroom.ledger.recorded import newest_recorded
from strongroom.types import AccountKind, Profile, Role

ACTION: Final = "profile:change"
_TEAMS: Final = 3


class Profiles:
    """Takes requests for another profile, and records the change."""

    def __init__(
        self,
        gate: Gate,
        approvals: Approvals,
        *,
        profile: Profile,
        settle: Callable[[], None],
    ) -> None:
        """Wire the shell; approved requests are carried out here.

        Args:
            gate: Whose rules are in force now.
            approvals: Where requests wait.
            profile: The one in force.
            settle: Writes the newest recorded profile into ``room.toml``.
        """
        self._gate = gate
        self._ledger = gate.ledger
        self._approvals = approvals
        self._profile = profile
        approvals.executors[ACTION] = self._change
        approvals.afterwards[ACTION] = settle

    def lacking(self, transaction: Reading | Writing, profile: Profile) -> list[str]:
        """Return what a profile needs and the room has not; one sentence each."""
        people = [
            account
            for account in ACCOUNTS.find(transaction)
            if account.kind is AccountKind.PERSON
            and account.state is AccountState.ACTIVE
        ]
        found: list[str] = []
        if profile is not Profile.SOLO:
            found += _without(
                "second factor",
                (p for p in people if not has_factor(transaction, p.id)),
            )
        if profile is Profile.SMALL:
            found += _need_two(people)
        if profile in (Profile.STANDARD, Profile.HARDENED):
            found += _need_teams(people)
        if profile is Profile.HARDENED:
            found += _without(
                "passkey", (p for p in people if not active_passkeys(transaction, p.id))
            )
        return found

    def ask(self, actor: Actor, profile: Profile) -> Request:
        """Ask for another profile; in ``solo`` it is carried out at once.

        Raises:
            ConflictError: It is in force already, or something is lacking for it.
            DeniedError: The actor may not ask for it.
        """
        with (
            self._gate.recording_refusals(actor, ACTION, "room"),
            self._ledger.transaction() as writing,
        ):
            asker = self._gate.require(writing, actor, ACTION, ROOM)
            self._check(writing, profile)
            request = self._approvals.ask(
                writing,
                actor,
                asker,
                ACTION,
                {"profile": profile},
                terms=self._gate.terms.of_action(ACTION),
            )
        self._approvals.after_commit(request)
        return request

    def _change(self, writing: Writing, request: Request) -> None:
        """Record that another profile is in force.

        Raises:
            ConflictError: Something is lacking by now.
        """
        profile = Profile(str(request.payload()["profile"]))
        self._check(writing, profile)
        writing.append(
            Event(
                kind="profile.changed",
                actor=request.asker,
                facts={
                    "profile": profile,
                    "previous": self._profile,
                    "request": request.id,
                },
            )
        )

    def _check(self, writing: Writing, profile: Profile) -> None:
        if profile is self._profile:
            raise ConflictError(f"the room is {profile} already")
        lacking = self.lacking(writing, profile)
        if lacking:
            raise ConflictError(
                f"a {profile} room needs more: {'; '.join(lacking)}",
                hint="mend these, and ask again",
            )


def recorded_profile(ledger: Ledger, transaction: Reading) -> Profile | None:
    """Return the profile that the ledger says is in force; ``None`` before any.

    Raises:
        IntegrityError: An entry is not what the signed tree has there.
    """
    for kind in ("profile.changed", "room.created"):
        found = newest_recorded(ledger, transaction, kind)
        if found is not None:
            return Profile(str(found.facts["profile"]))
    return None


def verify_profile(ledger: Ledger, transaction: Reading, profile: Profile) -> None:
    """Check that a room is opened under the profile that its ledger has.

    Raises:
        SetupError: ``room.toml`` says another one.
        IntegrityError: An entry is not what the signed tree has there.
    """
    recorded = recorded_profile(ledger, transaction)
    if recorded not in (None, profile):
        raise SetupError(
            f"room.toml says {profile}, and the ledger says {recorded}",
            hint=f'set profile = "{recorded}" in room.toml',
        )


def _without(what: str, people: Iterable[Account]) -> list[str]:
    names = ", ".join(sorted(person.name for person in people))
    return [f"{names} without a {what}"] if names else []


def _need_two(people: list[Account]) -> list[str]:
    """Whoever keeps the room needs somebody else who can agree."""
    approvers = {p.id for p in people if Role.APPROVER in p.roles}
    keepers = [p for p in people if Role.ADMINISTRATOR in p.roles]
    if keepers and all(approvers - {keeper.id} for keeper in keepers):
        return []
    return ["an administrator, and an approver who is somebody else"]


def _need_teams(people: list[Account]) -> list[str]:
    """Administrators and approvers of three teams, and nobody who is everything."""
    found = []
    approving = {p.team for p in people if Role.APPROVER in p.roles}
    keeping = {p.team for p in people if Role.ADMINISTRATOR in p.roles}
    if len(approving) < _TEAMS - 1 or not keeping or len(approving | keeping) < _TEAMS:
        found.append("an administrator and two approvers, of three teams")
    mixed = [
        p.name
        for p in people
        if (Role.AUDITOR in p.roles and len(p.roles) > 1)
        or (Role.ADMINISTRATOR in p.roles and Role.RESEARCHER in p.roles)
    ]
    if mixed:
        found.append(
            f"{', '.join(sorted(mixed))} with roles that exclude each other:"
            " an auditor has no other, an administrator reads no weights"
        )
    return found
