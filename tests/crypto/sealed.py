"""A small sealed segment to open and to attack, and what an attacker does to it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from strongroom.crypto import keys
from strongroom.crypto.container import RECORD_BYTES, ObjectFacts
from strongroom.crypto.opening import ReadRequest, open_object, read_items
from strongroom.crypto.sealing import Item, seal_segment
from strongroom.stores.memory import MemoryStore
from strongroom.types import ArtifactId, Random, Secret, SegmentId, new_id

NAME = "objects/0"


def counting(seed: int = 0) -> Random:
    """Return reproducible bytes that look random; never for real keys."""
    state = [seed]

    def random(count: int) -> bytes:
        state[0] += 1
        return hashlib.shake_256(state[0].to_bytes(8, "big")).digest(count)

    return random


def pattern(length: int, label: str = "") -> bytes:
    """Return reproducible content."""
    return hashlib.shake_256(label.encode()).digest(length)


def context(
    suite: int = keys.SUITE_AES_256_GCM,
    *,
    artifact: ArtifactId | None = None,
    version: int = 3,
    generation: int = 1,
    segment: SegmentId | None = None,
    shares: int = 1,
) -> keys.SegmentContext:
    """Return what a test's segment is."""
    return keys.SegmentContext(
        suite=suite,
        artifact=artifact or ArtifactId(new_id("artifact", counting(100))),
        version=version,
        generation=generation,
        segment=segment or SegmentId(new_id("segment", counting(200))),
        record_bytes=RECORD_BYTES,
        shares=shares,
    )


def item(
    name: str,
    content: bytes,
    *,
    ranges: Sequence[tuple[int, int]] | None = None,
    file: int = 0,
) -> Item:
    """Return an item whose source is ``content``."""

    def read_into(offset: int, buffer: memoryview) -> None:
        buffer[:] = content[offset : offset + len(buffer)]

    whole = ((0, len(content)),) if content else ()
    return Item(
        name=name,
        file=file,
        dtype=None,
        shape=None,
        ranges=whole if ranges is None else tuple(ranges),
        read_into=read_into,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A sealed segment, its key, and the store that an attacker owns."""

    store: MemoryStore
    facts: ObjectFacts
    key: Secret
    contents: Mapping[str, bytes]

    @property
    def blob(self) -> bytes:
        """The object's bytes."""
        return self.store._blobs[self.facts.object_name]

    def replaced(self, blob: bytes) -> MemoryStore:
        """Return a store that has ``blob`` in place of the object."""
        store = MemoryStore()
        store.write(self.facts.object_name, [blob])
        return store

    def read(self, store: MemoryStore | None = None) -> dict[str, bytes]:
        """Return everything in the segment, out of ``store`` if it is given."""
        segment = open_object(store or self.store, self.facts, self.key)
        found = {
            i.name: bytearray(len(self.contents[i.name])) for i in segment.index().items
        }
        read_items(
            [
                ReadRequest(
                    segment=segment,
                    item=i,
                    item_offset=0,
                    destination=memoryview(found[i.name]),
                )
                for i in segment.index().items
            ]
        )
        return {name: bytes(content) for name, content in found.items()}


def seal(
    contents: Mapping[str, bytes],
    *,
    suite: int = keys.SUITE_AES_256_GCM,
    seed: int = 0,
    make_context: Callable[[int], keys.SegmentContext] = context,
) -> Sealed:
    """Seal files with these contents, reproducibly."""
    random = counting(seed)
    what = make_context(suite)
    shares = [Secret(random(32)) for _ in range(what.shares)]
    salt = random(32)
    store = MemoryStore()
    facts = seal_segment(
        [item(name, content) for name, content in contents.items()],
        segment_name="blocks.0",
        context=what,
        shares=shares,
        salt=salt,
        store=store,
        object_name=NAME,
    )
    share_keys = [
        keys.derive_share_key(share, i, salt, what) for i, share in enumerate(shares)
    ]
    key = keys.derive_key(share_keys, salt, what)
    return Sealed(store=store, facts=facts, key=key, contents=contents)


def flipped(data: bytes, bit: int) -> bytes:
    """Return ``data`` with one bit turned."""
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
