"""Tells from a tensor's name where in the network it stands."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Kind = Literal["embeddings", "block", "head", "other"]

# Words that stand before the number of a layer in transformers, timm, open_clip,
# GPT-2 and T5.  Without one of them the first number counts.
_LAYER_WORDS = frozenset(
    ("layer", "layers", "h", "block", "blocks", "resblocks", "stage", "stages")
)
_NUMBER = re.compile(r"[0-9]{1,6}")
_NUMBERED_WORD = re.compile(r"(?:layer|layers|block|blocks|stage|h)[_-]?([0-9]{1,6})")
_SPLIT = re.compile(r"[./]")
_EMBEDDINGS = re.compile(
    r"embed|(?:^|[._/])(?:wte|wpe|shared|position_ids)(?:[._/]|$)", re.IGNORECASE
)
_HEAD = re.compile(
    r"(?:^|[._/])(?:head|heads|lm_head|pooler|score|cls|classifier|qa_outputs|output|fc_out)"
    r"(?:[._/]|$)",
    re.IGNORECASE,
)


class Group(NamedTuple):
    """Where a tensor stands; ``stack`` and ``depth`` only count for a block.

    A model with an encoder and a decoder has two stacks, each from depth 0.
    """

    kind: Kind
    stack: str = ""
    depth: int = 0


def group_of(tensor: str) -> Group:
    """Return the group of a tensor by its name.

    Args:
        tensor: Such as ``encoder.layer.3.attention.self.query.weight``.
    """
    block = _block_of(_SPLIT.split(tensor))
    if block is not None:
        return block
    if _EMBEDDINGS.search(tensor):
        return Group("embeddings")
    return Group("head" if _HEAD.search(tensor) else "other")


def _block_of(parts: list[str]) -> Group | None:
    numbered: Group | None = None
    for index, part in enumerate(parts):
        if _NUMBER.fullmatch(part) and index:
            stack = parts[:index]
            if stack[-1].lower() in _LAYER_WORDS:
                return Group("block", ".".join(stack[:-1]), int(part))
            numbered = numbered or Group("block", ".".join(stack), int(part))
        elif found := _NUMBERED_WORD.fullmatch(part):
            return Group("block", ".".join(parts[:index]), int(found[1]))
    return numbered
