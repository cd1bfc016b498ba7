"""What policy would say to an action, without doing it or recording it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from strongroom.access.accounts import ACCOUNTS, Account, find_account
from strongroom.access.gate import Wish
from strongroom.access.people import ROOM
from strongroom.access.policy import Decision, Resource
from strongroom.access.projects import find_project
from strongroom.access.request import find_request
from strongroom.access.sessions import Actor, verify_actor
from strongroom.client.room import Room
from strongroom.errors import InputError
from strongroom.ledger.log import Reading
from strongroom.permits.holdings import exposure_after
from strongroom.permits.permit import find_permit
from strongroom.permits.selection import select_from, wanted_facts
from strongroom.vault.lineages import LINEAGES
from strongroom.vault.versions import (
    find_version,
    parse_target,
    require_artifact,
    resource_of,
)

WEIGHTS = ("request:create", "permit:issue", "segment:release")
MODELS = (
    "model:seal",
    "model:show",
    "model:rollback",
    "model:publish",
    "exposure:read",
    "cap:change",
)
REQUESTS = ("request:approve", "request:decline", "request:withdraw")
PERMITS_ = ("permit:revoke", "breakglass:review", "breakglass:resume")
ACCOUNTS_ = (
    "account:change",
    "role:change",
    "training:record",
    "training:acknowledge",
    "training:read",
)
ROOMS = (
    "account:create",
    "access:start",
    "project:create",
    "key:manage",
    "profile:change",
    "session:open",
    "ledger:read",
    "ledger:export",
    "requests:read",
    "openings:read",
    "policy:read",
)
ACTIONS = (
    *WEIGHTS,
    *MODELS,
    *REQUESTS,
    *PERMITS_,
    *ACCOUNTS_,
    "access:answer",
    "project:change",
    *ROOMS,
)
"""Every action that can be explained."""


def explain(
    room: Room, actor: Actor, action: str, name: str, *, segments: tuple[str, ...] = ()
) -> Decision:
    """Return what policy says when ``actor`` wants to do ``action`` now.

    For weights it is asked as if a purpose were stated, with the exposure that
    the segments would bring, and with no approval and no permit yet.

    Args:
        room: Whose rules and rows.
        actor: Who would act.
        action: One of ``ACTIONS``.
        name: Of the model, request, permit, account or project; empty for the room.
        segments: Names, for weights; all unless given.

    Raises:
        InputError: There is no such action.
        MissingError: There is nothing of this name.
    """
    if action not in ACTIONS:
        raise InputError(
            f"there is no action {action[:40]!r}", hint="one of: " + ", ".join(ACTIONS)
        )
    with room.ledger.reading() as reading:
        account = verify_actor(reading, actor, now=reading.now)
        asking = _Asking(
            room=room, reading=reading, account=account, name=name, segments=segments
        )
        resource, facts = asking.about(action)
        return room.gate.decide(reading, account, actor, Wish(action, resource, facts))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    """What is asked about, in one consistent state."""

    room: Room
    reading: Reading
    account: Account
    name: str
    segments: tuple[str, ...]

    def about(self, action: str) -> tuple[Resource, Mapping[str, object]]:
        """Return what the action is about, and the facts that its rules read.

        Raises:
            InputError: The action is about something, and nothing is named.
            MissingError: There is no such thing.
            IntegrityError: A row is not what was written.
        """
        if action in ROOMS:
            return ROOM, {}
        if not self.name:
            raise InputError(
                f"{action} is about a model, request, permit, account or project",
                hint=f"name it: strongroom policy explain {action} NAME",
            )
        if action in WEIGHTS:
            return self._weights(action)
        if action in (*REQUESTS, *PERMITS_, "access:answer"):
            return self._of_others(action)
        return self._thing(action), {}

    def _thing(self, action: str) -> Resource:
        if action in MODELS:
            name, _, _ = parse_target(self.name)
            return resource_of(require_artifact(self.reading, name))
        if action in ACCOUNTS_:
            account = find_account(self.reading, self.name)
            return Resource(kind="Account", id=account.id)
        return Resource(kind="Project", id=find_project(self.reading, self.name).id)

    def _of_others(self, action: str) -> tuple[Resource, Mapping[str, object]]:
        """Return somebody's request or permit, and whose it is."""
        if action == "access:answer":
            reviewed = find_account(self.reading, self.name)
            return Resource(kind="Account", id=reviewed.id), _of_other(reviewed)
        if action in PERMITS_:
            permit = find_permit(self.reading, self.name)
            owner = ACCOUNTS.get(self.reading, permit.account)
            return Resource(kind="Permit", id=permit.id), _of_other(owner)
        request = find_request(self.reading, self.name)
        facts = _of_other(ACCOUNTS.get(self.reading, request.asker))
        facts["askerTeam"] = request.asker_team  # as it was when they asked
        return Resource(kind="Request", id=request.id), facts

    def _weights(self, action: str) -> tuple[Resource, Mapping[str, object]]:
        keys = self.room.public_keys
        artifact, version = find_version(self.reading, self.name)
        chosen = select_from(
            self.reading, artifact, version, self.segments, keys.manifest
        )
        exposure = exposure_after(
            self.reading,
            self.account.counts_as,
            artifact.roots,
            taken=chosen.taken,
            scale=chosen.scale,
            sealed_by=version.sealed_by,
            now=self.reading.now,
            key=keys.permit,
        )
        lineages = tuple(LINEAGES.get(self.reading, root) for root in artifact.roots)
        terms = self.room.gate.terms.of(artifact.classification)
        facts = wanted_facts(terms, lineages, exposure, chosen, purpose=True)
        if action != "request:create":
            facts |= {
                "approvals": 0,
                "approverTeams": 0,
                "requestedAt": self.reading.now,
                "ledgerHealthy": True,
            }
        return resource_of(artifact), facts


def _of_other(account: Account) -> dict[str, object]:
    return {
        "asker": account.id,
        "askerTeam": account.team,
        "askerOwner": account.counts_as,
    }
