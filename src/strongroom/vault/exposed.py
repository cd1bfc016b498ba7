"""What planned segments show of a model, as exposure counts it.

A tensor is filed under its folder and its name, because the shards of a model are
cut differently in each number type and each version.  Where two files of a folder
have a tensor of one name, as two models beside each other do, each is filed under
its own path: else two different tensors would count as one.

Source: ``docs/explanation/exposure.md``.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from posixpath import dirname

from strongroom.access.footprints import Extent, Footprint, Grain, coordinate
from strongroom.intake.formats.safetensors import DTYPE_BITS
from strongroom.types import Secret
from strongroom.vault.segments import Piece, Plan, PlannedSegment


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposed:
    """Makes the footprints of one plan.

    Attributes:
        key: Blinds names; see ``coordinate``.
        several: Folder and name of tensors that several files of the folder have.
        sizes: Bytes that are no tensor's, by path.
    """

    key: Secret
    several: frozenset[tuple[str, str]]
    sizes: Counter[str]

    @classmethod
    def of(cls, plan: Plan, *, key: Secret) -> Exposed:
        """Return what makes the footprints of ``plan``."""
        files: dict[tuple[str, str], set[int]] = {}
        sizes: Counter[str] = Counter()
        for piece in (p for segment in plan.segments for p in segment.pieces):
            if piece.tensor is None:
                sizes[piece.path] += piece.length
            else:
                place = dirname(piece.path), piece.tensor
                files.setdefault(place, set()).add(piece.file)
        several = frozenset(place for place, found in files.items() if len(found) > 1)
        return cls(key=key, several=several, sizes=sizes)

    def footprint(self, segment: PlannedSegment) -> Footprint:
        """Return the plaintext extents of a segment, blinded."""
        return Footprint.of(
            Extent(
                self._coordinate(piece),
                piece.item_offset,
                piece.item_offset + piece.length,
                self._grain(piece),
            )
            for piece in segment.pieces
        )

    def _coordinate(self, piece: Piece) -> bytes:
        if piece.tensor is None:
            return coordinate(self.key, place=piece.path, tensor=None)
        folder = dirname(piece.path)
        alone = (folder, piece.tensor) not in self.several
        place = folder if alone else piece.path
        return coordinate(self.key, place=place, tensor=piece.tensor, alone=alone)

    def _grain(self, piece: Piece) -> Grain:
        if piece.dtype is None or piece.shape is None:
            return Grain(elements=self.sizes[piece.path])
        return Grain(
            elements=math.prod(piece.shape),
            bits=DTYPE_BITS[piece.dtype],
            whole=piece.dtype[0] in "IU",
        )
