"""Checks the table by which SentencePiece normalises text.

The table is a tree of letters in one array, which the library walks without asking
where the array ends: a crafted one reads past it (issue 1269 of SentencePiece).

    length of the array in bytes   4 bytes
    units of 4 bytes               each leads to 256 others, some to a text
    texts                          each ends with a zero byte

Source: ``normalizer.cc`` and ``darts.h`` in SentencePiece 0.2.
"""

from __future__ import annotations

import array
import sys

from strongroom.intake.findings import RefusedError

_LENGTH_BYTES = 4
_BLOCK_BYTES = 4 << 8
_IS_TEXT, _HAS_TEXT = 1 << 31, 1 << 8


def verify_charsmap(table: bytes) -> None:
    """Check that no letters lead out of the table.

    Args:
        table: ``precompiled_charsmap``; an empty one changes nothing.

    Raises:
        RefusedError: A unit leads past the last one, or to no text.
    """
    if not table:
        return
    length = int.from_bytes(table[:_LENGTH_BYTES], "little")
    texts = table[_LENGTH_BYTES + length :]
    whole = length and length % _BLOCK_BYTES == 0 and texts.endswith(b"\0")
    if not whole or not _stays_inside(table[_LENGTH_BYTES:][:length], len(texts)):
        raise RefusedError(
            "sentencepiece/charsmap",
            "the table of normalisation is malformed, or leads out of itself",
        )


def _stays_inside(data: bytes, texts: int) -> bool:
    units = array.array("I", data)
    if sys.byteorder == "big":
        units.byteswap()
    for place, unit in enumerate(units):
        if unit & _IS_TEXT:
            if unit & ~_IS_TEXT >= texts:
                return False
            continue
        next_place = place ^ ((unit >> 10) << ((unit & 0x200) >> 6))
        if next_place | 0xFF >= len(units):
            return False
        if unit & _HAS_TEXT and not units[next_place] & _IS_TEXT:
            return False
    return True
