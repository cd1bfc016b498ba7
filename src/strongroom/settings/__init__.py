"""What one room is made of, as its ``room.toml`` states it."""

from __future__ import annotations

from strongroom.settings.advised import AdvisorySettings
from strongroom.settings.parts import (
    Domain,
    PinnedSet,
    RelyingParty,
    WitnessSettings,
)
from strongroom.settings.room import (
    FILE_NAME,
    FORMAT,
    MAX_FILE_BYTES,
    Settings,
    load_settings,
)

__all__ = [
    "FILE_NAME",
    "FORMAT",
    "MAX_FILE_BYTES",
    "AdvisorySettings",
    "Domain",
    "PinnedSet",
    "RelyingParty",
    "Settings",
    "WitnessSettings",
    "load_settings",
]
