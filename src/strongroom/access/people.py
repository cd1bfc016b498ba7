"""Accounts, roles, invitations, second factors and projects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from strongroom.access import (
    account_changes,
    accounts,
    attempts,
    enrolment,
    factors,
    projects,
    teams,
    totp,
)
from strongroom.access.accounts import ACCOUNTS, Account, AccountState
from strongroom.access.approvals import Approvals
from strongroom.access.gate import Gate
from strongroom.access.policy import Resource
from strongroom.access.projects import PROJECTS, Membership, Project
from strongroom.access.request import Request
from strongroom.access.sessions import Actor, close_all, verify_actor
from strongroom.access.teams import TEAMS, Team
from strongroom.canonical import Json
from strongroom.ledger.log import Writing
from strongroom.types import AccountKind, Factor, Random, Role, Secret

ROOM = Resource(kind="Room", id="room")
"""What actions are about when nothing else fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What a person needs to set up the second factor; shown once.

    Attributes:
        secret: For the phone.
        uri: The same as an ``otpauth:`` address, for a QR code.
    """

    account: Account
    secret: Secret
    uri: Secret


class People:
    """What administrators do with accounts, and people with their own."""

    def __init__(
        self, gate: Gate, approvals: Approvals, *, totp_key: Secret, random: Random
    ) -> None:
        """Wire the shell; approved requests are carried out here."""
        self._gate = gate
        self._ledger = gate.ledger
        self._approvals = approvals
        self._totp_key = totp_key
        self._random = random
        approvals.executors["account:create"] = partial(
            account_changes.create, random=random
        )
        approvals.executors["role:change"] = partial(
            account_changes.change_roles, random=random
        )

    def everybody(self, actor: Actor) -> list[tuple[Account, Team]]:
        """Return every account with its team."""
        with self._ledger.reading() as reading:
            verify_actor(reading, actor, now=reading.now)
            by_id = {team.id: team for team in TEAMS.find(reading)}
            return [(a, by_id[a.team]) for a in ACCOUNTS.find(reading)]

    def add(
        self,
        actor: Actor,
        name: str,
        *,
        team: str,
        roles: Sequence[Role | str] = (),
        kind: AccountKind | str = AccountKind.PERSON,
        owner: str | None = None,
    ) -> Request:
        """Ask for a new account; in ``standard`` somebody else has to agree.

        Raises:
            InputError: The name, kind, owner or a role cannot be used.
            DeniedError: The actor may not ask for it.
        """
        payload: dict[str, Json] = {
            "name": teams.checked_name(name, what="an account"),
            "team": teams.checked_name(team, what="a team"),
            "roles": account_changes.roles(roles),
            "kind": account_changes.chosen(AccountKind, kind),
            "owner": owner,
        }
        return self._ask(actor, "account:create", ROOM, payload)

    def change_roles(
        self, actor: Actor, name: str, *, team: str, roles: Sequence[Role | str]
    ) -> Request:
        """Ask for other roles or another team of an account.

        Raises:
            MissingError: There is no such account.
            InputError: The team or a role cannot be used.
            DeniedError: The actor may not ask for it.
        """
        with self._ledger.reading() as reading:
            account = accounts.find_account(reading, name)
        payload: dict[str, Json] = {
            "account": account.id,
            "team": teams.checked_name(team, what="a team"),
            "roles": account_changes.roles(roles),
        }
        resource = Resource(kind="Account", id=account.id)
        return self._ask(actor, "role:change", resource, payload)

    def invite(self, actor: Actor, name: str) -> Secret:
        """Return a one-time code with which an invited person enrols.

        Raises:
            DeniedError: The actor may not invite.
            ConflictError: The account is past its invitation.
        """
        with self._changing(actor, name) as (writing, account):
            _, code = enrolment.invite(
                writing, account, by=actor.account, random=self._random
            )
        return code

    def change_state(
        self, actor: Actor, name: str, state: AccountState | str, *, reason: str = ""
    ) -> Account:
        """Suspend an account, bring it back, or let it leave; sessions end at once.

        Raises:
            InputError: There is no such state.
            DeniedError: The actor may not change it.
            ConflictError: There is no way from its state to this one.
        """
        following = account_changes.chosen(AccountState, state)
        with self._changing(actor, name) as (writing, found):
            account = accounts.change_state(
                writing, found, following, by=actor.account, reason=reason
            )
            if account.state is not AccountState.ACTIVE:
                close_all(writing, account.id, why=account.state, by=actor.account)
        return account

    def enrol(self, name: str, code: Secret, password: Secret) -> Enrolment:
        """Set a password with an invitation, and begin a second factor.

        Raises:
            DeniedError: The invitation is wrong, used, or too old.
            InputError: The password is too short.
        """
        with self._ledger.transaction() as writing:
            account = self._invited(writing, name, code)
            secret = factors.begin(
                writing, account, key=self._totp_key, random=self._random
            )
            account = enrolment.activate(
                writing, account, password, cost=self._gate.password_cost
            )
        return _enrolment(account, secret)

    def activate(self, name: str, code: Secret, password: Secret) -> Account:
        """Set a password with an invitation; a passkey follows, since no code counts.

        Raises:
            DeniedError: The invitation is wrong, used, or too old.
            InputError: The password is too short.
        """
        with self._ledger.transaction() as writing:
            account = self._invited(writing, name, code)
            return enrolment.activate(
                writing, account, password, cost=self._gate.password_cost
            )

    def begin_factor(self, actor: Actor) -> Enrolment:
        """Begin a second factor for the actor; a former one counts until then.

        Raises:
            DeniedError: There is one, and the session did not prove it lately: a
                stolen session must not get a factor of its own.  Or codes do not
                count in this room.
        """
        with self._ledger.transaction() as writing:
            verify_actor(writing, actor, now=writing.now)
            account = ACCOUNTS.get(writing, actor.account, lock=True)
            # A factor with which nobody could log in is not begun.
            self._gate.admit(writing, account, Factor.TOTP, writing.now)
            self._gate.require_fresh_factor(writing, actor)
            secret = factors.begin(
                writing, account, key=self._totp_key, random=self._random
            )
            writing.append(factors.event(account, "begun"))
        return _enrolment(account, secret)

    def confirm_factor(self, name: str, code: str, *, source: str) -> list[str]:
        """Let the begun second factor count; return its recovery codes, once.

        Raises:
            DeniedError: The code is wrong, nothing was begun, or too many
                attempts failed lately.
        """
        attempts.begin(self._ledger, account=name, source=source)
        with self._ledger.transaction() as writing:
            found = accounts.find_account(writing, name)
            # Locked, so that a login beside this sees one factor or the other.
            account = ACCOUNTS.get(writing, found.id, lock=True)
            codes = factors.confirm(
                writing, account, code, key=self._totp_key, random=self._random
            )
            writing.append(factors.event(account, "confirmed"))
            attempts.forget_failures(writing.connection, account=name, source=source)
        return codes

    def projects(self, actor: Actor) -> list[Project]:
        """Return every project."""
        with self._ledger.reading() as reading:
            verify_actor(reading, actor, now=reading.now)
            return PROJECTS.find(reading)

    def add_project(self, actor: Actor, name: str) -> Project:
        """Create a project.

        Raises:
            DeniedError: The actor may not.
            ConflictError: The name is taken.
        """
        with (
            self._gate.recording_refusals(actor, "project:create", name),
            self._ledger.transaction() as writing,
        ):
            self._gate.require(writing, actor, "project:create", ROOM)
            return projects.create_project(
                writing, name, by=actor.account, random=self._random
            )

    def set_member(
        self, actor: Actor, project: str, name: str, state: Membership
    ) -> None:
        """Let an account belong to a project, or not any more.

        Raises:
            MissingError: There is no such project or account.
            DeniedError: The actor may not.
        """
        with (
            self._gate.recording_refusals(actor, "project:change", project),
            self._ledger.transaction() as writing,
        ):
            found = projects.find_project(writing, project)
            resource = Resource(kind="Project", id=found.id)
            self._gate.require(writing, actor, "project:change", resource)
            account = accounts.find_account(writing, name)
            projects.set_member(writing, found, account, state, by=actor.account)

    def _invited(self, writing: Writing, name: str, code: Secret) -> Account:
        """Return the invited account, locked."""
        found = accounts.find_account(writing, name)
        account = ACCOUNTS.get(writing, found.id, lock=True)
        enrolment.check_invitation(account, code, now=writing.now)
        return account

    def _ask(
        self, actor: Actor, action: str, resource: Resource, payload: dict[str, Json]
    ) -> Request:
        with (
            self._gate.recording_refusals(actor, action, resource.id),
            self._ledger.transaction() as writing,
        ):
            asker = self._gate.require(writing, actor, action, resource)
            terms = self._gate.terms.of_action(action)
            return self._approvals.ask(
                writing, actor, asker, action, payload, terms=terms
            )

    @contextmanager
    def _changing(self, actor: Actor, name: str) -> Iterator[tuple[Writing, Account]]:
        with (
            self._gate.recording_refusals(actor, "account:change", name),
            self._ledger.transaction() as writing,
        ):
            found = accounts.find_account(writing, name)
            account = ACCOUNTS.get(writing, found.id, lock=True)
            resource = Resource(kind="Account", id=account.id)
            self._gate.require(writing, actor, "account:change", resource)
            yield writing, account


def _enrolment(account: Account, secret: Secret) -> Enrolment:
    uri = totp.provisioning_uri(
        secret, account_name=account.name, room_name="Strongroom"
    )
    return Enrolment(account=account, secret=secret, uri=Secret(uri.encode()))
