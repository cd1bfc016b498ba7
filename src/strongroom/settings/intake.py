"""The part of ``room.toml`` on what comes in from outside."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strongroom.errors import InputError
from strongroom.settings.parts import quoted

_WORD = re.compile(r"[a-z][a-z0-9-]{0,30}")
_MOST_ADVISERS = 8
_ORIGINAL_DAYS = 30
_MOST_DAYS = 3650
_KEYS = frozenset({"advisers", "folder", "hub", "original_days", "skops_types"})


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeSettings:
    """What is done with files from outside beside reading them.

    Attributes:
        advisers: Scanners of others that are asked about them, in order; none unless
            the house wants them.
        folder: Where private copies lie meanwhile, in a folder of the room's name;
            ``quarantine`` beside ``room.toml`` if None.
        hub: Address of the hub of models, or of a mirror; empty if none is used.
        original_days: How long an original is held; long enough to look again after
            an advisory.
        skops_types: Whole names of types that may come in with models of skops beside
            those that skops trusts; ``intake.listed_types`` says which never may.
    """

    advisers: tuple[str, ...] = ()
    folder: Path | None = None
    hub: str = ""
    original_days: int = _ORIGINAL_DAYS
    skops_types: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the names and the days.

        Raises:
            InputError: A name is no lower-case word, or stands twice, or there are
                many; or originals would expire at once or never.
        """
        for name in self.advisers:
            if not _WORD.fullmatch(name):
                raise InputError(f"{name[:80]!r} is no name for an adviser")
        if len(set(self.advisers)) < len(self.advisers):
            raise InputError("an adviser stands twice under [intake]")
        if len(self.advisers) > _MOST_ADVISERS:
            raise InputError(f"over {_MOST_ADVISERS} advisers stand under [intake]")
        if not 1 <= self.original_days <= _MOST_DAYS:
            raise InputError(f"original_days under [intake] are 1 to {_MOST_DAYS}")

    @classmethod
    def from_toml(cls, table: Mapping[str, Any]) -> IntakeSettings:
        """Return what this part of the file states.

        Raises:
            TypeError: The advisers or the types are no list of strings, the folder or
                the hub is none, or the days are no whole number.
            InputError: A name is none, or another key stands there.
        """
        unknown = sorted(table.keys() - _KEYS)
        if unknown:
            raise InputError(f"[intake] has the key {unknown[0][:80]!r}")
        names = _names(table, "advisers")
        types = _names(table, "skops_types")
        folder = table.get("folder")
        if folder is not None and not (isinstance(folder, str) and folder):
            raise TypeError("the folder under [intake] is a path")
        hub = table.get("hub", "")
        if not isinstance(hub, str):
            raise TypeError("the hub under [intake] is an address")
        days = table.get("original_days", _ORIGINAL_DAYS)
        if not isinstance(days, int) or isinstance(days, bool):
            raise TypeError("original_days under [intake] is a whole number")
        return cls(
            advisers=names,
            folder=Path(folder) if folder else None,
            hub=hub,
            original_days=days,
            skops_types=types,
        )

    def to_toml(self) -> list[str]:
        """Return the lines of this part of ``room.toml``; none where nothing is set."""
        default = IntakeSettings()
        if self == default:
            return []
        lines = ["", "[intake]", f"advisers = {_listed(self.advisers)}"]
        if self.folder is not None:
            lines.append(f"folder = {quoted(str(self.folder))}")
        if self.hub:
            lines.append(f"hub = {quoted(self.hub)}")
        if self.original_days != default.original_days:
            lines.append(f"original_days = {self.original_days}")
        if self.skops_types:
            lines.append(f"skops_types = {_listed(self.skops_types)}")
        return lines

    def quarantine(self, room: Path, name: str) -> Path:
        """Return where private copies lie.

        Folders there that nobody uses are removed; so where the house names a place
        that others may use too, it is a folder of this room in it.

        Args:
            room: Folder of the room; relative paths start there.
            name: Id of the room.
        """
        room = room.absolute()  # the sandbox is elsewhere
        return room / "quarantine" if self.folder is None else room / self.folder / name


def _names(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    names = table.get(key, [])
    if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
        raise TypeError(f"the {key} under [intake] are a list of names")
    return tuple(names)


def _listed(names: tuple[str, ...]) -> str:
    return f"[{', '.join(quoted(name) for name in names)}]"
