"""Writes opened segments as files: the originals, or one labelled partial file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from strongroom.client.opened import OpenedModel
from strongroom.client.places import check_outside
from strongroom.crypto.container import PLAIN_BYTES
from strongroom.crypto.index import IndexItem
from strongroom.crypto.segment import SealedSegment
from strongroom.errors import ConflictError, IntegrityError, UnavailableError
from strongroom.intake.formats.safetensors_writer import header_bytes, place
from strongroom.vault.maps import MapFile

CHUNK_BYTES = 16 * PLAIN_BYTES
"""Decrypted at once: whole records for two threads, little memory."""

PARTIAL_NAME = "partial.safetensors"

Progress = Callable[[int], None]


def write_model(
    opened: OpenedModel, folder: Path, *, progress: Progress = lambda _: None
) -> list[Path]:
    """Write what is open below ``folder`` and return the files.

    All segments give back the files that were sealed, byte for byte.  Some give
    one new safetensors file whose metadata says that it is partial.

    Raises:
        InputError: The folder lies inside the room that they were sealed in.
        ConflictError: A file exists already.
        IntegrityError: A record was altered; nothing of that file stays.
        UnavailableError: The disk did not accept it.
    """
    check_outside(folder, opened.room)
    _make(folder)
    if not opened.complete:
        return [_write_partial(opened, folder / PARTIAL_NAME, progress)]
    written = []
    for ordinal, file in enumerate(opened.map().files):
        target = folder / file.path
        _make(target.parent)
        _write_new(target, _file_chunks(opened, file, ordinal, progress))
        written.append(target)
    return written


def _write_partial(opened: OpenedModel, target: Path, progress: Progress) -> Path:
    parts = {part.label: part for part in opened.parts()}
    arrays = opened.flat_parts()
    entries = place(
        (label, part.dtype, part.shape if part.whole else (arrays[label].size,))
        for label, part in parts.items()
    )
    manifest = opened.manifest
    header = header_bytes(
        entries,
        {
            "strongroom.partial": "true",
            "strongroom.model": f"{opened.name}@{manifest.version}",
            "strongroom.manifest": manifest.digest,
            "strongroom.permit": opened.release.permit,
            "strongroom.segments": ",".join(opened.segments),
        },
    )

    def chunks() -> Iterator[bytes | memoryview]:
        yield header
        for entry in entries:
            data = arrays[entry.name].view("uint8").data
            progress(len(data))
            yield data

    _write_new(target, chunks())
    return target


def _file_chunks(
    opened: OpenedModel, file: MapFile, ordinal: int, progress: Progress
) -> Iterator[memoryview]:
    buffer = memoryview(bytearray(min(CHUNK_BYTES, max(file.size, 1))))
    items: dict[tuple[str, str], tuple[SealedSegment, IndexItem]] = {}
    for piece in file.pieces:
        key = (piece.segment, piece.item)
        if key not in items:
            segment = opened.segment(piece.segment)
            items[key] = (segment, _item(segment, piece.item, ordinal))
        segment, item = items[key]
        for start in range(0, piece.length, len(buffer)):
            part = buffer[: min(len(buffer), piece.length - start)]
            opened.read_into(segment, item, piece.item_offset + start, part)
            progress(len(part))
            yield part


def _item(segment: SealedSegment, name: str, file: int) -> IndexItem:
    for item in segment.index().items:
        if (item.name, item.file) == (name, file):
            return item
    raise IntegrityError(f"the map names {name[:80]!r}, which its segment lacks")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise ConflictError(
            f"{folder} is a file", hint="name another folder with --to"
        ) from None
    except OSError as error:
        raise UnavailableError(f"{folder}: {error.strerror}") from None


def _write_new(target: Path, chunks: Iterator[bytes | memoryview]) -> None:
    """Write a file that did not exist, whole or not at all."""
    if target.exists():
        raise ConflictError(f"{target} exists", hint="name another folder with --to")
    try:
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=".opening-")
    except OSError as error:
        raise UnavailableError(f"{target.parent}: {error.strerror}") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, target)
    except FileExistsError:
        raise ConflictError(f"{target} exists", hint="name another folder") from None
    except OSError as error:
        raise UnavailableError(f"{target}: {error.strerror}") from None
    finally:
        os.unlink(temporary)
