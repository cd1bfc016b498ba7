"""Attacks by the administrator of a store, who can change every object."""

from __future__ import annotations

from pathlib import Path

from strongroom.cli.demo.steps import Refusal
from strongroom.cli.demo.tampering import (
    OTHER_SEGMENT,
    SEGMENT,
    Tampering,
    Target,
    open_held,
)
from strongroom.errors import IntegrityError
from strongroom.vault.manifest_segment import ManifestSegment

_CUT_BYTES = 1000


def object_path(folder: Path, segment: ManifestSegment) -> Path:
    """Return where a segment's object lies below a room's folder."""
    return folder / "stores" / segment.domain / segment.facts.object_name


def replace_object(path: Path, data: bytes) -> None:
    """Put other bytes in place of an object; its other links keep the old ones."""
    path.unlink()
    path.write_bytes(data)


def flip_byte(folder: Path, target: Target) -> None:
    """Change one byte in the middle of an object."""
    path = object_path(folder, target.segments[SEGMENT])
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    replace_object(path, bytes(data))


def cut_object(folder: Path, target: Target) -> None:
    """Cut the end of an object off."""
    path = object_path(folder, target.segments[SEGMENT])
    replace_object(path, path.read_bytes()[:-_CUT_BYTES])


def swap_objects(folder: Path, target: Target) -> None:
    """Exchange the objects of two segments."""
    one, other = (
        object_path(folder, target.segments[name]) for name in (SEGMENT, OTHER_SEGMENT)
    )
    data = one.read_bytes(), other.read_bytes()
    replace_object(one, data[1])
    replace_object(other, data[0])


def put_old_version_back(folder: Path, target: Target) -> None:
    """Serve last week's object of the same segment."""
    old = object_path(folder, target.old_segments[SEGMENT]).read_bytes()
    replace_object(object_path(folder, target.segments[SEGMENT]), old)


ATTACKS = tuple(
    Tampering(
        step=step,
        tamper=tamper,
        use=open_held,
        expected=Refusal(error=IntegrityError, says=says),
    )
    for step, tamper, says in (
        ("flipped-byte", flip_byte, "record"),
        ("cut-object", cut_object, "the manifest states"),
        ("swapped-objects", swap_objects, "has another salt"),
        ("last-weeks-version", put_old_version_back, "has another salt"),
    )
)
