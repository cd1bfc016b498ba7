"""Looks into a folder that a hostile program wrote, and follows nothing there."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

MOST_DEPTH = 32
"""Folders within folders; each one open at a time costs a descriptor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Something that lies in the folder, as it is itself and not what it points to.

    Attributes:
        path: From the folder, with ``/`` between parts.
        facts: What ``lstat`` says; None if it is gone, or lies too deep to be opened.
    """

    path: str
    facts: os.stat_result | None

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.facts is not None and stat.S_ISDIR(self.facts.st_mode)

    @property
    def is_plain_file(self) -> bool:
        """Whether it is a regular file with one name, and gives nobody rights."""
        if self.facts is None or self.facts.st_nlink != 1:
            return False
        risen = self.facts.st_mode & (stat.S_ISUID | stat.S_ISGID)
        return stat.S_ISREG(self.facts.st_mode) and not risen


def walk(descriptor: int) -> Iterator[Found]:
    """Yield all that lies below an open folder, in no order.

    Whoever asks stops when it has seen enough: while the program runs there may be no
    end of it.

    Args:
        descriptor: Of the folder; it stays open.
    """
    yield from _below(os.open(".", _FOLDER, dir_fd=descriptor), None, MOST_DEPTH)


def _below(folder: int, itself: Found | None, depth: int) -> Iterator[Found]:
    """Yield a folder and what lies below it, and close it."""
    try:
        if itself is not None:
            yield itself
        above = f"{itself.path}/" if itself else ""
        with os.scandir(folder) as entries:
            for entry in entries:
                found = Found(path=above + entry.name, facts=_facts(entry))
                inside = None
                if found.is_folder and depth:
                    inside = _enter(entry.name, folder)
                if inside is not None:
                    yield from _below(inside, found, depth - 1)
                elif found.is_folder:
                    yield Found(path=found.path, facts=None)
                else:
                    yield found
    finally:
        os.close(folder)


def _facts(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except OSError:
        return None


def _enter(name: str, folder: int) -> int | None:
    """Return a descriptor of a folder, unless it became something else meanwhile."""
    try:
        return os.open(name, _FOLDER, dir_fd=folder)
    except OSError:
        return None


_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
