"""Agreeing to what others ask for, by word or by signature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strongroom.cli import passkeys
from strongroom.cli.call import Call
from strongroom.cli.requests import ID, request_document

if TYPE_CHECKING:
    from strongroom.access.request import Request
    from strongroom.client.client import Strongroom


def approve(
    call: Call,
    request_id: ID,
    *,
    passkey: passkeys.PASSKEY = False,
    authenticator: passkeys.PROGRAM = None,
) -> None:
    """Agree to a request, with --passkey by signing it; the last one carries it out.

    Example: strongroom approve request-k7qv2mfa --passkey
    """
    with call.open() as room:
        key = passkeys.chosen(call, room, authenticator) if passkey else None
        decided = room.approve(request_id, authenticator=key)
        missing = _missing(room, decided)
    document = request_document(decided)
    call.output.say(document, f"you agreed to {decided.id}", missing or "it is done")


def _missing(room: Strongroom, request: Request) -> str:
    """Return what a request still needs; nothing once it is carried out."""
    for pending in room.records.requests():
        if pending.request.id == request.id:
            return str(getattr(pending.tally, "missing", ""))
    return ""
