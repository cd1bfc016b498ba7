"""Which permit of a person covers what they want to open."""

from __future__ import annotations

from collections.abc import Sequence

from strongroom.access.accounts import find_account
from strongroom.access.request import Request, RequestState, find_request
from strongroom.access.sessions import Actor
from strongroom.client.room import Room
from strongroom.errors import DeniedError
from strongroom.permits.drafts import RequestDraft
from strongroom.permits.permit import (
    PERMITS,
    Permit,
    PermitRow,
    PermitState,
    find_permit,
)
from strongroom.vault.versions import find_version


def usable_permit(
    room: Room, actor: Actor, target: str, segments: Sequence[str]
) -> PermitRow | None:
    """Return a permit of the actor that covers these segments now, if any.

    Of several, the one that lasts longest; of those that wait, the one that waits
    least.

    Args:
        room: Where to look.
        actor: Whose permits.
        target: ``NAME``, ``NAME@3`` or ``NAME@prod``.
        segments: Names; empty fits every permit for the version.
    """
    with room.ledger.reading() as reading:
        artifact, version = find_version(reading, target)
        account = find_account(reading, actor.account)
        rows = PERMITS.find(
            reading,
            PERMITS.columns.account == account.id,
            PERMITS.columns.state == PermitState.ACTIVE,
            PERMITS.columns.expires_at > reading.now,
        )
        now = reading.now
    wanted = set(segments)

    def covers(permit: Permit) -> bool:
        here = permit.artifact == artifact.id and permit.version == version.number
        line = permit.version is None and permit.roots == artifact.roots
        return (here or line) and wanted <= set(permit.segments)

    opened = {row: row.open(room.public_keys.permit) for row in rows}
    fitting = {row: permit for row, permit in opened.items() if covers(permit)}
    begun = [row for row, permit in fitting.items() if permit.not_before <= now]
    if begun:
        return max(begun, key=lambda row: row.expires_at)
    return min(fitting, key=lambda row: fitting[row].not_before, default=None)


def permit_named(room: Room, target: str) -> PermitRow:
    """Return the permit of this id, or the one that a request led to.

    Raises:
        DeniedError: The request waits for others, or was refused.
        MissingError: There is no such permit or request.
    """
    with room.ledger.reading() as reading:
        if target.startswith("request-"):
            request = find_request(reading, target)
            if request.state is not RequestState.APPROVED:
                raise waiting(request)
            return find_permit(reading, request.id)
        return find_permit(reading, target)


def permit_for(
    room: Room, actor: Actor, draft: RequestDraft
) -> tuple[PermitRow, str | None]:
    """Return the permit to open on, and the model's name if one was given.

    Raises:
        DeniedError: None covers it, and others have to agree first.
        MissingError: There is no such permit, version or segment.
    """
    if draft.target.startswith(("permit-", "request-")):
        return permit_named(room, draft.target), None
    usable = usable_permit(room, actor, draft.target, draft.segments)
    if usable is not None and not draft.purpose:
        return usable, draft.target
    asked = room.requests.ask(actor, draft)
    if asked.permit is None:
        raise waiting(asked.request)
    return asked.permit, draft.target


def waiting(request: Request) -> DeniedError:
    """Return the refusal to open on a request that was not agreed to."""
    if request.state is RequestState.PENDING and not request.approvals:
        return DeniedError(
            f"{request.id} was not signed by its asker", hint="ask again"
        )
    if request.state is RequestState.PENDING:
        return DeniedError(
            f"{request.id} waits for {request.approvals}"
            f" {'approval' if request.approvals == 1 else 'approvals'}",
            hint=f"somebody else types: strongroom approve {request.id}",
        )
    return DeniedError(
        f"{request.id} is {request.state}",
        hint=f"why: strongroom requests {request.id}; then ask again",
    )


def explained(error: DeniedError, permit: Permit) -> DeniedError:
    """Return a refusal to release; of a permit that still waits, say from when."""
    if "wait-is-over" not in error.reasons:
        return error
    factor = any(reason.startswith("second-factor") for reason in error.reasons)
    login = "log in with a code, strongroom login NAME, and " if factor else ""
    return DeniedError(
        f"{permit.id} opens from {permit.not_before:%Y-%m-%d %H:%M} UTC",
        hint=f"then {login}type: strongroom open {permit.id}",
        reasons=error.reasons,
    )
