"""Judges again what was admitted, and has it read again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from strongroom.access.sessions import Actor
from strongroom.client.room import Room
from strongroom.intake.installed import Installed
from strongroom.intake.later_readings import LaterReading
from strongroom.vault.reauditing import Reaudited


class Reaudits:
    """What one person does with what was admitted before."""

    def __init__(self, room: Room, actor: Callable[[], Actor]) -> None:
        """Bind it to a room and whoever acts."""
        self._room = room
        self._actor = actor

    def run(self, bundle: bytes | None = None, *, dry_run: bool = False) -> Reaudited:
        """Judge again what was admitted, by the newest bundle of advisories.

        Args:
            bundle: The signed file of a newer one.
            dry_run: Whether to change nothing, and only say what would be found.

        Raises:
            SetupError: A bundle is given, and the room pins no key for it.
            IntegrityError: The bundle is malformed, not by the pinned key, or older
                data was altered.
            ConflictError: The bundle is older than the last one.
            DeniedError: The actor may not.
        """
        reauditing = self._room.outside.reauditing
        judge = reauditing.foresee if dry_run else reauditing.run
        return judge(self._actor(), bundle)

    def reread(
        self,
        found: Reaudited,
        *,
        at_most: int | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Reaudited:
        """Read again what readers of today did not read yet, one after the other.

        Each is recorded when it is done: whoever interrupts this goes on later.

        Args:
            found: What ``run`` returned: it says what there is to read.
            at_most: How many to read, the oldest first; all unless given.
            progress: Told the bytes opened, and those read, since the last call.

        Raises:
            SetupError: The sandbox lacks something.
            StrongroomError: As ``ReadingAgain.run``.
        """
        chosen = found.outgrown[:at_most]
        if chosen:
            self._room.sandbox().verify()
        for intake in chosen:
            done = self._room.outside.reading_again.run(
                self._actor(), intake.id, progress=progress
            )
            found = found.after(intake, done)
        return found

    def last_reread(self, identifier: str) -> LaterReading | None:
        """Return how an original was read again last, if it ever was.

        Raises:
            DeniedError: The actor may not read it.
            MissingError: There is no such intake.
            IntegrityError: A row was deleted or altered.
        """
        return self._room.outside.reading_again.last(self._actor(), identifier)

    def installed(
        self, packages: Sequence[Installed], bundle: bytes | None = None
    ) -> Reaudited:
        """Return what is known of the packages that are installed here.

        Args:
            packages: Every one.
            bundle: The signed file to go by, which is not taken; else the last one.

        Raises:
            SetupError: As ``run``.
            IntegrityError: As ``run``.
            ConflictError: As ``run``.
            DeniedError: The actor may not.
        """
        return self._room.outside.reauditing.installed(self._actor(), packages, bundle)
