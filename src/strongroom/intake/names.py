"""Names that can be shown, stored and written back on any machine.

A name goes into indexes, entries, logs and terminals, and a path is a place where
an opened file is written.  So both are checked when a model comes in, and again
when its map is read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable

from strongroom.errors import InputError

MOST_NAME_BYTES = 4096
"""Of a tensor name, and of a path: PATH_MAX of Linux."""

MOST_PART_BYTES = 255
"""Of one folder or file name: NAME_MAX of Linux."""

MOST_DEPTH = 64
"""Folders above a file.  Each is looked up with all before it, so that 10,000 paths
of 2,000 folders would be 40 GB of text."""

# Control characters, line separators, halves of surrogate pairs, and the marks
# that reorder a line of text.  Not str.isprintable(): its answer changes with the
# Unicode tables of each Python, so a file sealed by one would not open in another.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def is_plain_name(name: str) -> bool:
    """Return whether a name can be shown and stored.

    It has 1 to 4096 bytes of UTF-8, no control character, and nothing that
    reorders a line of text.
    """
    return (
        0 < len(name) <= MOST_NAME_BYTES
        and _UNPRINTABLE.search(name) is None
        and len(name.encode()) <= MOST_NAME_BYTES
    )


def verify_path(path: str) -> None:
    """Check that a path names a file below the folder it is written to.

    Args:
        path: Relative, parts separated by ``/``.

    Raises:
        InputError: It is absolute, has an empty, ``.`` or ``..`` part, a control
            character, more than 64 folders, or is longer than 4096 bytes or 255 bytes
            a part.
    """
    shown = f"{path[:80]!a}"
    if not is_plain_name(path):
        raise InputError(
            f"path {shown} is empty, has a control character, is not UTF-8, or is "
            f"longer than {MOST_NAME_BYTES} bytes",
            hint="rename the file",
        )
    parts = path.split("/")
    if len(parts) > MOST_DEPTH + 1:
        raise InputError(
            f"path {shown} leads through {len(parts) - 1} folders, over {MOST_DEPTH}",
            hint="move the file up",
        )
    for part in parts:
        if part in {"", ".", ".."}:
            raise InputError(
                f"path {shown} does not stay inside its folder",
                hint="write it as folder/file, with no /, . or .. at its ends",
            )
        if len(part.encode()) > MOST_PART_BYTES:
            raise InputError(
                f"path {shown} has a part of over {MOST_PART_BYTES} bytes",
                hint="rename the file",
            )


def verify_paths(paths: Iterable[str]) -> None:
    """Check paths that are written to one folder.

    Raises:
        InputError: One is bad by itself, or two would be the same file, or one a
            file and the other its folder, where letter case does not count.
    """
    files: dict[str, str] = {}
    for path in paths:
        verify_path(path)
        folded = _folded(path)
        if folded in files:
            raise _collision(files[folded], path)
        files[folded] = path
    for folded, path in files.items():
        # Every folder that this file needs; none of them may be a file.
        end = folded.find("/")
        while end > 0:
            if folded[:end] in files:
                raise _collision(files[folded[:end]], path)
            end = folded.find("/", end + 1)


def with_ending(path: str, ending: str) -> str:
    """Return the path with the ending of its last part replaced, such as ``.pt``.

    Args:
        path: Relative, parts separated by ``/``.
        ending: With its dot.
    """
    folder, slash, name = path.rpartition("/")
    stem, dot, _ = name.rpartition(".")
    return f"{folder}{slash}{stem if dot and stem else name}{ending}"


def base_of(path: str, endings: Iterable[str], taken: Collection[str]) -> str:
    """Return what new files are named after: the path, for ``with_ending``.

    Where one of them would have the name of a file that is there, they are named after
    the whole of the path: ``model.bin.safetensors`` beside ``model.safetensors``.

    Args:
        path: Of the file that they come from.
        endings: What they will end in.
        taken: Names of the files that are there.
    """
    if any(with_ending(path, ending) in taken for ending in endings):
        return f"{path}.new"
    return path


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path.casefold())


def _collision(one: str, other: str) -> InputError:
    return InputError(
        f"paths {one[:80]!a} and {other[:80]!a} name the same place where "
        "letter case does not count",
        hint="rename one of them",
    )
