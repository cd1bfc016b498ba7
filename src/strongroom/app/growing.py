"""Lets ``room.toml`` say the profile that the ledger has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from strongroom.access.approvals import Approvals
from strongroom.access.gate import Gate
from strongroom.access.profiles import Profiles, recorded_profile
from strongroom.crypto.durable import write_durably
from strongroom.ledger.log import Ledger
from strongroom.settings import FILE_NAME, Settings, load_settings
from strongroom.types import Random


def wire_profiles(
    gate: Gate, approvals: Approvals, settings: Settings, random: Random
) -> Profiles:
    """Return what changes the profile of a room, down to its ``room.toml``."""

    def settle() -> None:
        settle_profile(gate.ledger, settings.folder, random)

    return Profiles(gate, approvals, profile=settings.profile, settle=settle)


def settle_profile(ledger: Ledger, folder: Path, random: Random) -> None:
    """Let ``room.toml`` say what the ledger says; whoever opens it next follows.

    Args:
        ledger: Of the room.
        folder: Where its ``room.toml`` lies.
        random: Names the file while it is written.

    Raises:
        UnavailableError: The disk did not take it; the next opening says what to
            write there.
    """
    with ledger.reading() as reading:
        profile = recorded_profile(ledger, reading)
    settings = load_settings(folder)
    if profile is not None and profile is not settings.profile:
        text = replace(settings, profile=profile).to_toml().encode()
        write_durably(folder / FILE_NAME, text, random, overwrite=True)
