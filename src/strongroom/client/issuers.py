"""Says whose advisories count."""

from __future__ import annotations

from collections.abc import Callable

from strongroom.access.request import Request
from strongroom.access.sessions import Actor
from strongroom.client.room import Room
from strongroom.intake.issuers import Issuer


class Issuers:
    """What one person does about those who issue advisories."""

    def __init__(self, room: Room, actor: Callable[[], Actor]) -> None:
        """Bind it to a room and whoever acts."""
        self._room = room
        self._actor = actor

    def all(self) -> list[Issuer]:
        """Return every issuer, the trusted one last.

        Raises:
            DeniedError: The actor may not read them.
        """
        return self._room.outside.replacing.all(self._actor())

    def replace(self, key: str) -> Request:
        """Ask for another issuer; carried out at once if nobody has to agree.

        Args:
            key: Ed25519 public key, 64 hexadecimal digits.

        Raises:
            InputError: It is no key.
            ConflictError: There is none yet that it could replace, or it was trusted
                before.
            DeniedError: The actor may not.
        """
        return self._room.outside.replacing.ask(self._actor(), key)
