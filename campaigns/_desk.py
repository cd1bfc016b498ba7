"""The demo's room, opened again by another process that knows who is logged in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from strongroom.app import open_strongroom
from strongroom.cli.demo.house import PASSPHRASE, Clock
from strongroom.client.client import Strongroom
from strongroom.types import Secret


class Desk:
    """A room of its own process, and the sessions of the house's people."""

    def __init__(
        self, folder: Path, offset: timedelta, tokens: Mapping[str, str]
    ) -> None:
        """Open the room; costs about half a second."""
        self.room = open_strongroom(
            folder, passphrases={"*": PASSPHRASE}, now=Clock(offset)
        )
        self._tokens = tokens

    def acting_as(self, name: str) -> Strongroom:
        """Return the room bound to a person who is logged in."""
        return self.room.resume(self.token(name))

    def token(self, name: str) -> Secret:
        """Return what somebody's session is resumed with."""
        return Secret(self._tokens[name].encode())


def admit(text: str) -> Desk:
    """Return the room that a ticket of ``Base.ticket`` is for, opened."""
    document = json.loads(text)
    offset = timedelta(seconds=document["offset"])
    return Desk(Path(document["folder"]), offset, document["tokens"])
