"""Sealed objects to change, opened as a reader opens them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from campaigns._places import LeftoverError
from strongroom.crypto import keys
from strongroom.crypto.arena import Arena
from strongroom.crypto.container import PLAIN_BYTES, ObjectFacts
from strongroom.crypto.opening import (
    ReadRequest,
    open_object,
    read_items,
    verify_object,
)
from strongroom.errors import StrongroomError
from strongroom.stores.memory import MemoryStore
from strongroom.types import Secret
from tests.crypto.sealed import pattern, seal
from tests.project.read_keys import context
from tests.project.vectors import load, raw

Read = Callable[[bytes], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """An object's facts, its key, and what its segment is called."""

    facts: ObjectFacts
    key: Secret
    name: str | None

    def read(self, arena: Arena, data: bytes) -> None:
        """Open an object and read everything in it, twice as strictly at the end.

        Raises:
            StrongroomError: It is refused.
            LeftoverError: It is refused, and the arena holds something.
        """
        store = MemoryStore()
        store.write(self.facts.object_name, [data])
        arena.reset()
        try:
            segment = open_object(store, self.facts, self.key)
            items = segment.index().items
            places = [arena.allocate(_length(item.ranges)) for item in items]
            read_items(
                [
                    ReadRequest(
                        segment=segment, item=item, item_offset=0, destination=place
                    )
                    for item, place in zip(items, places, strict=True)
                ],
                threads=1,
            )
        except StrongroomError:
            places = []
            check_zeroed(arena, self.facts.plain_bytes + _ROUNDING_BYTES)
            raise
        finally:
            places = []
            arena.zero()
        verify_object(store, self.facts, self.key, name=self.name)


def check_zeroed(arena: Arena, size: int) -> None:
    """Check that memory of an opening that was refused holds nothing.

    Raises:
        LeftoverError: It holds something.
    """
    with arena.memory() as memory:
        if memory[:size].tobytes().strip(b"\0"):
            raise LeftoverError("an arena")


def _length(ranges: tuple[tuple[int, int], ...]) -> int:
    return sum(length for _, length in ranges)


def sealed_documents() -> Iterator[tuple[str, bytes, Read]]:
    """Yield name and bytes of objects, small and large, and how each is read."""
    arena = Arena(8 * PLAIN_BYTES)
    for number, case in enumerate(load("sealed_objects")["objects"]):
        if "object" not in case:  # too long to be printed
            continue
        sealed = Sealed(
            facts=ObjectFacts(
                object_name=f"vector-{number}",
                context=context(case, len(case["shares"])),
                salt=raw(case["salt"]),
                commitment=raw(case["commitment"]),
                records=case["records"],
                length=case["length"],
                plain_bytes=case["plain_bytes"],
                sha256=raw(case["sha256"]),
            ),
            key=Secret(raw(case["key"])),
            name=case["segment_name"],
        )
        yield f"small {number}", raw(case["object"]), partial(sealed.read, arena)
    for suite in keys.SUITES:
        made = seal(_LARGE, suite=suite)
        sealed = Sealed(facts=made.facts, key=made.key, name=None)
        yield f"large, suite {suite}", made.blob, partial(sealed.read, arena)


_ROUNDING_BYTES = 4096

_LARGE = {
    "large": pattern(2 * PLAIN_BYTES + 1000, "large"),
    "small": pattern(777, "small"),
}
