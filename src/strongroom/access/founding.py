"""The first rows of a room: its administrator, its approvers, its project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from strongroom.access import accounts, enrolment, passwords, projects, teams
from strongroom.access.accounts import Account
from strongroom.access.projects import Membership
from strongroom.errors import InputError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Ledger, Writing
from strongroom.types import AccountKind, Profile, Random, Role, Secret

DEFAULT_PROJECT = "default"
_TEAMS_APART = 3

_WORKING = tuple(role for role in Role if role is not Role.AUDITOR)
OWNER_ROLES: Mapping[Profile, tuple[Role, ...]] = {
    Profile.SOLO: tuple(Role),
    Profile.SMALL: _WORKING,
    Profile.STANDARD: (Role.ADMINISTRATOR,),
    Profile.HARDENED: (Role.ADMINISTRATOR,),
}
OTHERS_ROLES: Mapping[Profile, tuple[Role, ...]] = {
    Profile.SOLO: (),
    Profile.SMALL: (Role.APPROVER, Role.OPERATOR, Role.RESEARCHER),
    Profile.STANDARD: (Role.APPROVER,),
    Profile.HARDENED: (Role.APPROVER,),
}
"""What the first people are for; administrators change it later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Founder:
    """One of the first people.

    Attributes:
        password: Of the first administrator, or of the owner of a ``solo`` room;
            the others enrol with an invitation.
    """

    name: str
    team: str
    password: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Founded:
    """The first accounts, and invitations for those who must enrol."""

    owner: Account
    invitations: dict[str, Secret]


def found(
    ledger: Ledger,
    *,
    profile: Profile,
    policy: str,
    domains: Sequence[str],
    owner: Founder,
    approvers: Sequence[Founder],
    random: Random,
    cost: passwords.Cost = passwords.DEFAULT_COST,
) -> Founded:
    """Write the first entries of a ledger, in one commit.

    Args:
        ledger: Empty.
        profile: ``solo`` gives every role to the owner, ``small`` every working one.
        policy: Digest of the rules in force.
        domains: Names of the custody domains.
        owner: First administrator, or the one person.
        approvers: In ``small`` at least one; in ``standard`` and ``hardened``
            exactly two, all three in different teams.
        random: Source of ids and invitations.
        cost: Of guessing the owner's password.

    Raises:
        InputError: The people do not fit the profile.
    """
    _check(profile, owner, approvers)
    with ledger.transaction() as writing:
        writing.append(
            Event(
                kind="room.created",
                actor=None,
                facts={"profile": profile, "domains": list(domains)},
            )
        )
        writing.append(
            Event(
                kind="policy.loaded",
                actor=None,
                facts={"digest": policy, "profile": profile},
            )
        )
        first = _account(writing, owner, OWNER_ROLES[profile], random)
        if owner.password is not None:
            first = enrolment.activate(writing, first, owner.password, cost=cost)
        invitations, members = {}, [first]
        for person in approvers:
            account = _account(writing, person, OTHERS_ROLES[profile], random)
            _, code = enrolment.invite(writing, account, by=first.id, random=random)
            invitations[person.name] = code
            members.append(account)
        project = projects.create_project(
            writing, DEFAULT_PROJECT, by=first.id, random=random
        )
        for account in members if profile in (Profile.SOLO, Profile.SMALL) else ():
            projects.set_member(
                writing, project, account, Membership.MEMBER, by=first.id
            )
    return Founded(owner=first, invitations=invitations)


def _account(
    writing: Writing, person: Founder, roles: tuple[Role, ...], random: Random
) -> Account:
    team = teams.ensure_team(writing, person.team, by=None, random=random)
    return accounts.create_account(
        writing,
        name=person.name,
        kind=AccountKind.PERSON,
        team=team,
        owner=None,
        roles=roles,
        request=None,
        by=None,
        random=random,
    )


def _check(profile: Profile, owner: Founder, approvers: Sequence[Founder]) -> None:
    if owner.password is None:  # nobody could let the first one in
        raise InputError("the first account needs a password")
    if profile is Profile.SOLO and approvers:
        raise InputError("a solo room has one person", hint="--profile standard")
    if profile is Profile.SMALL and not approvers:
        raise InputError(
            "a small room begins with two people", hint="--approver NAME:TEAM"
        )
    if profile in (Profile.STANDARD, Profile.HARDENED):
        apart = {owner.team, *(person.team for person in approvers)}
        if len(apart) != _TEAMS_APART or len(approvers) != _TEAMS_APART - 1:
            raise InputError(
                f"a {profile} room begins with an administrator and two approvers,"
                " in three different teams",
                hint="--approver NAME:TEAM twice",
            )
