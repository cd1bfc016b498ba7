"""Who is logged in here, and what that is good for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strongroom.cli import words
from strongroom.cli.call import Call

if TYPE_CHECKING:
    from strongroom.canonical import Json
    from strongroom.client.whoami import Whoami


def whoami(call: Call) -> None:
    """Show who is logged in: account, roles, until when, and the second factor.

    Example: strongroom whoami
    """
    from strongroom.client.whoami import whoami as who

    with call.open() as room:
        found = who(room.room, room.actor)
        settings, now = room.room.settings, room.room.now()
    profiled, session = found.profiled, found.session
    account, until = profiled.account, session.expires_at if session else None
    document: dict[str, Json] = {
        "account": account.id,
        "name": account.name,
        "team": profiled.team,
        "roles": [str(role) for role in account.roles],
        "projects": list(profiled.projects),
        "room": settings.room,
        "folder": str(settings.folder),
        "profile": settings.profile,
        "session": session.id if session else None,
        "expires": words.stamp(until) if until else None,
        "factor": session.factor if session else "passphrase",
        "factor_fresh_until": (
            words.stamp(found.fresh_until) if found.fresh_until else None
        ),
        "codes": found.has_code,
        "passkeys": found.passkeys,
        "lacking": list(profiled.lacking),
    }
    fresh = found.fresh_until is not None and now <= found.fresh_until
    call.output.say(
        document,
        f"{account.name} of team {profiled.team}",
        f"roles     {', '.join(account.roles) or 'none'}",
        f"projects  {', '.join(profiled.projects) or 'none'}",
        f"room      {settings.folder} ({settings.profile})",
        f"session   {'until ' + words.when(until) if until else 'the passphrase'}",
        f"factor    {_factor(found, fresh=fresh)}",
        *(f"lacking   {text}" for text in profiled.lacking),
    )


def _factor(found: Whoami, *, fresh: bool) -> str:
    """Return what was proved, what there is to prove, and whether that is new."""
    if found.session is None or found.session.factor_at is None:
        there = "codes" if found.has_code else words.many(found.passkeys, "passkey")
        any_ = found.has_code or found.passkeys
        return f"none in this session; the account has {there if any_ else 'none'}"
    if fresh and found.fresh_until is not None:
        return f"{found.session.factor}, new enough until {found.fresh_until:%H:%M} UTC"
    return f"{found.session.factor}, too old for a restricted model: log in again"
