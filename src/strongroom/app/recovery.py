"""Recovery keys outside the database: pinned in ``room.toml``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from strongroom.crypto.durable import write_durably
from strongroom.settings import FILE_NAME, PinnedSet, Settings
from strongroom.types import Random
from strongroom.vault.recovery_sets import RecoverySet


def pin_sets(
    settings: Settings, sets: Iterable[RecoverySet], *, random: Random
) -> Settings:
    """Write the sets in force into ``room.toml``, unless they stand there.

    The database could be lost or rewritten; whoever restores the room learns from
    this file which papers to ask for.

    Args:
        settings: As ``room.toml`` states them now.
        sets: Those in force.
        random: Gives the name of a temporary file.

    Raises:
        UnavailableError: The file cannot be written.
    """
    pinned = tuple(
        PinnedSet(
            key=one.id,
            domains=one.domains,
            set_id=one.set_id,
            shares=one.shares,
            threshold=one.threshold,
        )
        for one in sets
    )
    if pinned == settings.recovery:
        return settings
    settings = replace(settings, recovery=pinned)
    path = settings.folder / FILE_NAME
    write_durably(path, settings.to_toml().encode(), random, overwrite=True)
    return settings
