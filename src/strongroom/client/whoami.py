"""Who acts in a room: the account, what it may be, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from strongroom.access.accounts import ACCOUNTS
from strongroom.access.factors import active_factor
from strongroom.access.passkeys import active_passkeys
from strongroom.access.sessions import SESSIONS, Actor, Session, verify_actor
from strongroom.access.training_records import Profiled
from strongroom.client.room import Room


@dataclass(frozen=True, slots=True, kw_only=True)
class Whoami:
    """Whoever acts.

    Attributes:
        profiled: The account with all that decisions read of it.
        session: The login; ``None`` where the passphrase is enough.
        has_code: Whether it has a second factor that gives codes.
        passkeys: How many passkeys of it count.
        fresh_until: Until when the second factor is new enough for a restricted
            model; ``None`` if none was proved.
    """

    profiled: Profiled
    session: Session | None
    has_code: bool
    passkeys: int
    fresh_until: datetime | None


def whoami(room: Room, actor: Actor) -> Whoami:
    """Return who acts.

    Raises:
        DeniedError: The session ended, or the account may not act.
        IntegrityError: A row was deleted, forged, altered or restored.
    """
    profiled = room.persons.training.show(actor, actor.account)
    with room.ledger.reading() as reading:
        verify_actor(reading, actor, now=reading.now)
        account = ACCOUNTS.get(reading, actor.account)
        session = SESSIONS.get(reading, actor.session) if actor.session else None
        passkeys = active_passkeys(reading, account.id)
        code = active_factor(reading, account.id) is not None
    terms = room.gate.terms.administration
    at = actor.factor_at
    return Whoami(
        profiled=profiled,
        session=session,
        has_code=code,
        passkeys=len(passkeys),
        fresh_until=at + terms.second_factor_max_age if at else None,
    )
