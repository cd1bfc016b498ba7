"""Says what is expected from outside."""

from __future__ import annotations

from collections.abc import Callable

from strongroom.access.request import Request
from strongroom.access.sessions import Actor
from strongroom.client.room import Room
from strongroom.intake.allow_list import Voucher
from strongroom.intake.listed_sources import ListedSource


class Sources:
    """What one person does with the allow-list of sources."""

    def __init__(self, room: Room, actor: Callable[[], Actor]) -> None:
        """Bind it to a room and whoever acts."""
        self._room = room
        self._actor = actor

    def add(self, name: str, voucher: Voucher) -> Request:
        """Ask to list a source; carried out at once if nobody has to agree.

        Raises:
            InputError: The name cannot be used, or it vouches by nothing.
            ConflictError: The name is taken.
            DeniedError: The actor may not list sources.
        """
        return self._room.outside.allow_list.ask(self._actor(), name, voucher)

    def all(self) -> list[ListedSource]:
        """Return the sources that are listed, by name.

        Raises:
            DeniedError: The actor may not read them.
        """
        return self._room.outside.allow_list.all(self._actor())

    def remove(self, name: str) -> ListedSource:
        """Take a source off the list, at once.

        Raises:
            MissingError: None of this name is listed.
            DeniedError: The actor may not.
        """
        return self._room.outside.allow_list.remove(self._actor(), name)
