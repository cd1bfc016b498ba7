"""Tiles: the tree cut into pieces of 256 hashes, and entries into bundles of 256.

A tile of level 0 has leaf hashes; an entry of a tile of level L is the root of a
full tile of level L - 1.  Tiles are only ever appended to, so they live in a table
or behind a plain file server, and a proof reads about three of them.

Source: C2SP tlog-tiles v0.1.0; ``docs/specification/ledger.md``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from strongroom.errors import InputError, IntegrityError
from strongroom.ledger.tree import HASH_BYTES, NodeReader

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
"""Hashes in a full tile and entries in a full bundle."""

AT_MOST_ENTRY_BYTES = 4096
"""An entry in a bundle; the format has room for 65,535, the ledger asks for less."""

AT_MOST_LEVEL = 63
_TILE_BYTES = TILE_WIDTH * HASH_BYTES

TileReader: TypeAlias = Callable[[int, int], bytes]
"""``read(level, number)`` gives a tile's hashes, joined; a tile may have grown
wider than the tree that is asked about, never narrower."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """Up to 256 consecutive hashes of one level.

    Attributes:
        level: 0 for leaf hashes.
        number: Position of the tile within its level, from 0.
        data: The hashes, 32 bytes each, joined; at least one.
    """

    level: int
    number: int
    data: bytes

    def __post_init__(self) -> None:
        """Check the shape.

        Raises:
            InputError: The level, the number or the length fits no tile.
        """
        if not 0 <= self.level <= AT_MOST_LEVEL or self.number < 0:
            raise InputError(f"no tile has level {self.level} number {self.number}")
        if len(self.data) % HASH_BYTES or not 1 <= self.width <= TILE_WIDTH:
            raise InputError(f"{len(self.data)} bytes are not the hashes of a tile")

    @property
    def width(self) -> int:
        """How many hashes it has; 256 when full."""
        return len(self.data) // HASH_BYTES

    @property
    def path(self) -> str:
        """Where an export keeps it, such as ``tile/0/x001/x234/067.p/5``."""
        return tile_path(self.level, self.number, self.width)


def tile_path(
    level: int | Literal["entries"], number: int, width: int = TILE_WIDTH
) -> str:
    """Return the path of a tile, or of an entry bundle, below a ledger's root.

    Args:
        level: A level from 0 to 63, or ``"entries"`` for a bundle.
        number: Position within the level, from 0.
        width: From 1 to 256; below 256 the path has a ``.p/<width>`` suffix.

    Raises:
        InputError: ``number`` or ``width`` is out of range.
    """
    if number < 0 or not 1 <= width <= TILE_WIDTH:
        raise InputError(f"no tile has number {number} and width {width}")
    digits = f"{number:03d}"
    digits = digits.rjust(-(-len(digits) // 3) * 3, "0")
    parts = [f"x{digits[cut : cut + 3]}" for cut in range(0, len(digits), 3)]
    parts[-1] = parts[-1][1:]  # only the last part goes without an x
    suffix = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(parts)}{suffix}"


def tiles_of(size: int) -> Iterator[tuple[int, int, int]]:
    """Give level, number and width of every tile of a tree of ``size`` leaves.

    The bundles have the numbers and widths of level 0.
    """
    level = 0
    while size > 0:
        for number in range(size // TILE_WIDTH):
            yield level, number, TILE_WIDTH
        if size % TILE_WIDTH:
            yield level, size // TILE_WIDTH, size % TILE_WIDTH
        size //= TILE_WIDTH
        level += 1


def updated_tiles(
    read: TileReader, first: int, completed: Sequence[Sequence[bytes]]
) -> list[Tile]:
    """Return every tile that is new or wider after leaves are appended.

    Args:
        read: Gives the tiles as stored; asked for one partial tile per level.
        first: Index of the first new leaf, which is the size before.
        completed: What ``Frontier.completed`` gave for the leaves.

    Returns:
        Tiles to store over the old ones, level 0 first.

    Raises:
        IntegrityError: A stored tile has not the width that ``first`` asks for.
        InputError: ``first`` is negative.
    """
    if first < 0:
        raise InputError("leaves are appended from index 0 on")
    changed: list[Tile] = []
    for level, hashes in enumerate(completed[::TILE_HEIGHT]):
        number, width = divmod(first >> level * TILE_HEIGHT, TILE_WIDTH)
        data = _partial(read, level, number, width) + b"".join(hashes)
        changed += [
            Tile(level=level, number=number + n, data=data[cut : cut + _TILE_BYTES])
            for n, cut in enumerate(range(0, len(data), _TILE_BYTES))
        ]
    return changed


def node_reader(read: TileReader) -> NodeReader:
    """Return a reader of subtree roots that asks for each tile once.

    Make a new one for each proof: it remembers the tiles it has seen.
    """
    seen: dict[tuple[int, int], bytes] = {}

    def node(level: int, index: int) -> bytes:
        tile_level, height = divmod(level, TILE_HEIGHT)
        number, offset = divmod(index << height, TILE_WIDTH)
        key = (tile_level, number)
        if key not in seen:
            seen[key] = read(tile_level, number)
        start = offset * HASH_BYTES
        hashes = seen[key][start : start + (HASH_BYTES << height)]
        if len(hashes) != HASH_BYTES << height:
            raise IntegrityError(
                f"tile {tile_path(tile_level, number)} is shorter than its tree"
            )
        return _root(hashes)

    return node


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Return up to 256 entries, each after its length as a big-endian u16.

    Raises:
        InputError: There are none or too many, or one is over 4,096 bytes.
    """
    if not 1 <= len(entries) <= TILE_WIDTH:
        raise InputError(f"a bundle cannot have {len(entries)} entries")
    if any(len(entry) > AT_MOST_ENTRY_BYTES for entry in entries):
        raise InputError(f"an entry is over {AT_MOST_ENTRY_BYTES} bytes")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def _partial(read: TileReader, level: int, number: int, width: int) -> bytes:
    """Return the stored hashes of the tile that is being appended to."""
    if width == 0:
        return b""
    data = read(level, number)
    if len(data) != width * HASH_BYTES:
        raise IntegrityError(
            f"tile {level}/{number} has {len(data)} bytes where its ledger has"
            f" {width} hashes"
        )
    return data


def _root(hashes: bytes) -> bytes:
    """Return the root over joined hashes, whose number is a power of two."""
    pair = 2 * HASH_BYTES
    # Slicing pairs out of one string: 0.45 us a node where lists take 0.7 us.
    while len(hashes) > HASH_BYTES:
        cuts = range(0, len(hashes), pair)
        nodes = [hashlib.sha256(b"\x01" + hashes[c : c + pair]).digest() for c in cuts]
        hashes = b"".join(nodes)
    return hashes
