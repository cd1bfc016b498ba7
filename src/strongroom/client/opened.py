"""What a reader holds after an opening: segments, their tensors, their files."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from strongroom.client import arrays
from strongroom.client.arrays import TensorPart
from strongroom.client.parts import open_parts, whole_parts
from strongroom.crypto.arena import Arena
from strongroom.crypto.index import IndexItem
from strongroom.crypto.opening import ReadRequest, read_items
from strongroom.crypto.segment import SealedSegment
from strongroom.errors import ConflictError, MissingError
from strongroom.permits.answer import Release
from strongroom.vault.manifest import Manifest
from strongroom.vault.maps import WholeMap, parse_map
from strongroom.vault.seals import MAP_ITEM

if TYPE_CHECKING:
    import numpy.typing as npt

Framework = Literal["numpy", "torch"]

ARCHITECTURE = "architecture"
_ALIGNMENT = 64


class OpenedModel:
    """Opened segments of one version; close it, or use it in a ``with`` block.

    Nothing is handed out before every record that it needs was verified, and a
    failure leaves zeros.
    """

    def __init__(
        self,
        manifest: Manifest,
        segments: Mapping[str, SealedSegment],
        release: Release,
        *,
        name: str,
        room: Path,
        arena: Arena | None = None,
    ) -> None:
        """Hold opened segments; nothing is decrypted yet.

        Args:
            manifest: Of the version.
            segments: The opened ones, by name.
            release: What the desk signed.
            name: Of the artifact, for labels.
            room: Folder of the room, below which no plaintext is written.
            arena: Memory to use again; its former tensors must be gone.
        """
        self.manifest = manifest
        self.release = release
        self.name = name
        self.room = room
        self._segments = dict(segments)
        self._arena = arena

    def __enter__(self) -> OpenedModel:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the memory back if no tensor of it is in use any more."""
        with contextlib.suppress(ConflictError):
            self.close()  # else tensors outlive the block: it goes with the last

    @property
    def segments(self) -> tuple[str, ...]:
        """Names of the opened segments."""
        return tuple(self._segments)

    @property
    def complete(self) -> bool:
        """Whether every segment of the version is open."""
        return len(self._segments) == len(self.manifest.segments)

    def parts(self) -> tuple[TensorPart, ...]:
        """Return every run of tensor bytes that is open, joined across segments."""
        return open_parts(self._segments.values())

    def tensors(
        self,
        framework: Framework = "numpy",
        *,
        names: Collection[str] = (),
        threads: int = 2,
    ) -> dict[str, Any]:
        """Return every tensor that is wholly open by label, without another copy.

        They lie 64-byte aligned in this handle's arena.  A tensor without
        elements has no bytes, so no segment has it: it comes back in files only.

        Args:
            framework: ``numpy`` arrays (bfloat16 through ``ml_dtypes``) or
                ``torch`` tensors.
            names: Labels of those wanted, all unless given; only the records in
                which they lie are read.
            threads: Records decrypted at once.

        Raises:
            MissingError: One of ``names`` is not open, or not as a whole.
            IntegrityError: A record was altered; nothing is returned.
            ConflictError: Tensors of this handle are in use already.
        """
        wanted = whole_parts(self.parts(), names)
        return {
            part.label: arrays.as_tensor(view, part.dtype, part.shape, framework)
            for part, view in self._read(wanted, threads=threads)
        }

    def flat_parts(self, *, threads: int = 2) -> dict[str, npt.NDArray[Any]]:
        """Return everything that is open as flat arrays, by ``TensorPart.label``.

        Raises:
            IntegrityError: A record was altered; nothing is returned.
        """
        return {
            part.label: arrays.as_flat_array(view, part.dtype)
            for part, view in self._read(list(self.parts()), threads=threads)
        }

    def check(self, *, threads: int = 2) -> int:
        """Decrypt and verify everything that is open; return the bytes.

        Raises:
            IntegrityError: A record was altered.
        """
        return sum(_check(s, threads=threads) for s in self._segments.values())

    def map(self) -> WholeMap:
        """Return where every byte of every file lies.

        Raises:
            MissingError: The architecture segment is not open.
            IntegrityError: The map contradicts itself.
        """
        segment = self._segments.get(ARCHITECTURE)
        if segment is None:
            raise MissingError(
                "which files there are stands in the segment architecture",
                hint="open it too: --segment architecture",
            )
        item = max(segment.index().items, key=lambda item: item.file)
        if item.name != MAP_ITEM:
            raise MissingError("the architecture segment holds no map")
        buffer = bytearray(sum(length for _, length in item.ranges))
        self.read_into(segment, item, 0, memoryview(buffer))
        return parse_map(bytes(buffer))

    def segment(self, name: str) -> SealedSegment:
        """Return one opened segment.

        Raises:
            MissingError: It is not open.
        """
        if name not in self._segments:
            raise MissingError(
                f"segment {name} is not open", hint="open: " + ", ".join(self.segments)
            )
        return self._segments[name]

    @staticmethod
    def read_into(
        segment: SealedSegment, item: IndexItem, offset: int, buffer: memoryview
    ) -> None:
        """Fill ``buffer`` with verified bytes of one item of one segment.

        Raises:
            IntegrityError: A record was altered; the buffer is zeroed.
        """
        request = ReadRequest(
            segment=segment, item=item, item_offset=offset, destination=buffer
        )
        read_items([request], threads=2)

    def close(self) -> None:
        """Zero and release the memory.

        Raises:
            ConflictError: A tensor of this handle is still in use.
        """
        if self._arena is not None:
            self._arena.close()
            self._arena = None

    def _read(
        self, parts: list[TensorPart], *, threads: int
    ) -> list[tuple[TensorPart, memoryview]]:
        size = sum(part.length + _ALIGNMENT for part in parts)
        if self._arena is None or len(self._arena) < size:
            self.close()
            self._arena = Arena(size)
        else:
            self._arena.reset()
        places: dict[TensorPart, int] = {}
        read_items(self._requests(parts, self._arena, places), threads=threads)
        memory = self._arena.memory()
        starts = [places.get(part, 0) for part in parts]  # what is empty has none
        return [
            (part, memory[start : start + part.length])
            for part, start in zip(parts, starts, strict=True)
        ]

    def _requests(
        self, parts: list[TensorPart], arena: Arena, places: dict[TensorPart, int]
    ) -> list[ReadRequest]:
        """Return what to read, and set where in the arena each part begins.

        Parts lie there in the order in which they were sealed, so that records
        decrypt across them.
        """
        memory = arena.memory()
        requests = []
        for part, segment, item, offset, length in self._pieces(parts):
            if part not in places:
                places[part] = arena.reserve(part.length)
            requests.append(
                ReadRequest(
                    segment=segment,
                    item=item,
                    item_offset=offset,
                    destination=memory,
                    start=places[part] + offset - part.start,
                    length=length,
                )
            )
        return requests

    def _pieces(
        self, parts: list[TensorPart]
    ) -> Iterator[tuple[TensorPart, SealedSegment, IndexItem, int, int]]:
        """Yield the ranges that make the parts up, in the order of sealing."""
        wanted: dict[tuple[int, str], list[TensorPart]] = {}
        for part in parts:
            wanted.setdefault((part.file, part.name), []).append(part)
        for segment in self._segments.values():
            for item in segment.index().items:
                for part in wanted.get((item.file, item.name), ()):
                    for offset, length in item.ranges:
                        if part.start <= offset < part.start + part.length:
                            yield part, segment, item, offset, length


def _check(segment: SealedSegment, *, threads: int) -> int:
    """Decrypt all of one segment into memory that is zeroed again."""
    ranges = [(item, *run) for item in segment.index().items for run in item.ranges]
    total = sum(length for _, _, length in ranges)
    arena = Arena(total + _ALIGNMENT * len(ranges))
    memory = arena.memory()
    try:
        requests = [
            ReadRequest(
                segment=segment,
                item=item,
                item_offset=offset,
                destination=memory,
                start=arena.reserve(length),
                length=length,
            )
            for item, offset, length in ranges
        ]
        read_items(requests, threads=threads)
    finally:
        arena.zero()
    return total
