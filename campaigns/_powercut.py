"""What a disk may hold after a power cut: nothing that was not synced counts.

POSIX promises the content of a file once it was synced, and its name once its folder
was.  Everything else that a process did, taken from its trace, may be there or not;
what was written and not synced may also be zeros or anything else.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from campaigns._trace import Call, calls_in

_FILE = re.compile(r"\d+<(.*?)>")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_RANGE = re.compile(r", (\d+), (\d+)\)")
_DELETED = " (deleted)"
_SHARED = "-shm"
"""SQLite maps this file and makes it anew at the first opening."""


@dataclass(slots=True)
class _Content:
    """What a file holds that is not synced.

    Attributes:
        whole: Whether all of it may be anything.
        ranges: Start and length of what was written in place.
    """

    whole: bool = False
    ranges: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Renaming:
    """Something that happened to a name and that its folder does not hold yet."""

    undo: Callable[[], None]


class PowerCut:
    """Reads a trace, and then takes away what was not synced.

    Args:
        folder: Everything outside it is left alone.
        before: What was there when the trace began, and counts as synced.
        former: Gives a copy of a file of then, if there is one.
    """

    def __init__(
        self,
        folder: Path,
        before: frozenset[Path],
        former: Callable[[Path], Path | None],
    ) -> None:
        self._folder = folder
        self._former = former
        self._known = set(before)
        self._contents: dict[Path, _Content] = {}
        self._names: dict[Path, list[_Renaming]] = {}

    def read(self, trace: Path) -> None:
        """Follow what the process did until it was killed."""
        for call in calls_in(trace):
            self._follow(call)

    def cut(self, random: Random, *, everything: bool) -> int:
        """Take away what was not synced; return how many things that were.

        Args:
            random: Chooses.
            everything: Whether nothing of it survives; else a part does.
        """
        lost = 0
        for path, content in self._contents.items():
            if path.is_file() and (content.whole or content.ranges):
                lost += _spoil(path, content, random, everything=everything)
        for happened in self._names.values():
            kept = 0 if everything else random.randint(0, len(happened))
            for one in reversed(happened[kept:]):
                one.undo()
                lost += 1
        for path in self._folder.rglob(f"*{_SHARED}"):
            path.write_bytes(random.randbytes(path.stat().st_size))
        return lost

    def _follow(self, call: Call) -> None:
        if call.name in ("write", "pwrite64"):
            self._write(call)
        elif not call.done:  # it was killed there, or nothing happened
            return
        elif call.name in ("fsync", "fdatasync"):
            self._sync(call)
        elif call.name == "openat":
            self._create(call)
        elif call.name.startswith("mkdir"):
            (made,) = _quoted(call)
            self._happened(made, _removing(made))
        elif call.name.startswith("link"):
            source, target = _quoted(call)
            self._contents[target] = self._contents.setdefault(source, _Content())
            self._known.add(target)
            self._happened(target, _removing(target))
        elif call.name.startswith("unlink"):
            (gone,) = _quoted(call)
            content = self._contents.pop(gone, None)
            self._happened(gone, self._restoring(gone, content))
        elif call.name.startswith("rename"):
            self._rename(*_quoted(call))

    def _write(self, call: Call) -> None:
        path = _path_of(call)
        if path is None or not path.is_relative_to(self._folder):
            return
        content = self._contents.setdefault(path, _Content())
        place = _RANGE.search(call.rest) if call.name == "pwrite64" else None
        if place is None:
            content.whole = True
        else:
            content.ranges.append((int(place[2]), int(place[1])))

    def _sync(self, call: Call) -> None:
        path = _path_of(call)
        if path is None:
            return
        self._names.pop(path, None)
        content = self._contents.get(path)
        if content is not None:
            content.whole = False
            content.ranges.clear()

    def _create(self, call: Call) -> None:
        (path,) = _quoted(call)
        if "O_CREAT" in call.rest and path not in self._known:
            self._known.add(path)
            self._happened(path, _removing(path))

    def _rename(self, source: Path, target: Path) -> None:
        before = self._contents.pop(target, None)
        self._contents[target] = self._contents.pop(source, _Content())
        restore = self._restoring(target, before)

        def undo() -> None:
            with suppress(FileNotFoundError):
                target.rename(source)
            restore()

        self._known.add(target)
        self._happened(target, undo)

    def _restoring(self, path: Path, content: _Content | None) -> Callable[[], None]:
        """Return what puts a file back that was removed or replaced."""

        def undo() -> None:
            for other, its in self._contents.items():  # it had another name
                if its is content and other.exists():
                    os.link(other, path)
                    return
            former = self._former(path)
            if former is not None and path.parent.is_dir():
                shutil.copy2(former, path)

        return undo

    def _happened(self, path: Path, undo: Callable[[], None]) -> None:
        if path.is_relative_to(self._folder):
            self._names.setdefault(path.parent, []).append(_Renaming(undo))


def _removing(path: Path) -> Callable[[], None]:
    def undo() -> None:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    return undo


def _spoil(path: Path, content: _Content, random: Random, *, everything: bool) -> int:
    """Change what was not synced of a file; return in how many places."""
    size = path.stat().st_size
    if content.whole:
        os.truncate(path, 0 if everything else random.randint(0, size))
        return 1
    spoiled = 0
    with path.open("r+b") as file:
        for start, length in content.ranges:
            if everything or random.randrange(2):
                file.seek(start)
                garbage = random.randbytes(length) if random.randrange(2) else b""
                file.write(garbage or bytes(length))
                spoiled += 1
    return spoiled


def _path_of(call: Call) -> Path | None:
    found = _FILE.search(call.rest)
    if found is None or not found[1].startswith("/"):
        return None
    return Path(found[1].removesuffix(_DELETED))


def _quoted(call: Call) -> tuple[Path, ...]:
    return tuple(Path(text) for text in _QUOTED.findall(call.rest))
