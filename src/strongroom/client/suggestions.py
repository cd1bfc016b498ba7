"""What somebody may have meant who typed a name that nothing has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Final

from strongroom.access.sessions import Actor
from strongroom.client.client import Strongroom
from strongroom.client.room import Room
from strongroom.errors import DeniedError, MissingError

MOST_LETTERS: Final = 80
"""Of what was typed: comparing takes time with the product of two lengths."""


@contextmanager
def suggesting(room: Strongroom) -> Iterator[None]:
    """Put names like the one that was typed into the hint of the block's error.

    Only names are offered that whoever acts could list: a name that is close must not
    say that a model is there which they may not see.

    Raises:
        MissingError: The block raised it.
    """
    try:
        yield
    except MissingError as error:
        close = _close(room, error)
        if not close:
            raise
        raise MissingError(
            str(error),
            hint=f"did you mean {' or '.join(close)}? {error.hint}",
            noun=error.noun,
            named=error.named,
        ) from None


def _close(room: Strongroom, error: MissingError) -> list[str]:
    if not room.bound or not error.noun:
        return []
    try:
        known = _names(room.room, room.actor, error.noun)
    except DeniedError:  # the session ended meanwhile
        return []
    return get_close_matches(error.named[:MOST_LETTERS].casefold(), known, n=3)


def _names(room: Room, actor: Actor, noun: str) -> list[str]:
    if noun == "model":
        return [artifact.name for artifact, _ in room.catalogue.all(actor)]
    if noun == "account":
        return [account.name for account, _ in room.people.everybody(actor)]
    if noun == "project":
        return [project.name for project in room.people.projects(actor)]
    return []
