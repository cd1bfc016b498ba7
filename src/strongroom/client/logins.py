"""Logging in: with a password and a code, or with a password and a passkey."""

from __future__ import annotations

from strongroom.access.authenticators.port import Authenticator
from strongroom.access.sessions import Session
from strongroom.client.room import Room
from strongroom.types import Secret


def log_in(
    room: Room,
    name: str,
    password: Secret,
    proof: str | Authenticator | None,
    *,
    source: str,
) -> tuple[Session, Secret]:
    """Return the session that somebody opened, and its token.

    Args:
        room: Where to.
        name: Of the account.
        password: Its password.
        proof: A code, or what holds a passkey; ``None`` without a second factor.
        source: Where the attempt comes from.

    Raises:
        DeniedError: Name, password, code or passkey are wrong.
        UnavailableError: No authenticator is there, or nobody touched it.
    """
    if proof is None or isinstance(proof, str):
        return room.sessions.login(name, password, proof, source=source)
    asked = room.persons.proving.begin_login(name, password, source=source)
    return room.persons.proving.login(asked.challenge, proof.get(asked.options))
