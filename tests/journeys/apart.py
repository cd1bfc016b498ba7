"""A house whose custodian of the weights is served apart from the desk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strongroom.crypto.custody.file import FileCustodian
from tests.contracts.served import serving
from tests.journeys.rooms import PASSPHRASE, House, again

NEAR = ("architecture", "biases")
"""Domains whose custodians the desk unlocks itself."""


@contextmanager
def weights_apart(house: House) -> Iterator[House]:
    """Close the room, serve one of its custodians elsewhere, and open it again."""
    house.room.close()
    file = house.folder / "custodians" / "weights"
    custodian = FileCustodian.open(file, PASSPHRASE)
    with serving(custodian, file) as path:
        name_socket(house.folder, path)
        house.room = again(house.folder, house.clock, domains=NEAR)
        with house.room:
            yield house


def name_socket(
    folder: Path, path: Path, uid: int | None = None, *, domain: str = "weights"
) -> None:
    """Let ``room.toml`` name a process instead of the file."""
    settings = folder / "room.toml"
    text = settings.read_text()
    user = os.geteuid() if uid is None else uid
    settings.write_text(
        text.replace(f'"file:custodians/{domain}"', f'"unix:{path}?uid={user}"')
    )
